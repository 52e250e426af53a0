// Places under the limits of a pool, its database and its user.
#include "pool/lending/pool_places.hpp"

#include <gtest/gtest.h>

namespace pgweir::pool {
namespace {

std::shared_ptr<Budget> limit(unsigned of) {
    return std::make_shared<Budget>(of);
}

TEST(PoolPlaces, APlaceIsTakenUnderEachLimitOrUnderNone) {
    struct Case {
        unsigned own;
        unsigned database;
        unsigned user;
        bool has_second;
    };
    for (const Case& each : {Case{2, 2, 2, true}, Case{0, 0, 0, true}, Case{1, 2, 2, false},
                             Case{2, 1, 2, false}, Case{2, 2, 1, false}}) {
        const auto database = limit(each.database);
        const auto user = limit(each.user);
        PoolPlaces places(each.own, database, user);
        EXPECT_TRUE(places.try_take());
        EXPECT_EQ(places.are_full(), !each.has_second);
        EXPECT_EQ(places.try_take(), each.has_second);
        const unsigned taken = each.has_second ? 2 : 1;
        EXPECT_EQ(places.own().open(), taken);
        EXPECT_EQ(database->open(), taken);
        EXPECT_EQ(user->open(), taken);
        for (unsigned i = 0; i < taken; ++i) places.give_back();
        EXPECT_EQ(places.own().open() + database->open() + user->open(), 0U);
    }
}

TEST(PoolPlaces, TheReserveIsBeyondThePoolsOwnLimitAndUnderTheOthers) {
    const auto database = limit(3);
    PoolPlaces places(1, database, limit(0), 5);
    EXPECT_TRUE(places.try_take());
    EXPECT_FALSE(places.try_take());
    EXPECT_TRUE(places.try_take_reserve());
    EXPECT_TRUE(places.try_take_reserve());
    EXPECT_FALSE(places.try_take_reserve()) << "the database's";
    EXPECT_FALSE(places.are_overdrawn());
    places.set_limits(1, 1);
    EXPECT_TRUE(places.are_overdrawn());
    for (int i = 0; i < 3; ++i) places.give_back();
    EXPECT_EQ(places.own().open() + database->open(), 0U);
}

TEST(PoolPlaces, WithoutAReserveThereIsNoneToTake) {
    PoolPlaces places(1, limit(0), limit(0));
    EXPECT_TRUE(places.try_take());
    EXPECT_FALSE(places.try_take_reserve());
}

TEST(PoolPlaces, PoolsShareALimitOnlyWhereThereIsOne) {
    const auto ones = limit(5);
    const auto unlimited = limit(0);
    const PoolPlaces first(1, ones, unlimited);
    EXPECT_TRUE(first.may_be_shared());
    EXPECT_TRUE(first.share_limit_with(PoolPlaces(1, ones, limit(3))));
    EXPECT_FALSE(first.share_limit_with(PoolPlaces(1, limit(5), unlimited)));
    EXPECT_TRUE(PoolPlaces(1, unlimited, ones).share_limit_with(PoolPlaces(1, limit(1), ones)));
    EXPECT_FALSE(PoolPlaces(1, unlimited, unlimited).may_be_shared());
}

}  // namespace
}  // namespace pgweir::pool
