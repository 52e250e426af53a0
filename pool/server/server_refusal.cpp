// Statements that pgweir does not let run: the server itself is made to give the error, so that its
// transaction fails with it. And other statements of pgweir's own in the midst of the client's.
#include <array>

#include "pool/lending/pool.hpp"
#include "pool/lending/pool_part.hpp"
#include "pool/server/server.hpp"
#include "protocol/sql/pin_forecast.hpp"
#include "protocol/wire/extended_query.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Effects;
using protocol::ErrorReport;
using protocol::Frontend;
using protocol::Origin;
using protocol::TransactionStatus;

namespace {

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
    const TenantSession& session = client();
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
    writer(out).query_of_client(raising_sql(report));
}

void Server::refuse_extended(const ErrorReport& report, Outgoing& out) {
    inject_statement(raising_sql(report), out);
}

// In front of the client's messages, which the server discards up to their Sync if it fails.
void Server::inject_statement(std::string_view sql, Outgoing& out) {
    writer(out).run(Origin::injected, sql);
}

// Between the client's messages, whose unnamed statement and portal a simple query would end.
void Server::order_statements(std::span<const std::string> statements, Outgoing& out) {
    RequestWriter requests = writer(out);
    for (const std::string& sql : statements) requests.run(Origin::pool, sql);
    requests.sync(Question::command);
}

}  // namespace pgweir::pool
