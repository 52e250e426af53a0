#include "pool/server/server_lifecycle.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>

namespace pgweir::pool {
namespace {

using enum ServerState;

constexpr std::array every{idle, leased, cleaning, leaving, closed};

TEST(ServerLifecycleTest, ArrowsAreThoseOfTheTable) {
    for (const ServerState from : every) {
        EXPECT_FALSE(may_follow(from, from));
        EXPECT_FALSE(may_follow(closed, from)) << "nothing comes back";
        EXPECT_EQ(may_follow(from, closed), from != closed);
    }
    EXPECT_TRUE(may_follow(cleaning, idle) && may_follow(cleaning, leased) &&
                may_follow(cleaning, leaving));
    EXPECT_TRUE(may_follow(idle, leased) && may_follow(idle, cleaning) &&
                may_follow(idle, leaving));
    EXPECT_TRUE(may_follow(leased, cleaning));
    EXPECT_FALSE(may_follow(leased, idle)) << "not before it is clean";
    EXPECT_FALSE(may_follow(leased, leaving));
    EXPECT_FALSE(may_follow(leaving, idle));
}

TEST(ServerLifecycleTest, GaugesAreWhatTheStatesSay) {
    PoolStatistics statistics;
    std::optional<ServerLifecycle> server(std::in_place, statistics);
    const auto counts = [&] {
        return std::array{statistics.servers_idle.get(), statistics.servers_active.get(),
                          statistics.servers_reset.get()};
    };
    using Counts = std::array<std::uint64_t, 3>;
    EXPECT_EQ(counts(), (Counts{0, 0, 1})) << "a new one is nobody's yet";
    server->to(idle);
    EXPECT_EQ(counts(), (Counts{1, 0, 0}));
    server->to(leased);
    EXPECT_EQ(counts(), (Counts{0, 1, 0}));
    server->to(cleaning);
    EXPECT_EQ(counts(), (Counts{0, 0, 1}));
    server->to(leaving);
    EXPECT_EQ(counts(), (Counts{0, 0, 0}));
    server->to(closed);
    server.reset();
    EXPECT_EQ(counts(), (Counts{0, 0, 0}));
}

TEST(ServerLifecycleTest, ServerThatGoesUnclosedIsCountedNoMore) {
    PoolStatistics statistics;
    { const ServerLifecycle server(statistics); }
    EXPECT_EQ(statistics.servers_reset.get(), 0U);
}

}  // namespace
}  // namespace pgweir::pool
