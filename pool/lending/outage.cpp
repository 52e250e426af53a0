#include "pool/lending/outage.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace pgweir::pool {

namespace {

// How long clients are kept waiting for a server that cannot be reached: a restart passes
// unnoticed, a real outage is told soon.
constexpr milliseconds patience{5000};

}  // namespace

// By classes (manual, "PostgreSQL Error Codes"): connections, deadlocks, resources, an object that
// is not in the state it needs, an operator's intervention, the system, PostgreSQL itself. A login
// that took too long is told as 57014, by a server that has much to do.
bool is_lasting(const Outage& outage) {
    constexpr std::array passing{"08", "40", "53", "55", "57", "58", "XX"};
    return outage.from_server && std::ranges::none_of(passing, [&](std::string_view of_class) {
               return outage.from_server->code.starts_with(of_class);
           });
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
