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
        EXPECT_TRUE(places.try_take(Place::shared));
        EXPECT_EQ(places.are_full(), !each.has_second);
        EXPECT_EQ(places.try_take(Place::shared), each.has_second);
        const unsigned taken = each.has_second ? 2 : 1;
        EXPECT_EQ(places.own().open(), taken);
        EXPECT_EQ(database->open(), taken);
        EXPECT_EQ(user->open(), taken);
        for (unsigned i = 0; i < taken; ++i) places.give_back(Place::shared);
        EXPECT_EQ(places.own().open() + database->open() + user->open(), 0U);
    }
}

TEST(PoolPlaces, ADedicatedConnectionIsNotUnderThePoolsOwnLimit) {
    const auto database = limit(2);
    PoolPlaces places(1, database, limit(0));
    EXPECT_TRUE(places.try_take(Place::shared));
    EXPECT_TRUE(places.try_take(Place::dedicated));
    EXPECT_EQ(places.own().open(), 1U);
    EXPECT_EQ(database->open(), 2U);
    EXPECT_FALSE(places.try_take(Place::dedicated)) << "the database's";
    places.give_back(Place::dedicated);
    EXPECT_EQ(places.own().open(), 1U);
    EXPECT_EQ(database->open(), 1U);
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
