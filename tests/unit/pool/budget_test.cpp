#include "pool/lending/budget.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace pgweir::pool {
namespace {

unsigned take_all(Budget& budget, unsigned at_most) {
    unsigned taken = 0;
    while (taken < at_most && budget.try_take()) ++taken;
    return taken;
}

TEST(Budget, GivesAsManyPlacesAsTheLimit) {
    Budget budget(3);
    EXPECT_EQ(take_all(budget, 100), 3U);
    EXPECT_EQ(budget.open(), 3U);
    EXPECT_FALSE(budget.is_over());
}

TEST(Budget, APlaceGivenBackCanBeTakenAgain) {
    Budget budget(1);
    ASSERT_TRUE(budget.try_take());
    ASSERT_FALSE(budget.try_take());
    budget.give_back();
    EXPECT_EQ(budget.open(), 0U);
    EXPECT_TRUE(budget.try_take());
}

TEST(Budget, ARefusalTakesNothing) {
    Budget budget(1);
    ASSERT_TRUE(budget.try_take());
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(budget.try_take());
    EXPECT_EQ(budget.open(), 1U);
}

TEST(Budget, ZeroIsNoLimit) {
    Budget budget(0);
    EXPECT_EQ(take_all(budget, 1000), 1000U);
    EXPECT_EQ(budget.open(), 1000U) << "what is open is counted all the same";
    EXPECT_FALSE(budget.is_over());
}

TEST(Budget, ALoweredLimitHoldsForNewPlacesAndLeavesTheOldOnes) {
    Budget budget(4);
    ASSERT_EQ(take_all(budget, 4), 4U);
    budget.set_limit(2);
    EXPECT_EQ(budget.limit(), 2U);
    EXPECT_TRUE(budget.is_over());
    budget.give_back();
    EXPECT_TRUE(budget.is_over());
    EXPECT_FALSE(budget.try_take());
    budget.give_back();
    EXPECT_FALSE(budget.is_over()) << "two of two are not over";
    EXPECT_FALSE(budget.try_take());
    budget.give_back();
    EXPECT_TRUE(budget.try_take());
}

TEST(Budget, ARaisedOrLiftedLimitHoldsAtOnce) {
    Budget budget(1);
    ASSERT_EQ(take_all(budget, 10), 1U);
    budget.set_limit(3);
    EXPECT_EQ(take_all(budget, 10), 2U);
    budget.set_limit(0);
    EXPECT_FALSE(budget.is_over());
    EXPECT_EQ(take_all(budget, 10), 10U);
    budget.set_limit(5);
    EXPECT_TRUE(budget.is_over());
}

TEST(Budget, ManyThreadsNeverExceedTheLimit) {
    constexpr unsigned limit = 3;
    constexpr unsigned rounds = 2'000;
    constexpr unsigned threads_at_once = 8;
    Budget budget(limit);
    std::atomic<unsigned> holders{0};
    std::atomic<unsigned> most{0};
    std::atomic<unsigned> granted{0};
    {
        std::vector<std::jthread> threads;
        for (unsigned i = 0; i < threads_at_once; ++i) {
            threads.emplace_back([&] {
                for (unsigned round = 0; round < rounds; ++round) {
                    while (!budget.try_take()) std::this_thread::yield();
                    const unsigned now = ++holders;
                    unsigned seen = most.load();
                    while (now > seen && !most.compare_exchange_weak(seen, now)) {
                    }
                    ++granted;
                    if (round % 16 == 0) std::this_thread::yield();
                    --holders;
                    budget.give_back();
                }
            });
        }
    }
    EXPECT_LE(most, limit);
    EXPECT_EQ(granted, threads_at_once * rounds) << "everybody gets one in the end";
    EXPECT_EQ(budget.open(), 0U);
}

}  // namespace
}  // namespace pgweir::pool
