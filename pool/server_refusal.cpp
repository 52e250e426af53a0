// Statements that pgweir does not let run: the server itself is made to give the error, so that its
// transaction fails with it. And other statements of pgweir's own in the midst of the client's.
#include <array>

#include "pool/pool.hpp"
#include "pool/pool_part.hpp"
#include "pool/server.hpp"
#include "protocol/extended_query.hpp"
#include "protocol/pin_forecast.hpp"
#include "protocol/serialize.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Effects;
using protocol::ErrorReport;
using protocol::Frontend;
using protocol::Origin;
using protocol::TransactionStatus;

namespace {

constexpr std::string_view own_statement = "pgweir_own";

// No formats, no values, no result formats.
constexpr Bytes no_values{"\0\0\0\0\0\0", 6};

// Runs a statement of pgweir's in the extended protocol, under a name of its own; and what that is.
// The first Close is for what has failed before; the last ones, so that the client does not find it
// in pg_cursors and pg_prepared_statements.
constexpr std::array own_statement_messages{Frontend::close,   Frontend::parse, Frontend::bind,
                                            Frontend::execute, Frontend::close, Frontend::close};

void append_own_statement(std::string& out, std::string_view sql) {
    protocol::append_close(out, {.kind = 'S', .name = own_statement});
    protocol::append_parse(out, own_statement, sql, no_types);
    protocol::append_bind_head(out, own_statement, own_statement, no_values.size());
    out += no_values;
    protocol::append_execute(out, own_statement);
    protocol::append_close(out, {.kind = 'P', .name = own_statement});
    protocol::append_close(out, {.kind = 'S', .name = own_statement});
}

std::string raising_sql(const ErrorReport& report) {
    std::string sql = "DO $pgweir$BEGIN RAISE EXCEPTION USING ERRCODE=";
    append_literal(sql, report.code);
    sql += ",MESSAGE=";
    append_literal(sql, report.message);
    sql += ",HINT=";
    append_literal(sql, report.hint);
    return sql + ";END$pgweir$";
}

}  // namespace

// Why a statement may not run here and now; nothing for one that may.
std::optional<ErrorReport> Server::refuses(Bytes sql, Effects effects) {
    const TenantSession& session = tenant_->session();
    if (session.tracking == conf::SessionState::strict) {
        const std::string_view leaves = protocol::forecast_pin(sql, effects);
        if (!leaves.empty()) {
            auto report = ErrorReport::error(
                protocol::sqlstate::feature_not_supported,
                "this statement would leave " + std::string(leaves) + " in its session");
            report.hint =
                "pgweir does not keep servers for single clients here (session_state: strict). "
                "Use session_state: track, or pool_mode: session.";
            return report;
        }
    }
    return std::nullopt;
}

void Server::refuse_query(const ErrorReport& report, Outgoing& out) {
    const std::size_t before = out.own().size();
    protocol::append_query(out.own(), raising_sql(report));
    out.added(before);
    note_sent(Frontend::query, Origin::client);
}

void Server::refuse_extended(const ErrorReport& report, Outgoing& out) {
    inject_statement(raising_sql(report), out);
}

// In front of the client's messages, which the server discards up to their Sync if it fails.
void Server::inject_statement(std::string_view sql, Outgoing& out) {
    const std::size_t before = out.own().size();
    append_own_statement(out.own(), sql);
    out.added(before);
    for (const Frontend type : own_statement_messages) note_sent(type, Origin::injected);
}

// Between the client's messages, whose unnamed statement and portal a simple query would end.
void Server::order_statements(std::span<const std::string> statements, Outgoing& out) {
    const std::size_t before = out.own().size();
    for (const std::string& sql : statements) {
        append_own_statement(out.own(), sql);
        for (const Frontend type : own_statement_messages) note_sent(type, Origin::pool);
    }
    protocol::append_sync(out.own());
    out.added(before);
    note_sent(Frontend::sync, Origin::pool);
    questions_.asked(Question::command);
}

}  // namespace pgweir::pool
