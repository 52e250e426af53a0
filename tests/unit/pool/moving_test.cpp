// Two workers of one pool: no client waits while the other worker has an idle server.
#include "lending_fixture.hpp"

namespace pgweir::pool {
namespace {

/// Both workers run in the test's own thread, so that each order of their steps can be made.
class MovingTest : public LendingTest {
  protected:
    void make_pool_of_one() {
        make_pool(1);
        pool = both.find_or_make(config, config.databases.back(), "shop", "ann");
    }
    PoolPart& first() { return pool->part(0); }
    PoolPart& second() { return pool->part(1); }
    template <typename Condition>
    bool run_both_until(Condition condition) {
        return run_until([&] {
            other.io.restart();
            other.io.poll();
            return condition();
        });
    }
    // LendingTest's acquire(), with both workers running.
    void acquire_at_first(TestTenant& tenant) {
        first().enqueue(tenant.waiter, Clock::now());
        ASSERT_TRUE(run_both_until([&] { return tenant.server != nullptr; }));
    }

    WorkerContext other{1};
    Registry both{{&worker, &other}, observer};
    std::shared_ptr<void> shut_down_both{nullptr, [this](void*) {
                                             both.shut_down();
                                             run_both_until([] { return true; });
                                         }};
};

TEST_F(MovingTest, AnIdleServerIsSentToTheWorkerWhoseClientBeginsToWait) {
    make_pool_of_one();
    TestTenant ann(worker.io);
    acquire_at_first(ann);
    ASSERT_TRUE(ann.server->release_if_done());
    ASSERT_TRUE(first().has_idle());
    TestTenant bob(other.io);
    EXPECT_FALSE(second().lend(bob)) << "it is not there yet";
    second().enqueue(bob.waiter, Clock::now());
    ASSERT_TRUE(run_both_until([&] { return bob.server != nullptr; }));
    EXPECT_FALSE(first().has_idle());
    EXPECT_EQ(postgresql.connections(), 1U);
    EXPECT_EQ(second().statistics().steals.get(), 1U);
    EXPECT_TRUE(bob.server->release_if_done());
}

TEST_F(MovingTest, AServerThatComesBackGoesToTheWorkerWhoseClientWaits) {
    make_pool_of_one();
    TestTenant ann(worker.io);
    acquire_at_first(ann);
    TestTenant bob(other.io);
    second().enqueue(bob.waiter, Clock::now());
    EXPECT_TRUE(pool->board().is_waiting(1));
    ASSERT_TRUE(ann.server->release_if_done());
    ASSERT_TRUE(run_both_until([&] { return bob.server != nullptr; }));
    EXPECT_FALSE(pool->board().has_waiting());
    EXPECT_TRUE(bob.server->release_if_done());
}

// The other worker had an idle server when it was asked, and has lent it when it hears of that.
TEST_F(MovingTest, AWorkerThatIsAskedTooLateHasTheAskerLookAgain) {
    make_pool_of_one();
    TestTenant ann(worker.io);
    acquire_at_first(ann);
    ASSERT_TRUE(ann.server->release_if_done());
    TestTenant bob(other.io);
    second().enqueue(bob.waiter, Clock::now());  // it asks, by a post
    ASSERT_TRUE(first().lend(ann));
    EXPECT_TRUE(run_both_until([&] { return true; }));
    EXPECT_EQ(bob.server, nullptr);
    EXPECT_TRUE(ann.server->release_if_done());
    EXPECT_TRUE(run_both_until([&] { return bob.server != nullptr; }));
    EXPECT_TRUE(bob.server->release_if_done());
}

}  // namespace
}  // namespace pgweir::pool
