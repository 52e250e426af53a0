#include "pool/lending/throttle.hpp"

#include <gtest/gtest.h>

namespace pgweir::pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Throttle, WhatIsAskedForRarelyIsDoneAtOnce) {
    Throttle throttle(seconds(4));
    const Clock::time_point now = Clock::now();
    EXPECT_TRUE(throttle.ask(now));
    EXPECT_TRUE(throttle.ask(now + seconds(4)));
    EXPECT_FALSE(throttle.is_due(now + seconds(10))) << "nobody has asked again";
}

TEST(Throttle, WhatIsAskedForTooOftenIsDoneOnceWhenTheRestIsOver) {
    Throttle throttle(seconds(4));
    const Clock::time_point now = Clock::now();
    EXPECT_TRUE(throttle.ask(now));
    for (int n = 1; n < 1000; ++n) EXPECT_FALSE(throttle.ask(now + milliseconds(n)));
    EXPECT_FALSE(throttle.is_due(now + milliseconds(3999)));
    EXPECT_TRUE(throttle.is_due(now + seconds(4)));
    EXPECT_FALSE(throttle.is_due(now + seconds(4))) << "once";
    EXPECT_FALSE(throttle.ask(now + seconds(5))) << "it has just been done";
}

}  // namespace
}  // namespace pgweir::pool
