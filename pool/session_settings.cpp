#include "pool/session_settings.hpp"

#include <algorithm>
#include <array>
#include <boost/container_hash/hash.hpp>
#include <cctype>

namespace pgweir::pool {

namespace {

std::string lower(std::string_view name) {
    std::string result(name);
    std::ranges::transform(result, result.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

// A string literal that means the same whatever standard_conforming_strings says.
void append_literal(std::string& sql, std::string_view value) {
    const bool has_backslash = value.find('\\') != std::string_view::npos;
    if (has_backslash) sql += 'E';
    sql += '\'';
    for (const char c : value) {
        if (c == '\'' || c == '\\') sql += c;
        sql += c;
    }
    sql += '\'';
}

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

}  // namespace

const std::string* SessionSettings::find(std::string_view name) const {
    const auto found = std::ranges::lower_bound(values_, name, {}, &Parameter::first);
    return found != values_.end() && found->first == name ? &found->second : nullptr;
}

std::vector<Parameter> normalise(const std::vector<Parameter>& settings) {
    std::vector<Parameter> result;
    for (const auto& [name, value] : settings) {
        const std::string key = lower(name);
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

// set_config() takes a value as the setting's text; SET would take 'a, b' for one list element.
// What has to go back to the login's value is RESET first, in the same transaction.
std::string difference_sql(const SessionSettings& from, const SessionSettings& to) {
    std::string sql;
    for (const auto& [name, value] : from.values()) {
        if (to.find(name) != nullptr) continue;
        sql += "RESET ";
        append_name(sql, name);
        sql += ';';
    }
    std::string_view separator = "SELECT ";
    for (const auto& [name, value] : to.values()) {
        const std::string* present = from.find(name);
        if (present != nullptr && *present == value) continue;
        sql += separator;
        sql += "pg_catalog.set_config(";
        append_literal(sql, name);
        sql += ',';
        append_literal(sql, value);
        sql += ",false)";
        separator = ",";
    }
    return sql;
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
