#include "pool/session/session_settings.hpp"

#include <algorithm>
#include <array>
#include <boost/container_hash/hash.hpp>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <limits>

#include "protocol/sql/changed_settings.hpp"
#include "protocol/sql/custom_settings.hpp"

namespace pgweir::pool {

namespace {

// A setting's name, each part quoted: "a"."b" for custom ones.
void append_name(std::string& sql, std::string_view name) {
    sql += '"';
    for (const char c : name) {
        if (c == '.') {
            sql += "\".\"";
            continue;
        }
        if (c == '"') sql += c;
        sql += c;
    }
    sql += '"';
}

constexpr std::string_view role = "role";
constexpr std::string_view session_authorization = "session_authorization";

bool is_identity(std::string_view name) {
    return name == role || name == session_authorization;
}

// A null value resets.
void append_set_config(std::string& sql, std::string_view name, const std::string* value,
                       bool local = false) {
    sql += "pg_catalog.set_config(";
    append_literal(sql, name);
    sql += ',';
    if (value != nullptr) {
        append_literal(sql, *value);
    } else {
        sql += "NULL";
    }
    sql += local ? ",true)" : ",false)";
}

// Collects calls of set_config() in statements of no more columns than PostgreSQL allows
// (MaxTupleAttributeNumber is 1664).
class SettingCalls {
  public:
    explicit SettingCalls(std::vector<std::string>& statements) : statements_(statements) {}
    void add(std::string_view name, const std::string* value) {
        constexpr std::size_t most = 1000;
        if (count_++ % most == 0) statements_.emplace_back("SELECT ");
        std::string& sql = statements_.back();
        if (sql.back() == ')') sql += ',';
        append_set_config(sql, name, value);
    }

