#include "pool/session/login_defaults.hpp"

#include <algorithm>

#include "pool/session/escaped_value.hpp"
#include "protocol/sql/custom_settings.hpp"
#include "protocol/wire/data_row.hpp"

namespace pgweir::pool {

namespace {

// Each row says what it is about in its first column.
constexpr std::string_view given_row = "d";
constexpr std::string_view other_row = "o";
constexpr std::string_view sources_row = "m";

// The rows of pg_db_role_setting that a login of this user in this database reads.
std::string from_role_settings(std::string_view login) {
    std::string sql =
        " FROM pg_catalog.pg_db_role_setting WHERE (setdatabase OPERATOR(pg_catalog.=) "
        "'0'::pg_catalog.oid OR setdatabase OPERATOR(pg_catalog.=) (SELECT oid FROM "
        "pg_catalog.pg_database WHERE datname OPERATOR(pg_catalog.=) "
        "pg_catalog.current_database())) AND (setrole OPERATOR(pg_catalog.=) '0'::pg_catalog.oid "
        "OR setrole OPERATOR(pg_catalog.=) (SELECT oid FROM pg_catalog.pg_roles WHERE rolname "
        "OPERATOR(pg_catalog.=) ";
    append_literal(sql, login);
    return sql + "))";
}

std::string sources_question(std::string_view login) {
    std::string sql =
        "SELECT 'm',NULL," +
        escaped(
            "pg_catalog.concat_ws(' ',(SELECT pg_catalog.concat_ws(' ',rolsuper,rolcanlogin) "
            "FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) $login),(SELECT "
            "pg_catalog.string_agg(pg_catalog.concat_ws(' ',setdatabase,setrole,"
            "pg_catalog.array_to_string(setconfig,';')),';' ORDER BY setdatabase,setrole)" +
            from_role_settings(login) + "))");
    std::string literal;
    append_literal(literal, login);
    constexpr std::string_view place = "$login";
    return sql.replace(sql.find(place), place.size(), literal);
}

const std::string* find(const std::vector<Parameter>& settings, std::string_view name) {
    const auto found = std::ranges::lower_bound(settings, name, {}, &Parameter::first);
    return found != settings.end() && found->first == name ? &found->second : nullptr;
}

}  // namespace

const std::string* LoginDefaults::find_given(std::string_view name) const {
    return find(given, name);
}

std::string_view LoginDefaults::role() const {
    const std::string* role = find_given("role");
    return role != nullptr ? std::string_view(*role) : "none";
}

// What is given here only has to be as it was without it.
std::vector<Parameter> kept_defaults(const LoginDefaults& began, const LoginDefaults& here) {
    std::vector<Parameter> kept;
    for (const auto& [name, value] : began.given) {
        const std::string* present = here.find_given(name);
        if (present == nullptr || *present != value) kept.emplace_back(name, value);
    }
    for (const auto& [name, value] : here.given) {
        if (began.find_given(name) != nullptr) continue;
        if (name == "role") {
            kept.emplace_back(name, "none");
        } else if (const std::string* other = find(began.others, name)) {
            if (*other != value) kept.emplace_back(name, *other);
        } else if (protocol::is_custom_setting_name(name)) {
            kept.emplace_back(name, "");
        }
    }
    std::ranges::sort(kept);
    return kept;
}

// A setting of one's own is listed only once an extension has defined it: pg_db_role_setting has
// the names of the others.
std::string login_defaults_question(std::string_view login, bool is_superuser) {
    std::string sql =
        "SELECT CASE WHEN source OPERATOR(pg_catalog.=) ANY "
        "('{global,database,user,database user}'::pg_catalog.text[]) THEN 'd' ELSE 'o' END,name," +
        escaped("setting") +
        " FROM pg_catalog.pg_settings WHERE context OPERATOR(pg_catalog.=) 'user'";
    if (is_superuser) sql += " OR context OPERATOR(pg_catalog.=) 'superuser'";
    sql += " UNION ALL SELECT 'd','role'," + escaped("pg_catalog.current_setting('role')") +
           " WHERE pg_catalog.current_setting('role') OPERATOR(pg_catalog.<>) 'none'"
           " UNION ALL SELECT 'd',x," +
           escaped("pg_catalog.current_setting(x,true)") +
           " FROM (SELECT DISTINCT pg_catalog.lower(pg_catalog.split_part(c,'=',1)) AS x FROM "
           "(SELECT pg_catalog.unnest(setconfig) AS c" +
           from_role_settings(login) +
           ") s) n WHERE pg_catalog.strpos(x,'.') OPERATOR(pg_catalog.>) 0 AND NOT EXISTS (SELECT "
           "FROM pg_catalog.pg_settings p WHERE pg_catalog.lower(p.name) OPERATOR(pg_catalog.=) x) "
           "AND pg_catalog.current_setting(x,true) IS NOT NULL UNION ALL ";
    return sql + sources_question(login);
}

std::string login_sources_question(std::string_view login) {
    return sources_question(login);
}

void LoginDefaultsReader::row(std::string_view body, bool whole) {
    const auto columns = whole ? protocol::parse_data_row<3>(body) : std::nullopt;
    if (!columns || !(*columns)[0]) {
        is_cut_ = true;
        return;
    }
    const auto& [kind, name, value] = *columns;
    std::string text = unescape(value.value_or(""));
    if (*kind == given_row) {
        found_.given.emplace_back(name.value_or(""), std::move(text));
    } else if (*kind == other_row) {
        found_.others.emplace_back(name.value_or(""), std::move(text));
    } else if (*kind == sources_row) {
        found_.sources = std::move(text);
        has_sources_ = true;
    }
}

std::shared_ptr<LoginDefaults> LoginDefaultsReader::finish() {
    if (is_cut_ || !has_sources_) return nullptr;
    // Of this connection alone, and of each transaction.
    std::erase_if(found_.others, [](const Parameter& setting) {
        return setting.first == "application_name" || setting.first.starts_with("transaction_");
    });
    found_.given = normalise(std::move(found_.given));
    found_.others = normalise(std::move(found_.others));
    return std::make_shared<LoginDefaults>(std::move(found_));
}

}  // namespace pgweir::pool
