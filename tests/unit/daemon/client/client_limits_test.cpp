#include "daemon/client/client_limits.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace pgweir::daemon {
namespace {

TEST(ClientLimits, APlaceKnowsWhoseItIs) {
    ClientLimits limits(0);
    const ClientLimits::Place place = limits.take("shop", 0, "ann", 0);
    ASSERT_TRUE(place);
    EXPECT_EQ(place.account().database, "shop");
    EXPECT_EQ(place.account().user, "ann");
}

TEST(ClientLimits, ClientsOfOneDatabaseAndUserShareOneAccount) {
    ClientLimits limits(0);
    const ClientLimits::Place a = limits.take("shop", 0, "ann", 0);
    const ClientLimits::Place b = limits.take("shop", 0, "ann", 0);
    const ClientLimits::Place c = limits.take("shop", 0, "bob", 0);
    EXPECT_EQ(&a.account(), &b.account());
    EXPECT_NE(&a.account(), &c.account());
    EXPECT_EQ(a.account().of_database, c.account().of_database);
}

TEST(ClientLimits, EachLimitHoldsForItself) {
    ClientLimits limits(3);
    std::vector<ClientLimits::Place> places;
    places.push_back(limits.take("shop", 2, "ann", 1));
    ASSERT_TRUE(places.back());
    EXPECT_FALSE(limits.take("shop", 2, "ann", 1)) << "ann has her one";
    places.push_back(limits.take("shop", 2, "bob", 1));
    ASSERT_TRUE(places.back());
    EXPECT_FALSE(limits.take("shop", 2, "eve", 1)) << "two in the shop";
    places.push_back(limits.take("blog", 2, "eve", 1));
    ASSERT_TRUE(places.back());
    EXPECT_FALSE(limits.take("wiki", 2, "joe", 1)) << "three in all";
}

TEST(ClientLimits, ARefusalTakesNoPlace) {
    ClientLimits limits(2);
    const ClientLimits::Place ann = limits.take("shop", 0, "ann", 1);
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(limits.take("shop", 0, "ann", 1));
    EXPECT_EQ(limits.clients_of_database("shop"), 1U);
    EXPECT_TRUE(limits.take("shop", 0, "bob", 1));
}

TEST(ClientLimits, APlaceIsGivenBackWhenItsHolderGoes) {
    ClientLimits limits(1);
    {
        ClientLimits::Place first = limits.take("shop", 1, "ann", 1);
        const ClientLimits::Place moved = std::move(first);
        // NOLINTNEXTLINE(bugprone-use-after-move): it must say that it holds nothing any more
        EXPECT_FALSE(first);
        EXPECT_EQ(limits.clients_of_user("ann"), 1U);
        EXPECT_FALSE(limits.take("shop", 1, "ann", 1));
    }
    EXPECT_EQ(limits.clients_of_user("ann"), 0U);
    EXPECT_TRUE(limits.take("shop", 1, "ann", 1));
}

TEST(ClientLimits, ALimitThatWasChangedHoldsForWhoComesNext) {
    ClientLimits limits(0);
    const ClientLimits::Place a = limits.take("shop", 1, "ann", 0);
    const ClientLimits::Place b = limits.take("shop", 2, "ann", 0);
    EXPECT_TRUE(b);
    EXPECT_FALSE(limits.take("shop", 1, "bob", 0));
}

}  // namespace
}  // namespace pgweir::daemon
