#include "conf/pgbouncer/entries.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "conf/file/connection_keywords.hpp"
#include "conf/pgbouncer/connect_string.hpp"
#include "conf/pgbouncer/option_range.hpp"

namespace pgweir::conf::pgbouncer {
namespace {

constexpr std::string_view unset = "-1";

bool may_be_unset(Kind kind) {
    return kind == Kind::number || kind == Kind::seconds || kind == Kind::lifetime;
}

/// Reads one line.
class EntryImporter {
  public:
    EntryImporter(Section section, std::string name, Journal& journal)
        : section_{section}, name_{std::move(name)}, journal_{journal} {}

    std::vector<YamlEntry> entries;

    void read(const IniSetting& line) {
        const ConnectString pairs = parse_connect_string(line.value, line.value_place);
        std::map<std::string_view, const ConnectPair*> last;
        for (const ConnectPair& pair : pairs.pairs) last[newest_name(pair.name)] = &pair;
        for (const ConnectPair& pair : pairs.pairs) {
            if (last[newest_name(pair.name)] != &pair) {
                journal_.line(pair.place, path_of(pair.name), Verdict::not_needed,
                              "it is set again on the same line");
            } else {
                read_pair(pair);
            }
            after_secret_ = after_secret_ || is_secret_keyword(pair.name);
        }
        if (pairs.problem) journal_.problem(pairs.problem->place, pairs.problem->message);
    }

    [[nodiscard]] std::string path_of(std::string_view setting) const {
        return name_ + '.' + std::string{setting};
    }
    [[nodiscard]] YamlEntry* find(std::string_view key) {
        const auto found = std::ranges::find(entries, key, &YamlEntry::key);
        return found == entries.end() ? nullptr : &*found;
    }

  private:
    [[nodiscard]] static std::string_view newest_name(std::string_view name) {
        return name == "reserve_pool" ? "reserve_pool_size" : name;
    }
    void read_pair(const ConnectPair& pair) {
        const Setting* const row = find_setting(section_, pair.name);
        if (row == nullptr) {
            if (journal_.is_full()) return;
            journal_.problem(pair.place, unknown_setting(section_, pair.name, !after_secret_));
            return;
        }
        if (may_be_unset(row->kind) && pair.value == unset) {
            journal_.line(pair.place, path_of(pair.name), Verdict::not_needed,
                          "-1 is PgBouncer's word for not set");
            return;
        }
        const bool hidden = after_secret_ || row->kind == Kind::secret;
        const Result<Converted> value = convert(row->kind, pair.value, hidden);
        if (!value) {
            journal_.problem(pair.value_place, pair.name + ": " + value.error().message);
        } else if (row->target.empty()) {
            leave_out(*row, pair, *value);
        } else {
            take(*row, pair, *value);
        }
    }

    void leave_out(const Setting& row, const ConnectPair& pair, const Converted& value) {
        const bool idle = row.idle && *row.idle == value.text;
        journal_.line(pair.place, path_of(pair.name), idle ? Verdict::not_needed : row.verdict,
                      idle ? "with this value it changes nothing" : std::string{row.why});
    }

    void take(const Setting& row, const ConnectPair& pair, const Converted& value) {
        if (row.kind == Kind::run_time_setting) {
            add_run_time_setting(row, pair);
            return;
        }
        const bool is_keyword = section_ == Section::databases && is_connection_keyword(row.target);
        if (after_secret_ && is_refused(row, value.text)) {
            journal_.problem(pair.value_place, pair.name + ": the value is not a possible one");
            return;
        }
        if (row.kind == Kind::secret && value.text.starts_with("file:")) {
            journal_.problem(pair.value_place,
                             pair.name +
                                 ": in pgweir a password that begins with \"file:\" names "
                                 "a file; it has to be changed");
            return;
        }
        const Converted taken = in_range(row, value);
        entries.push_back({std::string{row.target}, pair.place,
                           make_scalar(pair.value_place,
                                       is_keyword ? without_references(taken.text) : taken.text)});
        const bool secret = row.kind == Kind::secret;
        journal_.taken(pair.place, path_of(pair.name), path_of(row.target),
                       secret ? "(secret); it is in clear text: \"file:/path\" or \"${VARIABLE}\" "
                                "would keep it out of the configuration"
                              : taken.text,
                       taken.remark.empty() ? row.why : taken.remark);
    }

    [[nodiscard]] const Option* option_of(const Setting& row) const {
        return section_ == Section::databases ? find_database_option(row.target)
                                              : find_user_option(row.target);
    }
    [[nodiscard]] Converted in_range(const Setting& row, const Converted& value) const {
        const Option* const option = option_of(row);
        return option == nullptr ? value : within_range(*option, value);
    }

    /// Whether the loader will refuse it, and show it: after a password it may be the rest of one
    /// with a blank.
    [[nodiscard]] bool is_refused(const Setting& row, std::string_view text) const {
        const Option* const option = option_of(row);
        if (option != nullptr)
            return !parse_value(*option, within_range(*option, {std::string{text}}).text);
        return check_keyword_value(row.target, text, false).has_value();
    }

