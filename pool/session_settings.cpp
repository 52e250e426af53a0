#include "pool/session_settings.hpp"

#include <algorithm>
#include <array>
#include <boost/container_hash/hash.hpp>
#include <cctype>

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

void append_set_config(std::string& sql, std::string_view name, std::string_view value,
                       bool local = false) {
    sql += "pg_catalog.set_config(";
    append_literal(sql, name);
    sql += ',';
    append_literal(sql, value);
    sql += local ? ",true)" : ",false)";
}

// Whether SET would take 'a, b' for one element of a list (GUC_LIST_QUOTE; extensions have none).
bool is_quoted_list(std::string_view name) {
    return name == "search_path" || name == "temp_tablespaces" || name.ends_with("_libraries");
}

// Back to the login's identity, whose rights the settings were given with.
void append_identity_reset(std::string& sql, const SessionSettings& from) {
    if (from.find(session_authorization) != nullptr) sql += ";RESET SESSION AUTHORIZATION";
    // Who becomes another user gives up the role that the login began with.
    if (from.find(role) != nullptr || from.find(session_authorization) != nullptr) {
        sql += ";RESET ROLE";
    }
}

void append_identity(std::string& sql, const SessionSettings& to) {
    for (const std::string_view name : {session_authorization, role}) {
        const std::string* value = to.find(name);
        if (value == nullptr) continue;
        sql += ";SELECT ";
        append_set_config(sql, name, *value);
    }
}

}  // namespace

SessionSettings::SessionSettings(std::vector<Parameter> values) : values_(std::move(values)) {
    static constexpr std::array<std::string_view, 9> read_by{"backslash_quote",
                                                             "client_encoding",
                                                             "datestyle",
                                                             "intervalstyle",
                                                             "role",
                                                             "search_path",
                                                             "session_authorization",
                                                             "standard_conforming_strings",
                                                             "timezone"};
    for (const auto& [name, value] : values_) {
        if (std::ranges::find(read_by, name) == read_by.end()) continue;
        parsing_.append(name).append(1, '=').append(value).append(1, '\0');
    }
}

const std::string* SessionSettings::find(std::string_view name) const {
    const auto found = std::ranges::lower_bound(values_, name, {}, &Parameter::first);
    return found != values_.end() && found->first == name ? &found->second : nullptr;
}

std::vector<Parameter> normalise(const std::vector<Parameter>& settings) {
    std::vector<Parameter> result;
    for (const auto& [name, value] : settings) {
        const std::string key = lower_case(name);
        const auto place = std::ranges::lower_bound(result, key, {}, &Parameter::first);
        if (place != result.end() && place->first == key) {
            place->second = value;
        } else {
            result.insert(place, {key, value});
        }
    }
    return result;
}

std::vector<Parameter> with(const SessionSettings& settings, std::string_view name,
                            std::string_view value) {
    std::vector<Parameter> values = settings.values();
    values.emplace_back(name, value);
    return normalise(values);
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
    std::vector<Parameter> values = base.values();
    values.insert(values.end(), over.values().begin(), over.values().end());
    return normalise(values);
}

// set_config() takes a value as the setting's text, also of a list.
// What has to go back to the login's value is RESET first. Identities come last, as the others may
// need the login's rights. By default it would be a transaction as the former client's are: a
// deferrable one waits for what others write.
std::string difference_sql(const SessionSettings& from, const SessionSettings& to) {
    if (from.values() == to.values()) return {};
    std::string sql = "BEGIN";
    if (from.find("default_transaction_deferrable") != nullptr) sql += " NOT DEFERRABLE";
    append_identity_reset(sql, from);
    for (const auto& [name, value] : from.values()) {
        if (to.find(name) != nullptr || is_identity(name)) continue;
        sql += ";RESET ";
        append_name(sql, name);
    }
    std::string_view separator = ";SELECT ";
    for (const auto& [name, value] : to.values()) {
        const std::string* present = from.find(name);
        if (is_identity(name) || (present != nullptr && *present == value)) continue;
        sql += separator;
        append_set_config(sql, name, value);
        separator = ",";
    }
    append_identity(sql, to);
    return sql + ";COMMIT";
}

std::string setting_sql(std::string_view name, std::string_view value, bool local) {
    std::string sql;
    if (is_quoted_list(name)) {
        sql = "SELECT ";
        append_set_config(sql, name, value, local);
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
