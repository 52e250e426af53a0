#include "daemon/console/snapshot.hpp"

#include <array>
#include <cstdint>
#include <ctime>

namespace pgweir::daemon::console {

using pool::Counter;
using pool::DurationHistogram;
using pool::PoolStatistics;

std::uint64_t PoolView::sum(Counter PoolStatistics::*counter) const {
    std::uint64_t sum = 0;
    for (unsigned i = 0; i < pool->workers().size(); ++i)
        sum += (pool->statistics(i).*counter).get();
    // A gauge of one worker may be below zero where another one has counted the arrival.
    return static_cast<std::int64_t>(sum) < 0 ? 0 : sum;
}

std::uint64_t PoolView::time(DurationHistogram PoolStatistics::*times) const {
    std::uint64_t sum = 0;
    for (unsigned i = 0; i < pool->workers().size(); ++i)
        sum += (pool->statistics(i).*times).sum_us();
    return sum;
}

std::uint64_t PoolView::servers() const {
    return pool->budget().open() + sum(&PoolStatistics::servers_dedicated);
}

Totals PoolView::totals() const {
    return {{sum(&PoolStatistics::leases), sum(&PoolStatistics::transactions),
             sum(&PoolStatistics::queries), sum(&PoolStatistics::client_bytes_received),
             sum(&PoolStatistics::client_bytes_sent), time(&PoolStatistics::transaction),
             time(&PoolStatistics::query), time(&PoolStatistics::wait),
             sum(&PoolStatistics::client_parses), sum(&PoolStatistics::server_parses),
             sum(&PoolStatistics::binds), sum(&PoolStatistics::client_logins)}};
}

std::string Snapshot::when(pool::Clock::time_point at) const {
    const auto then =
        time - std::chrono::duration_cast<std::chrono::system_clock::duration>(now - at);
    const std::time_t seconds = std::chrono::system_clock::to_time_t(then);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::array<char, 32> text{};
    const std::size_t size = std::strftime(text.data(), text.size(), "%F %T UTC", &utc);
    return {text.data(), size};
}

std::vector<PoolView> views_of(const pool::Registry& registry) {
    std::vector<PoolView> views;
    for (auto& pool : registry.all()) {
        auto setup = pool->setup();
        const auto oldest = pool->board().oldest_waiting();
        views.push_back(
            {.pool = std::move(pool), .setup = std::move(setup), .oldest_waiting = oldest});
    }
    return views;
}

TotalsByDatabase totals_by_database(const std::vector<PoolView>& pools,
                                    const std::vector<const pool::WorkerStatistics*>& workers) {
    TotalsByDatabase totals;
    for (const PoolView& pool : pools) totals[pool.database()].add(pool.totals());
    Totals& own = totals[std::string(conf::console_database)];
    for (const pool::WorkerStatistics* const worker : workers) {
        own[Stat::client_logins] += worker->console_logins.get();
        own[Stat::queries] += worker->console_askers.get();
        own[Stat::transactions] += worker->console_askers.get();
    }
    return totals;
}

}  // namespace pgweir::daemon::console
