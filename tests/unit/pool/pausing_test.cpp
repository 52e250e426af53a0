// PAUSE, RESUME, RECONNECT and KILL, as a pool sees them.
#include "lending_fixture.hpp"
#include "pool/lending/server_view.hpp"

namespace pgweir::pool {
namespace {

class PausingTest : public LendingTest {
  protected:
    void pause(bool paused) {
        const std::string database = "shop";
        registry.pause(&database, paused);
        step();
    }
    [[nodiscard]] unsigned servers() const { return pool->budget().open(); }
};

TEST_F(PausingTest, IdleServersAreClosedAndNobodyGetsOneUntilItGoesOn) {
    make_pool(2);
    warm_up();
    pause(true);
    EXPECT_TRUE(run_until([&] { return servers() == 0; }));
    TestTenant ann(worker.io);
    EXPECT_FALSE(part().lend(ann));
    part().enqueue(ann.waiter, Clock::now());
    settle();
    EXPECT_EQ(ann.server, nullptr);
    EXPECT_EQ(postgresql.connections(), 1U) << "no connection is made while it is paused";
    pause(false);
    ASSERT_TRUE(run_until([&] { return ann.server != nullptr; }));
    EXPECT_EQ(postgresql.connections(), 2U);
    EXPECT_TRUE(ann.server->release_if_done());
}

TEST_F(PausingTest, WhoHasAServerKeepsItUntilHeIsDone) {
    make_pool(2);
    Holder ann(*this);
    pause(true);
    settle();
    ASSERT_NE(ann.server, nullptr);
    EXPECT_EQ(servers(), 1U);
    EXPECT_TRUE(ann.server->release_if_done());
    EXPECT_EQ(ann.server, nullptr);
    EXPECT_TRUE(run_until([&] { return servers() == 0; }));
}

TEST_F(PausingTest, AConnectionThatWasBegunIsClosedWhenItIsMade) {
    make_pool(1);
    TestTenant ann(worker.io);
    part().enqueue(ann.waiter, Clock::now());
    pause(true);
    EXPECT_TRUE(run_until([&] { return servers() == 0; }));
    EXPECT_EQ(ann.server, nullptr);
    pause(false);
    ASSERT_TRUE(run_until([&] { return ann.server != nullptr; }));
    EXPECT_TRUE(ann.server->release_if_done());
}

// It was asked for its defaults, and nobody was left to close it: leaked at the end.
TEST_F(PausingTest, AConnectionThatIsMadeAfterTheShutdownIsClosedUnasked) {
    config.pool.login_defaults_interval = std::chrono::seconds(5);
    make_pool(1);
    TestTenant ann(worker.io);
    part().enqueue(ann.waiter, Clock::now());
    part().withdraw(ann.waiter);
    part().shut_down();
    EXPECT_TRUE(run_until([&] { return servers() == 0; }));
    EXPECT_THAT(observer.closed, testing::ElementsAre(ServerClose::shutdown));
    postgresql.poll();
    EXPECT_EQ(next_message(), "X");
}

TEST_F(PausingTest, AReloadGoesOnBeingPaused) {
    make_pool(1);
    pause(true);
    registry.reconfigure(config);
    step();
    EXPECT_TRUE(pool->setup()->paused);
    EXPECT_FALSE(registry.switches().all_are_paused());
    pause(false);
    EXPECT_FALSE(pool->setup()->paused);
}

// Whoever waits would else wait for another attempt that fails.
TEST_F(PausingTest, AReloadThatChangesNothingForgetsNoOutageEvenBehindAReconnect) {
    make_pool(1);
    pool->reconnect();
    step();
    pool->outages().note_failure(std::nullopt, "no route", milliseconds(1000), Clock::now());
    registry.reconfigure(config);
    step();
    EXPECT_TRUE(pool->outages().is_down());
    pool->reconnect();
    EXPECT_FALSE(pool->outages().is_down()) << "the next attempt is made otherwise";
}

TEST_F(PausingTest, OneThatIsPausedAloneStaysSoWhenAllGoOn) {
    make_pool(1);
    pause(true);
    registry.pause(nullptr, true);
    registry.pause(nullptr, false);
    EXPECT_TRUE(pool->setup()->paused);
    pause(false);
}

TEST_F(PausingTest, ReconnectReplacesAServerWhenItIsFree) {
    make_pool(1);
    Holder ann(*this);
    pool->reconnect();
    settle();
    ASSERT_NE(ann.server, nullptr);
    EXPECT_TRUE(view_of(*ann.server, part()).close_needed);
    EXPECT_TRUE(ann.server->release_if_done());
    EXPECT_TRUE(run_until([&] { return servers() == 0; }));
    acquire(ann);
    EXPECT_FALSE(view_of(*ann.server, part()).close_needed);
    EXPECT_EQ(postgresql.connections(), 2U);
    EXPECT_TRUE(ann.server->release_if_done());
}

TEST_F(PausingTest, KillClosesServersWhateverTheyDo) {
    make_pool(1);
    Holder ann(*this);
    pool->close_servers();
    EXPECT_TRUE(run_until([&] { return ann.server == nullptr; }));
    EXPECT_EQ(servers(), 0U);
    EXPECT_EQ(ann.lost.size(), 1U);
}

}  // namespace
}  // namespace pgweir::pool
