// What the console shows: taken at once, so that the rows of one answer belong together.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/config.hpp"
#include "daemon/console/averages.hpp"
#include "daemon/console/client_counts.hpp"
#include "daemon/console/client_view.hpp"
#include "pool/lending/pool.hpp"
#include "pool/lending/registry.hpp"

namespace pgweir::daemon::console {

/// A pool, its counters summed over the workers.
struct PoolView {
    std::shared_ptr<pool::Pool> pool;
    std::shared_ptr<const pool::PoolSetup> setup;
    std::optional<pool::Clock::time_point> oldest_waiting;

    [[nodiscard]] const std::string& database() const { return pool->database(); }
    [[nodiscard]] const std::string& user() const { return pool->user(); }
    [[nodiscard]] std::uint64_t sum(pool::Counter pool::PoolStatistics::*counter) const;
    /// Microseconds.
    [[nodiscard]] std::uint64_t time(pool::DurationHistogram pool::PoolStatistics::*times) const;
    /// Its server connections, those for one client alone included.
    [[nodiscard]] std::uint64_t servers() const;
    [[nodiscard]] Totals totals() const;
};

struct Snapshot {
    pool::Clock::time_point now;
    std::chrono::system_clock::time_point time;
    std::shared_ptr<const conf::Config> config;
    std::vector<PoolView> pools;            ///< by database and user
    std::vector<ClientView> clients;        ///< only for a Show with `sockets`; by id
    std::vector<pool::ServerView> servers;  ///< likewise
    pool::StatementViews statements;        ///< only for a Show with `statements`
    std::vector<const pool::WorkerStatistics*> workers;
    unsigned connections = 0;  ///< clients there now, logged in or not
    unsigned logging_in = 0;   ///< ... and those of them that are not
    const Averages* averages = nullptr;
    const ClientCounts* client_counts = nullptr;
    std::size_t client_size = 0;  ///< what a client's session takes by itself, in bytes
    const pool::DatabaseSwitches* switches = nullptr;

    /// When a time on pgweir's clock was: "2026-11-25 18:03:49 UTC".
    [[nodiscard]] std::string when(pool::Clock::time_point at) const;
};

[[nodiscard]] std::vector<PoolView> views_of(const pool::Registry& registry);
/// What was counted for each database, the console's own included.
[[nodiscard]] TotalsByDatabase totals_by_database(
    const std::vector<PoolView>& pools, const std::vector<const pool::WorkerStatistics*>& workers);

}  // namespace pgweir::daemon::console