  private:
    std::vector<std::string>& statements_;
    std::size_t count_ = 0;
};

// Whether SET would take 'a, b' for one element of a list (GUC_LIST_QUOTE; extensions have none).
bool is_quoted_list(std::string_view name) {
    return name == "search_path" || name == "temp_tablespaces" || name.ends_with("_libraries");
}

// What bounds the time of whatever runs next in a session, pgweir's own statements as well.
bool is_limit(std::string_view name) {
    return name == "statement_timeout" || name == "lock_timeout" ||
           name == "idle_in_transaction_session_timeout" || name == "idle_session_timeout" ||
           name == "transaction_timeout";
}

// Whether a statement means the same, and is planned to give the same, whatever this setting is. Of
// all others it is not known: a policy may read a setting of one's own in a function that is called
// IMMUTABLE, and the planner folds such calls into a plan that is kept.
bool leaves_statements_alone(std::string_view name) {
    static constexpr std::array<std::string_view, 11> without_a_say{
        "application_name",
        "client_min_messages",
        "default_transaction_deferrable",
        "default_transaction_isolation",
        "default_transaction_read_only",
        "maintenance_work_mem",
        "synchronous_commit",
        "tcp_keepalives_count",
        "tcp_keepalives_idle",
        "tcp_keepalives_interval",
        "work_mem"};
    return is_limit(name) || name.starts_with("log_") ||
           std::ranges::find(without_a_say, name) != without_a_say.end();
}

// Back to the login's identity, whose rights the settings were given with.
void append_identity_reset(std::vector<std::string>& statements, const SessionSettings& from) {
    if (from.find(session_authorization) != nullptr)
        statements.emplace_back("RESET SESSION AUTHORIZATION");
    // Who becomes another user gives up the role that the login began with.
    if (from.find(role) != nullptr || from.find(session_authorization) != nullptr)
        statements.emplace_back("RESET ROLE");
}

void append_identity(std::vector<std::string>& statements, const SessionSettings& to) {
    for (const std::string_view name : {session_authorization, role}) {
        const std::string* value = to.find(name);
        if (value == nullptr) continue;
        append_set_config(statements.emplace_back("SELECT "), name, value);
    }
}

// As PostgreSQL tells it, a number of milliseconds; as a client may have written it at its start,
// with a unit.
std::chrono::milliseconds time_of(const std::string* text) {
    using std::chrono::milliseconds;
    if (text == nullptr) return milliseconds::zero();
    char* end = nullptr;
    const double number = std::strtod(text->c_str(), &end);
    std::string_view unit(end);
    unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
    unit = unit.substr(0, unit.find(' '));
    constexpr std::array<std::pair<std::string_view, double>, 7> units{{{"", 1},
                                                                        {"us", 0.001},
                                                                        {"ms", 1},
                                                                        {"s", 1000},
                                                                        {"min", 60'000},
                                                                        {"h", 3'600'000},
                                                                        {"d", 86'400'000}}};
    const auto* const known =
        std::ranges::find(units, unit, &std::pair<std::string_view, double>::first);
    if (known == units.end()) return milliseconds::zero();
    const double result = std::round(number * known->second);
    constexpr double longest = std::numeric_limits<std::int32_t>::max();
    return milliseconds(result > 0 && result <= longest ? static_cast<std::int64_t>(result) : 0);
}

}  // namespace

SessionSettings::SessionSettings(std::vector<Parameter> values) : values_(std::move(values)) {
    for (const auto& [name, value] : values_) {
        if (leaves_statements_alone(name)) continue;
        parsing_.append(name).append(1, '=').append(value).append(1, '\0');
    }
    idle_session_timeout_ = time_of(find("idle_session_timeout"));
}

const std::string* SessionSettings::find(std::string_view name) const {
    const auto found = std::ranges::lower_bound(values_, name, {}, &Parameter::first);
    return found != values_.end() && found->first == name ? &found->second : nullptr;
}

const std::string* find_parameter(const std::vector<Parameter>& parameters, std::string_view name) {
    const auto found = std::ranges::find(parameters, name, &Parameter::first);
    return found != parameters.end() ? &found->second : nullptr;
}

std::vector<Parameter> normalise(std::vector<Parameter> settings) {
    for (auto& [name, value] : settings) name = lower_case(name);
    std::ranges::stable_sort(settings, {}, &Parameter::first);
    // The last of each name stays: from behind, that is the first.
    const auto twice = std::unique(
        settings.rbegin(), settings.rend(),
        [](const Parameter& one, const Parameter& other) { return one.first == other.first; });
    settings.erase(settings.begin(), twice.base());
    return settings;
}

std::vector<Parameter> with(const SessionSettings& settings, std::string_view name,
                            std::string_view value) {
    std::vector<Parameter> values = settings.values();
    const std::string key = lower_case(name);
    const auto place = std::ranges::lower_bound(values, key, {}, &Parameter::first);
    if (place != values.end() && place->first == key) {
        place->second = value;
    } else {
        values.emplace(place, key, value);
    }
    return values;
}

std::string lower_case(std::string_view name) {
    std::string result(name);
    std::ranges::transform(result, result.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

std::vector<Parameter> without(const SessionSettings& settings, std::string_view name) {
    std::vector<Parameter> values = settings.values();
    const std::string key = lower_case(name);
    std::erase_if(values, [&](const Parameter& setting) { return setting.first == key; });
    return values;
}

std::vector<Parameter> merge(const SessionSettings& base, const SessionSettings& over) {
    std::vector<Parameter> values;
    values.reserve(base.values().size() + over.values().size());
    std::ranges::set_union(over.values(), base.values(), std::back_inserter(values), {},
                           &Parameter::first, &Parameter::first);
    return values;
}

// set_config() takes a value as the setting's text, also of a list.
//
// What has to go back to the login's value is reset first. role and session_authorization come
// behind that, as the others may need the login's rights, and limits last, so that nothing but the
// COMMIT runs under them.
//
// By default it would be a transaction as the former client's are: a deferrable one waits for what
// others write.
std::vector<std::string> difference_sql(const SessionSettings& from, const SessionSettings& to) {
    std::vector<std::string> statements;
    if (from.values() == to.values()) return statements;
    statements.emplace_back("BEGIN");
    if (from.find("default_transaction_deferrable") != nullptr)
        statements.back() += " NOT DEFERRABLE";
    append_identity_reset(statements, from);
    SettingCalls calls(statements);
    for (const auto& [name, value] : from.values()) {
        if (to.find(name) == nullptr && !is_identity(name)) calls.add(name, nullptr);
    }
    const auto add_changed = [&](SettingCalls& to_calls, bool limits) {
        for (const auto& [name, value] : to.values()) {
            const std::string* present = from.find(name);
            const bool same = present != nullptr && *present == value;
            if (!same && !is_identity(name) && is_limit(name) == limits) to_calls.add(name, &value);
        }
    };
    add_changed(calls, false);
    append_identity(statements, to);
    SettingCalls last(statements);
    add_changed(last, true);
    statements.emplace_back("COMMIT");
    return statements;
}

bool plans_depend_on(std::string_view setting, const PlanFacts& facts) {
    if (facts.folds_settings) return true;
    if (is_identity(setting)) return facts.asks_for_rights;
    return setting != "search_path" && !protocol::is_custom_setting_name(setting) &&
           !leaves_statements_alone(setting);
}

bool may_change_plans(std::string_view sql, const PlanFacts& facts,
                      const protocol::NamedEffects* names) {
    if (facts.folds_settings) return true;
    const auto changed = protocol::changed_settings(sql, names);
    return !changed || std::ranges::any_of(*changed, [&](const std::string& setting) {
        return plans_depend_on(setting, facts);
    });
}

bool plans_may_differ(const SessionSettings& from, const SessionSettings& to,
                      const PlanFacts& facts) {
    std::vector<Parameter> differing;
    std::ranges::set_symmetric_difference(from.values(), to.values(),
                                          std::back_inserter(differing));
    return std::ranges::any_of(
        differing, [&](const Parameter& setting) { return plans_depend_on(setting.first, facts); });
}

std::vector<Parameter> limits_to_lift(const SessionSettings& from, const SessionSettings& to) {
    constexpr std::string_view none = "0";
    std::vector<Parameter> lifted;
    for (const auto& [name, value] : from.values()) {
        if (!is_limit(name) || value == none) continue;
        const std::string* wanted = to.find(name);
        if (wanted == nullptr || *wanted != value) lifted.emplace_back(name, none);
    }
    return lifted;
}

std::string setting_sql(std::string_view name, std::string_view value, bool local) {
    std::string sql;
    if (is_quoted_list(name)) {
        const std::string list(value);
        sql = "SELECT ";
        append_set_config(sql, name, &list, local);
        return sql;
    }
    sql = local ? "SET LOCAL " : "SET ";
    append_name(sql, name);
    sql += " TO ";
    append_literal(sql, value);
    return sql;
}

void append_literal(std::string& sql, std::string_view value) {
    const auto is_plain = [](char c) { return c >= ' ' && c <= '~' && c != '\\'; };
    if (!std::ranges::all_of(value, is_plain)) sql += 'E';
    sql += '\'';
    for (const char c : value) {
        if (is_plain(c) || c == '\\') {
            if (c == '\'' || c == '\\') sql += c;
            sql += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        sql += '\\';
        for (const unsigned shift : {6U, 3U, 0U})
            sql += static_cast<char>('0' + (byte >> shift & 7U));
    }
    sql += '\'';
}

bool is_settable(std::string_view reported_name) {
    // The parameters that are GUC_REPORT and PGC_INTERNAL in PostgreSQL 9.6 to 18, and
    // session_authorization, which is not a value to set but an identity.
    static constexpr std::array<std::string_view, 6> facts{
        "in_hot_standby",  "integer_datetimes", "is_superuser",
        "server_encoding", "server_version",    "session_authorization"};
    return std::ranges::find(facts, reported_name) == facts.end();
}

bool has_default(std::string_view reported_name) {
    return is_settable(reported_name) || reported_name == "in_hot_standby";
}

SettingsPtr SettingsInterner::intern(std::vector<Parameter> values) {
    if (values.empty()) return none_;
    std::size_t hash = 0;
    for (const auto& [name, value] : values) {
        boost::hash_combine(hash, name);
        boost::hash_combine(hash, value);
    }
    auto& slot = known_[hash];
    SettingsPtr known = slot.lock();
    if (known && known->values() == values) return known;
    known = std::make_shared<SessionSettings>(std::move(values));
    slot = known;
    if (known_.size() >= forget_at_) forget_unused();
    return known;
}

void SettingsInterner::forget_unused() {
    boost::unordered::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
    forget_at_ = std::max<std::size_t>(64, known_.size() * 2);
}

}  // namespace pgweir::pool
