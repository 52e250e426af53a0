#include "daemon/console/averages.hpp"

#include <cstdint>
#include <utility>

namespace pgweir::daemon::console {

namespace {

Totals sum(const TotalsByDatabase& all) {
    Totals totals;
    for (const auto& [database, own] : all) totals.add(own);
    return totals;
}

Totals find(const TotalsByDatabase& all, const std::string& database) {
    const auto found = all.find(database);
    return found == all.end() ? Totals{} : found->second;
}

}  // namespace

void Totals::add(const Totals& other) {
    for (std::size_t i = 0; i < number_of_stats; ++i) values[i] += other.values[i];
}

void Averages::end_period(pool::Clock::time_point now, TotalsByDatabase totals) {
    length_ = now - std::exchange(newer_at_, now);
    older_ = std::exchange(newer_, std::move(totals));
}

Totals Averages::of(const std::string& database) const {
    return average(find(newer_, database), find(older_, database));
}

Totals Averages::of_all() const {
    return average(sum(newer_), sum(older_));
}

Totals Averages::average(const Totals& newer, const Totals& older) const {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(length_).count();
    if (us <= 0) return {};
    // A pool that was forgotten takes its counts with it: less than before is none.
    Totals difference;
    for (std::size_t i = 0; i < number_of_stats; ++i) {
        difference.values[i] =
            newer.values[i] > older.values[i] ? newer.values[i] - older.values[i] : 0;
    }
    Totals averages;
    for (std::size_t i = 0; i < number_of_stats; ++i) {
        averages.values[i] = static_cast<std::uint64_t>(static_cast<double>(difference.values[i]) *
                                                        1e6 / static_cast<double>(us));
    }
    const auto per = [&](Stat time, Stat count) {
        averages[time] = difference[count] == 0 ? 0 : difference[time] / difference[count];
    };
    per(Stat::transaction_time, Stat::transactions);
    per(Stat::query_time, Stat::queries);
    return averages;
}

}  // namespace pgweir::daemon::console
