#include "daemon/client/client_limits.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace pgweir::daemon {
namespace {

using Reached = ClientLimits::Reached;

// An empty one: a limit is reached.
ClientLimits::Place take(ClientLimits& limits, const std::string& database, unsigned most_there,
                         const std::string& user, unsigned most_of_user) {
    auto taken = limits.take(database, most_there, user, most_of_user);
    auto* const place = std::get_if<ClientLimits::Place>(&taken);
    return place == nullptr ? ClientLimits::Place() : std::move(*place);
}

TEST(ClientLimits, APlaceKnowsWhoseItIs) {
    ClientLimits limits(0);
    const ClientLimits::Place place = take(limits, "shop", 0, "ann", 0);
    ASSERT_TRUE(place);
    EXPECT_EQ(place.account().database, "shop");
    EXPECT_EQ(place.account().user, "ann");
}

TEST(ClientLimits, ClientsOfOneDatabaseAndUserShareOneAccount) {
    ClientLimits limits(0);
    const ClientLimits::Place a = take(limits, "shop", 0, "ann", 0);
    const ClientLimits::Place b = take(limits, "shop", 0, "ann", 0);
    const ClientLimits::Place c = take(limits, "shop", 0, "bob", 0);
    EXPECT_EQ(&a.account(), &b.account());
    EXPECT_NE(&a.account(), &c.account());
    EXPECT_EQ(a.account().of_database, c.account().of_database);
}

TEST(ClientLimits, EachLimitHoldsForItself) {
    ClientLimits limits(3);
    std::vector<ClientLimits::Place> places;
    places.push_back(take(limits, "shop", 2, "ann", 1));
    ASSERT_TRUE(places.back());
    EXPECT_EQ(std::get<Reached>(limits.take("shop", 2, "ann", 1)), Reached::of_user);
    places.push_back(take(limits, "shop", 2, "bob", 1));
    ASSERT_TRUE(places.back());
    EXPECT_EQ(std::get<Reached>(limits.take("shop", 2, "eve", 1)), Reached::of_database);
    places.push_back(take(limits, "blog", 2, "eve", 1));
    ASSERT_TRUE(places.back());
    EXPECT_EQ(std::get<Reached>(limits.take("wiki", 2, "joe", 1)), Reached::of_all);
}

TEST(ClientLimits, ARefusalTakesNoPlace) {
    ClientLimits limits(2);
    const ClientLimits::Place ann = take(limits, "shop", 0, "ann", 1);
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(take(limits, "shop", 0, "ann", 1));
    EXPECT_EQ(limits.clients_of_database("shop"), 1U);
    EXPECT_TRUE(take(limits, "shop", 0, "bob", 1));
}

TEST(ClientLimits, APlaceIsGivenBackWhenItsHolderGoes) {
    ClientLimits limits(1);
    {
        ClientLimits::Place first = take(limits, "shop", 1, "ann", 1);
        const ClientLimits::Place moved = std::move(first);
        // NOLINTNEXTLINE(bugprone-use-after-move): it must say that it holds nothing any more
        EXPECT_FALSE(first);
        EXPECT_EQ(limits.clients_of_user("ann"), 1U);
        EXPECT_FALSE(take(limits, "shop", 1, "ann", 1));
    }
    EXPECT_EQ(limits.clients_of_user("ann"), 0U);
    EXPECT_TRUE(take(limits, "shop", 1, "ann", 1));
}

TEST(ClientLimits, ALimitThatWasChangedHoldsForWhoComesNext) {
    ClientLimits limits(0);
    const ClientLimits::Place a = take(limits, "shop", 1, "ann", 0);
    const ClientLimits::Place b = take(limits, "shop", 2, "ann", 0);
    EXPECT_TRUE(b);
    EXPECT_FALSE(take(limits, "shop", 1, "bob", 0));
}

TEST(ClientLimits, WhoMayOnlyLookAtTheConsoleStandsUnderTheLimitsOfDatabaseAndUser) {
    ClientLimits limits(1);
    const ClientLimits::Place all = take(limits, "shop", 0, "bob", 0);
    const auto first = limits.take_for_console(2, "ann", 1);
    EXPECT_TRUE(std::holds_alternative<ClientLimits::Place>(first)) << "max_client_conn is reached";
    EXPECT_EQ(std::get<ClientLimits::Reached>(limits.take_for_console(2, "ann", 1)),
              ClientLimits::Reached::of_user);
    const ClientLimits::Place admin = limits.take_for_operator("eve");
    EXPECT_EQ(std::get<ClientLimits::Reached>(limits.take_for_console(2, "cid", 1)),
              ClientLimits::Reached::of_database);
}

TEST(ClientLimits, AnOperatorAtTheConsoleIsCountedAndNotLimited) {
    ClientLimits limits(1);
    const ClientLimits::Place ann = take(limits, "shop", 1, "ann", 1);
    const ClientLimits::Place console = limits.take_for_operator("ann");
    EXPECT_EQ(limits.clients_of_user("ann"), 2U);
    EXPECT_EQ(limits.clients_of_database("pgbouncer"), 1U);
    EXPECT_EQ(limits.users(), std::vector<std::string>{"ann"});
}

}  // namespace
}  // namespace pgweir::daemon
