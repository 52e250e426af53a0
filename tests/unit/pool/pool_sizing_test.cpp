#include "pool/lending/pool_sizing.hpp"

#include <gtest/gtest.h>

#include <array>

namespace pgweir::pool {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

TEST(PoolSizing, EachWaitingClientIsWorthOneConnection) {
    EXPECT_EQ(connections_to_start(0, 0), 0U);
    EXPECT_EQ(connections_to_start(1, 0), 1U);
    EXPECT_EQ(connections_to_start(7, 0), 7U);
}

TEST(PoolSizing, WhatIsBeingOpenedWillServeSomebody) {
    EXPECT_EQ(connections_to_start(7, 3), 4U);
    EXPECT_EQ(connections_to_start(3, 3), 0U);
}

TEST(PoolSizing, ClientsThatGaveUpAskForNothing) {
    EXPECT_EQ(connections_to_start(0, 3), 0U);
    EXPECT_EQ(connections_to_start(2, 3), 0U);
}

TEST(RetryDelay, DoublesFromATenthOfASecondToTwoSeconds) {
    constexpr std::array<milliseconds, 8> expected{100ms,  200ms,  400ms,  800ms,
                                                   1600ms, 2000ms, 2000ms, 2000ms};
    for (unsigned failures = 1; failures <= expected.size(); ++failures) {
        EXPECT_EQ(retry_delay(failures, 15s), expected[failures - 1]) << failures << " failures";
    }
}

TEST(RetryDelay, IsNeverLongerThanTheConfiguredOne) {
    EXPECT_EQ(retry_delay(1, 50ms), 50ms);
    EXPECT_EQ(retry_delay(3, 300ms), 300ms);
    EXPECT_EQ(retry_delay(9, 1s), 1s);
}

TEST(RetryDelay, IsNeverShorterThanTenMilliseconds) {
    EXPECT_EQ(retry_delay(1, 0ms), 10ms);
}

TEST(RetryDelay, DoesNotOverflowInALongOutage) {
    EXPECT_EQ(retry_delay(1000, 15s), 2s);
    EXPECT_EQ(retry_delay(~0U, 15s), 2s);
}

TEST(RetryDelay, OfNoFailureIsThatOfTheFirst) {
    EXPECT_EQ(retry_delay(0, 15s), 100ms);
}

}  // namespace
}  // namespace pgweir::pool
