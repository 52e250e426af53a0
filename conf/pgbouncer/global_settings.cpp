#include "conf/pgbouncer/global_settings.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "conf/file/addresses.hpp"
#include "conf/pgbouncer/option_range.hpp"

namespace pgweir::conf::pgbouncer {
namespace {

constexpr std::string_view in_every_database = "databases.*.";
constexpr std::string_view minimum = "pool.min_pool_size";
constexpr std::string_view size = "pool.default_pool_size";

/// Does a setting with this value ask for nothing?
bool is_idle(const Setting& row, const Converted& value) {
    if (!row.idle) return false;
    const Result<Converted> idle = convert(row.kind, *row.idle);
    return idle && idle->text == value.text;
}

/// A folder may be named from the working directory, as in PgBouncer; in pgweir it may not.
std::string absolute(const std::string& folder) {
    if (folder.empty() || folder.starts_with('/') || folder.starts_with('@')) return folder;
    std::error_code error;
    const std::filesystem::path path = std::filesystem::absolute(folder, error);
    return error ? folder : path.lexically_normal().string();
}

Place moved(Place place, std::size_t columns) {
    place.column += static_cast<int>(columns);
    return place;
}

}  // namespace

void GlobalSettings::read(const IniSection& section) {
    section_ = section.place;
    for (const IniSetting* const setting : journal_.last_of_each(section.settings, {})) {
        read_setting(*setting);
    }
    put_default("auth_type", "auth.type", "md5", "pgweir's own is scram-sha-256");
    put_default("pool_mode", "pool.mode", "session", "pgweir's own is transaction");
    put_as_pgbouncer("timeouts.shutdown_timeout", "0");
    put_as_pgbouncer("timeouts.query_wait_notify", "5s");
    put_as_pgbouncer("pool.server_check_query", "<empty>");
    put_as_pgbouncer("log.format", "pgbouncer");
    if (options_.contains(find_option("log.syslog"))) {
        put_as_pgbouncer("log.syslog_ident", "pgbouncer");
    }
    finish_auth_files();
    finish_listen();
    allow_trust();
    cap_minimum();
}

void GlobalSettings::read_setting(const IniSetting& setting) {
    const Setting* const row = find_setting(Section::pgbouncer, setting.name);
    if (row == nullptr) {
        if (journal_.is_full()) return;
        journal_.problem(setting.place, unknown_setting(Section::pgbouncer, setting.name));
        return;
    }
    const Result<Converted> value = convert(row->kind, setting.value, row->kind == Kind::secret);
    if (!value) {
        journal_.problem(setting.value_place, setting.name + ": " + value.error().message);
    } else if (is_idle(*row, *value)) {
        journal_.line(setting.place, setting.name, Verdict::not_needed,
                      "with this value it changes nothing");
    } else if (row->target.empty()) {
        journal_.line(setting.place, setting.name, row->verdict, std::string{row->why});
    } else {
        take(*row, setting, *value);
    }
}

void GlobalSettings::take(const Setting& row, const IniSetting& setting, const Converted& value) {
    switch (row.kind) {
        case Kind::listen_addr:
            listen_addr_ = &setting;
            return;
        case Kind::listen_port:
            listen_port_ = &setting;
            return;
        case Kind::unix_socket_dir:
            unix_socket_dir_ = &setting;
            return;
        case Kind::hba_file:
            auth_files_.push_back(&setting);
            return;
        case Kind::server_tls_versions:
            take_tls_versions(setting);
            return;
        default:
            break;
    }
    if (row.target.starts_with(in_every_database)) {
        take_keyword(row, setting, value);
        return;
    }
    if (row.kind == Kind::auth_type && wants_known_users(setting.value).value_or(false)) {
        put("auth.known_users_only", setting.place, make_scalar(setting.value_place, "true"));
    }
    const Converted taken = within_range(*find_option(row.target), value);
    put(row.target, setting.place, make_scalar(setting.value_place, taken.text));
    const bool is_secret = row.kind == Kind::secret && !taken.text.empty();
    journal_.taken(setting.place, setting.name, row.target, is_secret ? "(secret)" : taken.text,
                   taken.remark.empty() ? row.why : taken.remark);
}

void GlobalSettings::take_keyword(const Setting& row, const IniSetting& setting,
                                  const Converted& value) {
    if (value.text.empty()) {
        journal_.line(setting.place, setting.name, Verdict::not_needed, "it is empty");
        return;
    }
    const std::string_view keyword = row.target.substr(in_every_database.size());
    for_every_database_.push_back(
        {std::string{keyword}, setting.place,
         make_scalar(setting.value_place, without_references(value.text))});
    journal_.taken(setting.place, setting.name, row.target, value.text, row.why);
}

void GlobalSettings::take_tls_versions(const IniSetting& setting) {
    const Result<VersionRange> range = server_tls_versions(setting.value);
    if (!range) {
        journal_.problem(setting.value_place, setting.name + ": " + range.error().message);
        return;
    }
    const auto add = [&](std::string_view keyword, const std::string& version) {
        for_every_database_.push_back(
            {std::string{keyword}, setting.place, make_scalar(setting.value_place, version)});
    };
    add("ssl_min_protocol_version", range->lowest);
    std::string shown = range->lowest;
    if (!range->highest.empty()) {
        add("ssl_max_protocol_version", range->highest);
        shown += ", databases.*.ssl_max_protocol_version: " + range->highest;
    }
    journal_.taken(setting.place, setting.name, "databases.*.ssl_min_protocol_version", shown,
                   range->remark);
}

void GlobalSettings::put(std::string_view option, Place place, const YamlNodePtr& value) {
    const Option* const found = find_option(option);
    options_[found] = {std::string{found->leaf()}, place, value};
}

void GlobalSettings::put_default(std::string_view setting, std::string_view option,
                                 std::string_view value, std::string_view why) {
    if (options_.contains(find_option(option))) return;
    put(option, section_, make_scalar(section_, std::string{value}));
    journal_.line(section_, std::string{setting}, Verdict::differs,
                  std::string{option} + ": " + std::string{value} +
                      "; it is not set, and this is PgBouncer's default; " + std::string{why});
}

/// What is not set is as in PgBouncer: nothing to report.
void GlobalSettings::put_as_pgbouncer(std::string_view option, std::string_view value) {
    if (options_.contains(find_option(option))) return;
    put(option, section_, make_scalar(section_, std::string{value}));
}

/// PgBouncer reads them only for auth_type hba, so that they need not even be there.
void GlobalSettings::finish_auth_files() {
    const bool is_hba = options_.at(find_option("auth.type")).value->text == "hba";
    for (const IniSetting* const setting : auth_files_) {
        if (is_hba) {
            const std::string option = "auth." + setting->name;
            put(option, setting->place, make_scalar(setting->value_place, setting->value));
            journal_.taken(setting->place, setting->name, option, setting->value);
        } else {
            journal_.line(setting->place, setting->name, Verdict::not_needed,
                          "only auth_type hba reads it");
        }
    }
}

void GlobalSettings::finish_listen() {
    std::string port = std::to_string(default_port);
    if (listen_port_ != nullptr) {
        port = convert(Kind::listen_port, listen_port_->value)->text;
        journal_.taken(listen_port_->place, listen_port_->name, "listen", port);
    }
    std::vector<YamlNodePtr> items;
    listen_to_addresses(items, port);
    listen_to_folder(items, port);
    if (items.empty()) {
        journal_.problem(section_,
                         "nobody could connect: neither listen_addr nor unix_socket_dir "
                         "names a place to listen");
        return;
    }
    const Place first = items.front()->place;
    put("listen", section_, make_list(first, std::move(items)));
}

void GlobalSettings::listen_to_addresses(std::vector<YamlNodePtr>& items, const std::string& port) {
    const std::string_view value =
        listen_addr_ == nullptr ? std::string_view{} : std::string_view{listen_addr_->value};
    std::string all;
    for (std::size_t at = 0; at < value.size();) {
        const std::size_t end = std::min(value.find(',', at), value.size());
        const std::size_t begin = std::min(value.find_first_not_of(" \t", at), end);
        std::string_view host = value.substr(begin, end - begin);
        host = host.substr(0, host.find_last_not_of(" \t") + 1);
        if (!host.empty()) {
            const bool ipv6 = host.find(':') != std::string_view::npos;
            const std::string address =
                (ipv6 ? '[' + std::string{host} + ']' : std::string{host}) + ':' + port;
            const bool again = std::ranges::any_of(
                items, [&](const YamlNodePtr& item) { return item->text == address; });
            if (!again) {
                items.push_back(make_scalar(moved(listen_addr_->value_place, begin), address));
                all += (all.empty() ? "" : ", ") + address;
            }
        }
        at = end + 1;
    }
    if (!all.empty()) {
        journal_.taken(listen_addr_->place, listen_addr_->name, "listen", all);
    } else {
        journal_.line(listen_addr_ == nullptr ? section_ : listen_addr_->place, "listen_addr",
                      Verdict::differs,
                      "listen: no TCP address, as in PgBouncer where it is not set; pgweir's own "
                      "default is 127.0.0.1:6432");
    }
}

void GlobalSettings::listen_to_folder(std::vector<YamlNodePtr>& items, const std::string& port) {
    const Place place = unix_socket_dir_ == nullptr ? section_ : unix_socket_dir_->place;
    if (unix_socket_dir_ != nullptr) socket_folder_ = absolute(unix_socket_dir_->value);
    const std::string address = socket_folder_ + ':' + port;
    if (socket_folder_.empty()) {
        journal_.line(place, "unix_socket_dir", Verdict::same, "listen: no Unix socket");
        return;
    }
    if (socket_folder_.starts_with('@')) {
        journal_.line(place, "unix_socket_dir", Verdict::not_supported,
                      "pgweir makes no sockets in the abstract namespace");
        return;
    }
    if (unix_socket_dir_ == nullptr) {
        journal_.line(place, "unix_socket_dir", Verdict::differs,
                      "listen: " + address +
                          "; it is not set, and this is PgBouncer's default; pgweir's own is none");
    } else {
        journal_.taken(place, "unix_socket_dir", "listen", address);
    }
    items.push_back(make_scalar(
        unix_socket_dir_ == nullptr ? section_ : unix_socket_dir_->value_place, address));
}

/// As PgBouncer does; but it is said.
void GlobalSettings::allow_trust() {
    const auto listen = options_.find(find_option("listen"));
    const YamlEntry& type = options_.at(find_option("auth.type"));
    if (type.value->text != "trust" || listen == options_.end()) return;
    for (const YamlNodePtr& item : listen->second.value->items) {
        const Result<ListenAddress> address = parse_address(item->text);
        if (!address || is_local(*address)) continue;
        const Place place = type.place;
        put("auth.allow_trust_from_network", place, make_scalar(place, "true"));
        journal_.add(place, "auth_type",
                     "auth.allow_trust_from_network: true, as whoever reaches " + item->text +
                         " can be any user, which pgweir must be told to allow");
        return;
    }
}

std::uint64_t GlobalSettings::number(std::string_view option) const {
    const Option* const row = find_option(option);
    const auto found = options_.find(row);
    const Result<std::uint64_t> value =
        parse_count(found == options_.end() ? row->default_text : found->second.value->text);
    return value ? *value : 0;
}

void GlobalSettings::cap_minimum() {
    const std::uint64_t most = number(size);
    if (most == 0 || number(minimum) <= most) return;
    YamlEntry& entry = options_.at(find_option(minimum));
    entry.value = make_scalar(entry.value->place, std::to_string(most));
    journal_.correct(entry.place, "min_pool_size", Verdict::differs,
                     std::string{minimum} + ": " + std::to_string(most) +
                         "; PgBouncer keeps no more than default_pool_size either");
}

std::vector<YamlEntry> GlobalSettings::tree() const {
    std::vector<YamlEntry> top;
    for (const Option& option : options()) {
        const auto found = options_.find(&option);
        if (found == options_.end()) continue;
        if (option.section().empty()) {
            top.push_back(found->second);
            continue;
        }
        if (top.empty() || top.back().key != option.section()) {
            top.push_back({std::string{option.section()}, found->second.place,
                           make_map(found->second.place, {})});
        }
        auto section = std::make_shared<YamlNode>(*top.back().value);
        section->entries.push_back(found->second);
        top.back().value = std::move(section);
    }
    return top;
}

}  // namespace pgweir::conf::pgbouncer
