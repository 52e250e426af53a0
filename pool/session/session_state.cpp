#include "pool/session/session_state.hpp"

#include "pool/session/escaped_value.hpp"
#include "pool/session/statement.hpp"
#include "protocol/wire/data_row.hpp"

namespace pgweir::pool {

namespace {

// Each row says what it is about in its first column.
constexpr std::string_view setting_row = "s";
constexpr std::string_view superuser_setting_row = "u";
constexpr std::string_view channel_row = "n";
constexpr std::string_view brought_row = "b";
constexpr std::string_view statement_row = "p";
constexpr std::string_view sql_statement_row = "q";
constexpr std::string_view had_temporary_row = "h";

// The kinds that are only counted.
struct PinRow {
    std::string_view kind;
    PinReason reason;
};
constexpr std::array<PinRow, 4> pin_rows{{{"t", PinReason::temporary_object},
                                          {"l", PinReason::advisory_lock},
                                          {"c", PinReason::cursor_with_hold},
                                          {"r", PinReason::replication_slot}}};

// PostgreSQL's views are asked by their functions: an administrator may REVOKE the views, or have
// them made narrower.

// Each transaction begins with these anew, from the session's default_transaction_…; but after a
// SET TRANSACTION they count as set by the session for good.
bool is_of_transaction(std::string_view setting) {
    return setting == "transaction_isolation" || setting == "transaction_read_only" ||
           setting == "transaction_deferrable";
}

std::string settings_question(const StateQuestion& question) {
    // A role that is no superuser's may have such a setting only from a function that was defined
    // by one; it could not set it again.
    const std::string_view kind =
        question.is_superuser
            ? "'s'"
            : "CASE WHEN context OPERATOR(pg_catalog.=) 'superuser' THEN 'u' ELSE 's' END";
    std::string sql =
        "SELECT " + std::string(kind) + ",name," + escaped("setting") +
        " FROM pg_catalog.pg_show_all_settings() WHERE source OPERATOR(pg_catalog.=) 'session'";
    if (question.hurried) sql += " AND name OPERATOR(pg_catalog.<>) 'statement_timeout'";
    sql += " UNION ALL SELECT 's','role'," + escaped("pg_catalog.current_setting('role')") +
           " WHERE pg_catalog.current_setting('role') OPERATOR(pg_catalog.<>) ";
    append_literal(sql, question.role);
    sql += " UNION ALL SELECT 's','session_authorization'," +
           escaped("session_user::pg_catalog.text") +
           " WHERE session_user OPERATOR(pg_catalog.<>) ";
    append_literal(sql, question.login);
    return sql;
}

void append_array(std::string& sql, std::span<const std::string> names) {
    std::string_view separator = "ARRAY[";
    for (const std::string& name : names) {
        sql += separator;
        append_literal(sql, name);
        separator = ",";
    }
    sql += "]::pg_catalog.text[]";
}

// A setting that the login brought is a change where it has another value; one that the client
// gave a value at its start is told in any case.
std::string custom_defaults_question(const StateQuestion& question) {
    std::string sql;
    for (const auto& [name, value] : question.custom_defaults) {
        sql += sql.empty() ? " UNION ALL SELECT 's',v.n," +
                                 escaped("pg_catalog.current_setting(v.n,true)") + " FROM (VALUES ("
                           : ",(";
        append_literal(sql, name);
        sql += ',';
        append_literal(sql, value);
        const bool is_told = std::ranges::binary_search(question.told_if_empty, name);
        sql += is_told ? ",true)" : ",false)";
    }
    if (sql.empty()) return sql;
    return sql +
           ") v(n,d,t) WHERE v.t OR pg_catalog.current_setting(v.n,true) "
           "OPERATOR(pg_catalog.<>) v.d";
}

std::string custom_settings_question(const StateQuestion& question) {
    if (question.custom_settings.empty()) return {};
    const std::string value = "pg_catalog.current_setting(x,true)";
    std::string sql = " UNION ALL SELECT 's',x," + escaped(value) + " FROM pg_catalog.unnest(";
    append_array(sql, question.custom_settings);
    // One that was reset reads as empty.
    sql += ") x WHERE " + value + " OPERATOR(pg_catalog.<>) ''";
    if (question.told_if_empty.empty()) return sql;
    sql += " OR " + value + " OPERATOR(pg_catalog.=) '' AND x OPERATOR(pg_catalog.=) ANY (";
    append_array(sql, question.told_if_empty);
    return sql + ')';
}

// pg_depend knows everything that lives in a schema, by one look into an index.
constexpr std::string_view objects_question =
    " UNION ALL SELECT 'h',NULL,NULL WHERE pg_catalog.pg_my_temp_schema() OPERATOR(pg_catalog.<>) "
    "0::pg_catalog.oid"
    " UNION ALL (SELECT 't',NULL,NULL FROM pg_catalog.pg_depend WHERE "
    "pg_catalog.pg_my_temp_schema() OPERATOR(pg_catalog.<>) 0::pg_catalog.oid AND refclassid "
    "OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass AND refobjid "
    "OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema() LIMIT 1)"
    " UNION ALL (SELECT 'l',NULL,NULL FROM pg_catalog.pg_lock_status() WHERE locktype "
    "OPERATOR(pg_catalog.=) "
    "'advisory' AND pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() LIMIT 1)"
    " UNION ALL (SELECT 'c',NULL,NULL FROM pg_catalog.pg_cursor() WHERE is_holdable LIMIT 1)"
    " UNION ALL (SELECT 'r',NULL,NULL FROM pg_catalog.pg_get_replication_slots() WHERE temporary "
    "AND "
    "active_pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() LIMIT 1)";

// Of those that PREPARE gave, of which there can be thousands, one is enough: it keeps the server.
std::string names_question() {
    return " UNION ALL SELECT 'n',NULL," + escaped("x") +
           " FROM pg_catalog.pg_listening_channels() x UNION ALL SELECT DISTINCT CASE WHEN "
           "from_sql THEN 'q' ELSE 'p' END,NULL::pg_catalog.text,CASE WHEN from_sql THEN NULL "
           "ELSE " +
           escaped("name") +
           " END FROM pg_catalog.pg_prepared_statement() WHERE from_sql OR "
           "pg_catalog.\"left\"(name,7) OPERATOR(pg_catalog.<>) 'pgweir_' UNION ALL SELECT "
           "'b',NULL,NULL WHERE "
           "pg_catalog.current_setting('pgweir.channels_brought',true) OPERATOR(pg_catalog.=) '1'";
}

}  // namespace

std::string state_question(const StateQuestion& question) {
    std::string sql;
    if (question.hurried) {
        // What is to be told has to be read before it is put out of force.
        sql =
            "SELECT 's','statement_timeout',pg_catalog.current_setting('statement_timeout');"
            "SET LOCAL statement_timeout=0;";
    }
    sql += settings_question(question);
    sql += custom_settings_question(question);
    sql += custom_defaults_question(question);
    sql += objects_question;
    sql += names_question();
    return sql;
}

void StateReader::row(std::string_view body, bool whole) {
    const auto columns = whole ? protocol::parse_data_row<3>(body) : std::nullopt;
    if (!columns || !(*columns)[0]) {
        state_.pins.add(PinReason::unknown);
        return;
    }
    const auto& [kind, name, value] = *columns;
    if (*kind == setting_row || *kind == superuser_setting_row) {
        if (is_of_transaction(name.value_or(""))) return;
        if (*kind == superuser_setting_row) state_.pins.add(PinReason::superuser_setting);
        state_.settings.emplace_back(name.value_or(""), unescape(value.value_or("")));
    } else if (*kind == channel_row) {
        state_.channels.push_back(unescape(value.value_or("")));
    } else if (*kind == had_temporary_row) {
        state_.had_temporary = true;
    } else if (*kind == brought_row) {
        state_.channels_brought = true;
    } else if (*kind == statement_row) {
        state_.statements.push_back(unescape(value.value_or("")));
    } else if (*kind == sql_statement_row) {
        state_.pins.add(PinReason::sql_prepared);
    } else {
        const auto found = std::ranges::find(pin_rows, *kind, &PinRow::kind);
        state_.pins.add(found != pin_rows.end() ? found->reason : PinReason::unknown);
    }
}

SessionState StateReader::finish() {
    state_.settings = normalise(std::move(state_.settings));
    return std::move(state_);
}

}  // namespace pgweir::pool