    /// libpq sends `options` at log-in, as PgBouncer its parameters.
    void add_run_time_setting(const Setting& row, const ConnectPair& pair) {
        std::string option = "-c " + pair.name + '=';
        for (const char c : pair.value) {
            if (c == ' ' || c == '\\') option += '\\';
            option += c;
        }
        journal_.taken(pair.place, path_of(pair.name), path_of(row.target), option);
        option = without_references(option);
        if (YamlEntry* const before = find(row.target)) {
            before->value = make_scalar(before->value->place, before->value->text + ' ' + option);
        } else {
            entries.push_back({std::string{row.target}, pair.place,
                               make_scalar(pair.value_place, std::move(option))});
        }
    }

    Section section_;
    std::string name_;
    Journal& journal_;
    bool after_secret_ = false;
};

void add_host(EntryImporter& entry, const IniSetting& line, const std::string& folder,
              Journal& journal) {
    if (entry.find("host") != nullptr) return;
    const std::string setting = entry.path_of("host");
    if (folder.empty()) {
        journal.line(line.place, setting, Verdict::differs,
                     "without it and without unix_socket_dir PgBouncer cannot connect; libpq does, "
                     "to its own default");
        return;
    }
    entry.entries.insert(entry.entries.begin(),
                         {"host", line.place, make_scalar(line.place, without_references(folder))});
    journal.line(line.place, setting, Verdict::differs,
                 setting + ": " + folder +
                     "; it is not set, and PgBouncer then looks in unix_socket_dir, libpq in a "
                     "folder of its own");
}

/// PgBouncer goes round the hosts of a list, unless it is told otherwise.
void balance_hosts(EntryImporter& entry) {
    const YamlEntry* const host = entry.find("host");
    if (host == nullptr || host->value->text.find(',') == std::string::npos ||
        entry.find("load_balance_hosts") != nullptr) {
        return;
    }
    const Place place = host->place;
    entry.entries.push_back({"load_balance_hosts", place, make_scalar(place, "round-robin")});
}

/// The value of an entry that is a number; nothing where there is none.
std::optional<std::uint64_t> number(EntryImporter& entry, std::string_view key) {
    const YamlEntry* const found = entry.find(key);
    if (found == nullptr) return std::nullopt;
    const Result<std::uint64_t> value = parse_count(found->value->text);
    return value ? std::optional{*value} : std::nullopt;
}

void cap_minimum(EntryImporter& entry, const IniSetting& line, const GlobalSettings& global,
                 Journal& journal) {
    const auto own_size = number(entry, "pool_size");
    const auto own_minimum = number(entry, "min_pool_size");
    if (!own_size && !own_minimum) return;
    const std::uint64_t most = own_size.value_or(global.number("pool.default_pool_size"));
    if (most == 0 || own_minimum.value_or(global.number("pool.min_pool_size")) <= most) return;
    YamlEntry* const written = entry.find("min_pool_size");
    const Place place = written == nullptr ? line.place : written->place;
    if (written == nullptr) {
        entry.entries.push_back({"min_pool_size", place, make_scalar(place, std::to_string(most))});
    } else {
        written->value = make_scalar(written->value->place, std::to_string(most));
    }
    journal.correct(place, entry.path_of("min_pool_size"), Verdict::differs,
                    entry.path_of("min_pool_size") + ": " + std::to_string(most) +
                        "; PgBouncer keeps no more than pool_size either");
}

}  // namespace

YamlEntry import_database(const IniSetting& line, const GlobalSettings& global, Journal& journal) {
    if (line.name == "pgbouncer") {
        journal.problem(line.place,
                        "\"pgbouncer\" is the name of the console: no entry of "
                        "[databases] may have it");
    }
    EntryImporter entry{Section::databases, "databases." + line.name, journal};
    entry.read(line);
    add_host(entry, line, global.socket_folder(), journal);
    balance_hosts(entry);
    cap_minimum(entry, line, global, journal);
    for (const YamlEntry& keyword : global.for_every_database()) entry.entries.push_back(keyword);
    return {line.name, line.place, make_map(line.value_place, std::move(entry.entries))};
}

YamlEntry import_user(const IniSetting& line, std::uint64_t highest_minimum, Journal& journal) {
    EntryImporter entry{Section::users, "users." + line.name, journal};
    entry.read(line);
    const auto size = number(entry, "pool_size");
    if (size && *size != 0 && *size < highest_minimum) {
        journal.correct(entry.find("pool_size")->place, entry.path_of("pool_size"),
                        Verdict::differs,
                        entry.path_of("pool_size") + ": " + std::to_string(*size) +
                            "; it is below a min_pool_size of " + std::to_string(highest_minimum) +
                            ", and a pool of this user keeps no more than its own size");
    }
    return {line.name, line.place, make_map(line.value_place, std::move(entry.entries))};
}

}  // namespace pgweir::conf::pgbouncer
