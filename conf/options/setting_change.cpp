#include "conf/options/setting_change.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "conf/access/userlist.hpp"
#include "conf/file/bounded_file.hpp"
#include "conf/file/connection_keywords.hpp"
#include "conf/file/reporter.hpp"
#include "conf/file/wording.hpp"
#include "conf/options/cross_checks.hpp"
#include "conf/pgbouncer/option_range.hpp"

namespace pgweir::conf {
namespace {

Result<std::string> as_pgbouncer_has_it(const NamedSetting& named, std::string_view text) {
    const auto converted = pgbouncer::convert(named.setting->kind, text,
                                              named.setting->kind == pgbouncer::Kind::secret);
    if (!converted) return converted.error();
    return converted->text;
}

Result<Value> parse_pgbouncers(const NamedSetting& named, std::string_view text) {
    const Result<std::string> converted = as_pgbouncer_has_it(named, text);
    if (!converted) return converted.error();
    return parse_value(*named.option, pgbouncer::within_range(*named.option, {*converted}).text);
}

Result<Value> parse_either(const NamedSetting& named, std::string_view text) {
    const Result<Value> own = parse_value(*named.option, text);
    if (named.setting == nullptr) return own;
    const Result<Value> pgbouncers = parse_pgbouncers(named, text);
    const Result<Value>& first = named.by_pgbouncers_name() ? pgbouncers : own;
    const Result<Value>& second = named.by_pgbouncers_name() ? own : pgbouncers;
    return first || !second ? first : second;
}

void set_everywhere(const Option& option, Config& config, const Value& value) {
    const Value before = get(option, config);
    set(option, config, value);
    if (!std::holds_alternative<PoolMember>(option.member)) return;
    for (Database& database : config.databases) {
        if (get(option, database.options) == before) set(option, database.options, value);
    }
}

/// What the first of several problems says; nothing if there is none.
std::optional<Refusal> first_of(const std::vector<Problem>& problems) {
    if (problems.empty()) return std::nullopt;
    const Problem& first = problems.front();
    return Refusal{first.file.empty() ? first.message : first.to_string()};
}

std::optional<Refusal> read_userlist(Config& config) {
    config.userlist.clear();
    if (config.auth_file.empty()) return std::nullopt;
    const Result<std::string> content = read_bounded_file(config.auth_file, longest_file);
    if (!content) {
        return Refusal{"cannot read " + in_quotes(config.auth_file) + ": " +
                       content.error().message};
    }
    Reporter reporter{config.auth_file};
    config.userlist = parse_userlist(*content, reporter);
    return first_of(reporter.take());
}

/// Reads the file that `option` names, if it is one of those that the configuration holds.
std::optional<Refusal> read_file_of(const Option& option, Config& config) {
    std::vector<Problem> problems;
    if (option.path == "auth.auth_file") return read_userlist(config);
    if (option.path == "auth.auth_hba_file") {
        config.hba =
            config.auth_hba_file.empty() ? nullptr : Hba::load(config.auth_hba_file, problems);
    }
    if (option.path == "auth.auth_ident_file") {
        config.ident_maps = config.auth_ident_file.empty()
                                ? IdentMaps::none()
                                : IdentMaps::load(config.auth_ident_file, problems);
    }
    return first_of(problems);
}

Result<SettingChange> with_option(const Config& config, const NamedSetting& named,
                                  std::string_view text) {
    const Result<Value> value = parse_either(named, text);
    if (!value) return value.error();
    auto changed = std::make_shared<Config>(config);
    set_everywhere(*named.option, *changed, *value);
    // What is hba already stays as strict as it was, be it a configuration of pgweir's own.
    const bool stays_hba = config.auth_type == AuthType::hba && changed->auth_type == AuthType::hba;
    if (named.by_pgbouncers_name() && named.setting->kind == pgbouncer::Kind::auth_type &&
        !stays_hba) {
        const auto known = pgbouncer::wants_known_users(text);
        changed->known_users_only = known.value_or(changed->known_users_only);
    }
    if (auto refusal = read_file_of(*named.option, *changed)) return *std::move(refusal);
    if (decides_who_comes_in(named)) {
        Reporter reporter{std::string{}};
        check_access(*changed, Origins{}, reporter);
        if (auto refusal = first_of(reporter.take())) return *std::move(refusal);
    }
    SettingChange change{std::move(changed)};
    const std::string& asked = change.config->pool.auth_dbname;
    if (named.option->path == "auth.auth_dbname" && !asked.empty() &&
        change.config->find_database(asked) == nullptr) {
        // As in PgBouncer, which then tells clients of a configuration error.
        change.warning = "authentication database " + in_quotes(asked) +
                         " is not configured: no password can be looked up";
    }
    return change;
}

/// An empty value takes the keyword away.
void set_keyword(Config& config, std::string_view keyword, const std::string& value) {
    for (Database& database : config.databases) {
        const auto found =
            std::ranges::find(database.connection, keyword, &ConnectionKeyword::first);
        if (found != database.connection.end()) database.connection.erase(found);
        if (!value.empty()) database.connection.emplace_back(keyword, value);
    }
}

Result<SettingChange> with_keyword(const Config& config, const NamedSetting& named,
                                   std::string_view text) {
    auto changed = std::make_shared<Config>(config);
    if (named.setting->kind == pgbouncer::Kind::server_tls_versions) {
        const auto range = pgbouncer::server_tls_versions(text);
        if (!range) return range.error();
        set_keyword(*changed, "ssl_min_protocol_version", range->lowest);
        set_keyword(*changed, "ssl_max_protocol_version", range->highest);
        return SettingChange{std::move(changed)};
    }
    const Result<std::string> value = as_pgbouncer_has_it(named, text);
    if (!value) return value.error();
    if (!value->empty()) {
        if (auto wrong = check_keyword_value(named.keyword(), *value, true)) {
            return Refusal{*std::move(wrong)};
        }
    }
    const bool idle = named.setting->idle && *named.setting->idle == *value;
    set_keyword(*changed, named.keyword(), idle ? std::string{} : *value);
    return SettingChange{std::move(changed)};
}

/// Of a setting that pgweir does not have, or that stands for a part of `listen`.
Result<SettingChange> without_effect(const Config& config, const NamedSetting& named,
                                     std::string_view text) {
    const Result<std::string> value = as_pgbouncer_has_it(named, text);
    if (!value) return value.error();
    SettingChange change{std::make_shared<const Config>(config)};
    const pgbouncer::Setting& row = *named.setting;
    const std::string name{row.name};
    if (named.option != nullptr) {
        change.warning = name + " needs a restart: nothing was changed";
    } else if (row.verdict == pgbouncer::Verdict::not_supported && row.idle != text) {
        change.warning = name + " is not supported: " + std::string{row.why};
    }
    return change;
}

}  // namespace

bool can_be_changed(const NamedSetting& named) {
    if (named.by_pgbouncers_name()) return true;
    return named.option->reload == Reload::applies && !named.option->secret;
}

bool decides_who_comes_in(const NamedSetting& named) {
    if (named.option == nullptr) return false;
    const std::string_view section = named.option->section();
    return section == "auth" || section == "tls" || named.option->path == "console.admin_users" ||
           named.option->path == "console.stats_users";
}

Result<SettingChange> with_setting(const Config& config, const NamedSetting& named,
                                   std::string_view text) {
    if (!named.keyword().empty()) return with_keyword(config, named, text);
    const bool has_effect = named.option != nullptr && named.option->reload == Reload::applies;
    return has_effect ? with_option(config, named, text) : without_effect(config, named, text);
}

std::string in_notation_of(const NamedSetting& named, std::string_view value) {
    if (named.setting == nullptr) return std::string{value};
    return pgbouncer::in_pgbouncer_notation(named.setting->kind, value);
}

std::string value_in_use(const Config& config, const NamedSetting& named) {
    if (named.option != nullptr) {
        return in_notation_of(named, format_value(*named.option, get(*named.option, config)));
    }
    std::optional<std::string> common;
    for (const Database& database : config.databases) {
        const std::string* const value = database.keyword(named.keyword());
        const std::string text = value == nullptr ? std::string{} : *value;
        if (common && *common != text) return {};
        common = text;
    }
    return common.value_or(std::string{});
}

}  // namespace pgweir::conf
