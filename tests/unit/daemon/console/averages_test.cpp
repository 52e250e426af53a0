#include "daemon/console/averages.hpp"

#include <cstdint>

#include <gtest/gtest.h>

namespace pgweir::daemon::console {
namespace {

using namespace std::chrono_literals;

constexpr pool::Clock::time_point start{1000s};

Totals counted(std::uint64_t queries, std::uint64_t query_time) {
    Totals totals;
    totals[Stat::queries] = queries;
    totals[Stat::query_time] = query_time;
    return totals;
}

TEST(Averages, ThereAreNoneBeforeTheFirstPeriodIsOver) {
    EXPECT_EQ(Averages(start).of("app")[Stat::queries], 0U);
}

TEST(Averages, CountsArePerSecondAndTimesPerQuery) {
    Averages averages(start);
    averages.end_period(start + 10s, {{"app", counted(100, 5000)}});
    EXPECT_EQ(averages.of("app")[Stat::queries], 10U);
    EXPECT_EQ(averages.of("app")[Stat::query_time], 50U);
    averages.end_period(start + 12s, {{"app", counted(104, 6000)}});
    EXPECT_EQ(averages.of("app")[Stat::queries], 2U);
    EXPECT_EQ(averages.of("app")[Stat::query_time], 250U);
}

TEST(Averages, APeriodWithoutAQueryHasNoTimePerQuery) {
    Averages averages(start);
    averages.end_period(start + 10s, {{"app", counted(100, 5000)}});
    averages.end_period(start + 20s, {{"app", counted(100, 5000)}});
    EXPECT_EQ(averages.of("app")[Stat::query_time], 0U);
}

TEST(Averages, AForgottenPoolDoesNotMakeThemNegative) {
    Averages averages(start);
    averages.end_period(start + 10s, {{"app", counted(100, 5000)}, {"other", counted(10, 10)}});
    averages.end_period(start + 20s, {{"other", counted(20, 20)}});
    EXPECT_EQ(averages.of("app")[Stat::queries], 0U);
    EXPECT_EQ(averages.of("other")[Stat::queries], 1U);
}

TEST(Averages, TheyAreDueWhenThePeriodIsOver) {
    Averages averages(start);
    EXPECT_FALSE(averages.is_due(start + 59s, 60s));
    EXPECT_TRUE(averages.is_due(start + 60s, 60s));
    averages.end_period(start + 60s, {});
    EXPECT_FALSE(averages.is_due(start + 119s, 60s));
}

}  // namespace
}  // namespace pgweir::daemon::console
