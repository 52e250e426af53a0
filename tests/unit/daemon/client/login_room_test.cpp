#include "daemon/client/login_room.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace pgweir::daemon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LoginRoomTest : public testing::Test {
  protected:
    LoginRoom::Ticket enter(const std::string& address, const std::string& name) {
        return room.enter(address, [this, name] { left.push_back(name); });
    }

    LoginRoom room;
    std::vector<std::string> left;
};

TEST_F(LoginRoomTest, TheOldestOfTheFullestAddressMakesRoom) {
    room.set_limits({.all = 3});
    const auto a = enter("one", "a");
    const auto b = enter("two", "b");
    const auto c = enter("two", "c");
    EXPECT_THAT(left, IsEmpty());
    const auto d = enter("three", "d");
    EXPECT_THAT(left, ElementsAre("b"));
    const auto e = enter("three", "e");
    EXPECT_THAT(left, ElementsAre("b", "d"));
}

TEST_F(LoginRoomTest, AmongEqualsTheOldestMakesRoom) {
    room.set_limits({.all = 2});
    const auto a = enter("two", "a");
    const auto b = enter("one", "b");
    const auto c = enter("three", "c");
    EXPECT_THAT(left, ElementsAre("a"));
}

TEST_F(LoginRoomTest, WhoHasLoggedInIsNotAskedToLeave) {
    room.set_limits({.all = 2});
    auto a = enter("one", "a");
    const auto b = enter("one", "b");
    a = {};
    const auto c = enter("one", "c");
    EXPECT_THAT(left, IsEmpty());
    const auto d = enter("one", "d");
    EXPECT_THAT(left, ElementsAre("b"));
}

TEST_F(LoginRoomTest, AnAddressMayHaveALimitOfItsOwn) {
    room.set_limits({.all = 100, .per_address = 2});
    const auto a = enter("one", "a");
    const auto b = enter("two", "b");
    const auto c = enter("one", "c");
    const auto d = enter("one", "d");
    EXPECT_THAT(left, ElementsAre("a"));
}

TEST_F(LoginRoomTest, RoomIsMadeOnDemand) {
    const auto a = enter("one", "a");
    const auto b = enter("one", "b");
    const auto c = enter("two", "c");
    EXPECT_EQ(room.make_room(2), 2U);
    EXPECT_THAT(left, ElementsAre("a", "b"));
    EXPECT_EQ(room.make_room(5), 1U);
    EXPECT_EQ(room.make_room(5), 0U);
}

TEST_F(LoginRoomTest, WhoWasPushedOutMayGiveItsTicketBack) {
    room.set_limits({.all = 1});
    auto a = enter("one", "a");
    auto b = enter("one", "b");
    a = {};
    b = {};
    const auto c = enter("one", "c");
    EXPECT_THAT(left, ElementsAre("a"));
}

TEST(LoginLimits, FollowMaxClientConn) {
    conf::Config config;
    config.max_client_conn = 20;
    EXPECT_EQ(login_limits(config).all, 100U);
    config.max_client_conn = 60;
    EXPECT_EQ(login_limits(config).all, 120U);
    config.max_login_conn = 7;
    config.max_login_conn_per_address = 3;
    EXPECT_EQ(login_limits(config).all, 7U);
    EXPECT_EQ(login_limits(config).per_address, 3U);
}

TEST(LoginAddress, IsWithoutThePortAndOfIpv6TheNetwork) {
    EXPECT_EQ(login_address("10.0.0.1:5000", -1), login_address("10.0.0.1:5001", -1));
    EXPECT_NE(login_address("10.0.0.1:5000", -1), login_address("10.0.0.2:5000", -1));
    EXPECT_EQ(login_address("[2001:db8::1]:5000", -1), login_address("[2001:db8::ffff:2]:1", -1));
    EXPECT_NE(login_address("[2001:db8::1]:5000", -1), login_address("[2001:db8:0:1::1]:1", -1));
    EXPECT_EQ(login_address("[::ffff:10.0.0.1]:1", -1), login_address("[::ffff:10.0.0.1]:2", -1));
}

}  // namespace
}  // namespace pgweir::daemon
