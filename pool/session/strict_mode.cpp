#include "pool/session/strict_mode.hpp"

#include "pool/session/session_settings.hpp"
#include "protocol/sql/pin_forecast.hpp"

namespace pgweir::pool {

using protocol::ErrorReport;

std::optional<ErrorReport> refusal_of(const TenantSession& client, Bytes sql,
                                      protocol::Effects effects) {
    if (client.tracking != conf::SessionState::strict) return std::nullopt;
    const std::string_view leaves = protocol::forecast_pin(sql, effects);
    if (leaves.empty()) return std::nullopt;
    auto report =
        ErrorReport::error(protocol::sqlstate::feature_not_supported,
                           "this statement would leave " + std::string(leaves) + " in its session");
    report.hint =
        "pgweir does not keep servers for single clients here (session_state: strict). "
        "Use session_state: track, or pool_mode: session.";
    return report;
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

}  // namespace pgweir::pool
