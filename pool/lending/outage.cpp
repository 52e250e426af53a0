#include "pool/lending/outage.hpp"

#include <algorithm>

namespace pgweir::pool {

namespace {

// How long clients are kept waiting for a server that cannot be reached: a restart passes
// unnoticed, a real outage is told soon.
constexpr milliseconds patience{5000};

}  // namespace

bool is_lasting(const Outage& outage) {
    return outage.from_server &&
           outage.from_server->code != protocol::sqlstate::cannot_connect_now &&
           !outage.from_server->code.starts_with("53");
}

bool should_refuse(const Outage& outage, const conf::PoolOptions& options, Clock::time_point now) {
    return is_lasting(outage) ||
           now - outage.since >= std::min(patience, options.server_login_retry);
}

protocol::ErrorReport refusal(const Outage& outage, const std::string& database) {
    if (outage.from_server) return *outage.from_server;
    const auto down = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - outage.since);
    return unreachable(database, outage.explanation + " (unreachable for " +
                                     std::to_string(down.count()) + " s, " +
                                     std::to_string(outage.failures) + " attempts)");
}

protocol::ErrorReport unreachable(const std::string& database, std::string detail) {
    auto report = protocol::ErrorReport::fatal(
        protocol::sqlstate::cannot_connect_now,
        "the server of database \"" + database + "\" cannot be reached");
    report.detail = std::move(detail);
    return report;
}

}  // namespace pgweir::pool
