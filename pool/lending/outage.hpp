// A database that cannot be reached.
#pragma once

#include <optional>
#include <string>

#include "conf/config.hpp"
#include "pool/io/deadlines.hpp"
#include "protocol/wire/error_report.hpp"

namespace pgweir::pool {

/// What is known of a database that cannot be reached.
struct Outage {
    Clock::time_point since;
    Clock::time_point next_try;
    unsigned failures = 0;
    /// What the server said, if it was the server that refused, or would have to the secret that is
    /// known.
    std::optional<protocol::ErrorReport> from_server;
    std::string explanation;
};

/// Whether waiting does not help: the server itself said no, for a reason that does not pass by
/// itself.
[[nodiscard]] bool is_lasting(const Outage& outage);
/// Whether a client that asks for a server is told no, and not kept waiting: always where the
/// server itself has refused for a reason that does not pass by itself.
[[nodiscard]] bool should_refuse(const Outage& outage, const conf::PoolOptions& options,
                                 Clock::time_point now);
/// How long a client waits for one of the connections that are there, before it is told that the
/// server lets no more in: long enough for its turn among short transactions.
inline constexpr milliseconds wait_for_turn{200};
/// What it is told: what the server has said, where it has.
[[nodiscard]] protocol::ErrorReport refusal(const Outage& outage, const std::string& database);
/// What a client is told who can have no server.
[[nodiscard]] protocol::ErrorReport unreachable(const std::string& database, std::string detail);

}  // namespace pgweir::pool
