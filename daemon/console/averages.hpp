// What PgBouncer's statistics count, and their averages over a period.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "pool/io/deadlines.hpp"

namespace pgweir::daemon::console {

/// In the order of the columns of SHOW STATS.
enum class Stat : std::uint8_t {
    server_assignments,
    transactions,
    queries,
    received,          ///< bytes from clients
    sent,              ///< bytes to clients
    transaction_time,  ///< microseconds, as all times
    query_time,
    wait_time,
    client_parses,
    server_parses,
    binds,
    client_logins,
    count_
};

inline constexpr auto number_of_stats = static_cast<std::size_t>(Stat::count_);

struct Totals {
    std::array<std::uint64_t, number_of_stats> values{};

    [[nodiscard]] std::uint64_t& operator[](Stat stat) {
        return values[static_cast<std::size_t>(stat)];
    }
    [[nodiscard]] std::uint64_t operator[](Stat stat) const {
        return values[static_cast<std::size_t>(stat)];
    }
    void add(const Totals& other);
};

using TotalsByDatabase = std::map<std::string, Totals>;

/// Keeps what was counted at the last two ends of a period. Counts, bytes and waiting are averages
/// per second, the times of queries and transactions averages per query and per transaction; all
/// are 0 before the first period is over, as in PgBouncer.
class Averages {
  public:
    explicit Averages(pool::Clock::time_point now) : newer_at_(now) {}

    /// Whether `period` is over since the last call of `end_period`.
    [[nodiscard]] bool is_due(pool::Clock::time_point now, std::chrono::milliseconds period) const {
        return now - newer_at_ >= period;
    }
    void end_period(pool::Clock::time_point now, TotalsByDatabase totals);

    [[nodiscard]] Totals of(const std::string& database) const;
    /// Over all databases.
    [[nodiscard]] Totals of_all() const;

  private:
    [[nodiscard]] Totals average(const Totals& newer, const Totals& older) const;

    TotalsByDatabase newer_;
    TotalsByDatabase older_;
    pool::Clock::time_point newer_at_;
    pool::Clock::duration length_{};  ///< of the last period; 0: there was none
};

}  // namespace pgweir::daemon::console
