#include "daemon/auth/login_brake.hpp"

#include <gtest/gtest.h>

namespace pgweir::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr LoginBrake::Rules rules{
    .failure_limit = 3, .failure_delay = milliseconds(100), .failure_block = seconds(60)};

class LoginBrakeTest : public testing::Test {
  protected:
    LoginBrake::Failure fail(std::string_view address = "10.0.0.1",
                             std::string_view user = "alice") {
        return brake.failed(address, user, rules, now);
    }
    [[nodiscard]] bool blocked(std::string_view address = "10.0.0.1",
                               std::string_view user = "alice") {
        return brake.blocked_for(address, user, now).has_value();
    }

    LoginBrake brake;
    LoginBrake::Clock::time_point now{};
};

TEST_F(LoginBrakeTest, DelaysEachFailureTwiceAsLongAsTheOneBefore) {
    EXPECT_EQ(fail().delay, milliseconds(100));
    EXPECT_EQ(fail().delay, milliseconds(200));
    EXPECT_EQ(fail().delay, milliseconds(400));
}

TEST_F(LoginBrakeTest, DelaysNobodyLongerThanTheBound) {
    for (int i = 0; i < 100; ++i) EXPECT_LE(fail().delay, LoginBrake::max_delay);
    EXPECT_EQ(fail().delay, LoginBrake::max_delay);
}

TEST_F(LoginBrakeTest, ShutsTheDoorAtTheLimitAndOpensItAfterATime) {
    EXPECT_FALSE(fail().blocks);
    EXPECT_FALSE(fail().blocks);
    EXPECT_FALSE(blocked());
    EXPECT_TRUE(fail().blocks);
    EXPECT_TRUE(blocked());
    EXPECT_EQ(brake.blocked_for("10.0.0.1", "alice", now), seconds(60));
    now += seconds(59);
    EXPECT_TRUE(blocked());
    now += seconds(1);
    EXPECT_FALSE(blocked());
    EXPECT_FALSE(fail().blocks) << "it counts from the beginning";
}

TEST_F(LoginBrakeTest, ShutsItForThisUserFromThisAddressOnly) {
    for (int i = 0; i < 3; ++i) fail();
    EXPECT_TRUE(blocked());
    EXPECT_FALSE(blocked("10.0.0.2", "alice"));
    EXPECT_FALSE(blocked("10.0.0.1", "bob"));
}

TEST_F(LoginBrakeTest, ForgetsFailuresAfterASuccess) {
    fail();
    fail();
    brake.succeeded("10.0.0.1", "alice");
    EXPECT_EQ(fail().delay, milliseconds(100));
}

TEST_F(LoginBrakeTest, ForgetsFailuresThatAreLongAgo) {
    fail();
    fail();
    now += minutes(11);
    EXPECT_FALSE(fail().blocks);
}

TEST_F(LoginBrakeTest, NeitherDelaysNorBlocksWhereTheRulesSayZero) {
    for (int i = 0; i < 50; ++i) {
        const auto failure = brake.failed("10.0.0.1", "alice", {.failure_limit = 0}, now);
        EXPECT_EQ(failure.delay, milliseconds(0));
        EXPECT_FALSE(failure.blocks);
    }
    EXPECT_FALSE(blocked());
}

TEST_F(LoginBrakeTest, KeepsWhoFailedMostWhenNamesFloodIt) {
    for (int i = 0; i < 3; ++i) fail();
    for (std::size_t i = 0; i < LoginBrake::max_entries + 100; ++i) {
        fail("10.0.0.9", "name" + std::to_string(i));
    }
    EXPECT_TRUE(blocked());
}

}  // namespace
}  // namespace pgweir::daemon
