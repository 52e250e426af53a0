// Connections that serve one client alone.
#include "lending_fixture.hpp"

namespace pgweir::pool {
namespace {

using protocol::Replication;
using testing::ElementsAre;
using testing::IsEmpty;

class DedicatedServersTest : public LendingTest {
  protected:
    void make_pool_under(unsigned max_db_connections) {
        config.pool.max_db_connections = max_db_connections;
        make_pool(1);
    }
    void enqueue(TestTenant& tenant) {
        tenant.keeps_server = true;
        tenant.waiter.dedicated = std::make_shared<const DedicatedLogin>(
            DedicatedLogin{Replication::logical, worker.settings.none()});
        part().enqueue(tenant.waiter, Clock::now());
    }
    void acquire_own(TestTenant& tenant) {
        enqueue(tenant);
        ASSERT_TRUE(run_until([&] { return tenant.server != nullptr; }));
    }
};

TEST_F(DedicatedServersTest, AConnectionIsMadeForOneClientAndClosedAfterUse) {
    make_pool(2);
    Holder ordinary(*this);
    TestTenant streams(worker.io);
    acquire_own(streams);
    EXPECT_NE(streams.server, ordinary.server);
    EXPECT_EQ(streams.server->connection().replication, Replication::logical);
    EXPECT_EQ(pool->budget().open(), 2U);
    EXPECT_EQ(statistics().servers_dedicated.get(), 1U);
    EXPECT_FALSE(streams.server->release_if_done());
    streams.leave(false, false);
    EXPECT_THAT(observer.closed, ElementsAre(ServerClose::client_left));
    EXPECT_EQ(statistics().servers_dedicated.get(), 0U);
    EXPECT_EQ(pool->budget().open(), 1U);
    EXPECT_TRUE(ordinary.server->release_if_done());
}

// As in PgBouncer: it counts against pool_size, and waits.
TEST_F(DedicatedServersTest, AConnectionWaitsForAPlaceUnderThePoolsSize) {
    make_pool(1);
    Holder ordinary(*this);
    TestTenant streams(worker.io);
    enqueue(streams);
    settle();
    EXPECT_EQ(streams.server, nullptr);
    EXPECT_TRUE(ordinary.server->release_if_done());
    ASSERT_TRUE(run_until([&] { return streams.server != nullptr; }));
    EXPECT_THAT(observer.closed, ElementsAre(ServerClose::evicted));
}

TEST_F(DedicatedServersTest, AnIdleServerGivesWayUnderTheDatabasesLimit) {
    make_pool_under(1);
    warm_up();
    TestTenant streams(worker.io);
    acquire_own(streams);
    EXPECT_THAT(observer.closed, ElementsAre(ServerClose::evicted));
    EXPECT_EQ(statistics().servers_idle.get(), 0U);
}

TEST_F(DedicatedServersTest, TheNextServerThatComesBackGivesWayAndOnlyThat) {
    make_pool_under(1);
    Holder first(*this);
    TestTenant rival(worker.io);
    part().enqueue(rival.waiter, Clock::now());
    TestTenant streams(worker.io);
    enqueue(streams);
    settle();
    EXPECT_EQ(streams.server, nullptr);
    EXPECT_THAT(observer.closed, IsEmpty());
    EXPECT_TRUE(first.server->release_if_done());
    ASSERT_TRUE(run_until([&] { return streams.server != nullptr; }));
    EXPECT_EQ(rival.server, nullptr);
    streams.leave(false, false);
    ASSERT_TRUE(run_until([&] { return rival.server != nullptr; }));
    EXPECT_TRUE(rival.server->release_if_done());
    settle();
    EXPECT_EQ(statistics().servers_idle.get(), 1U) << "nobody is owed a place any more";
}

TEST_F(DedicatedServersTest, AClientThatLeavesTheQueueClaimsNothing) {
    make_pool_under(1);
    Holder first(*this);
    TestTenant streams(worker.io);
    enqueue(streams);
    part().withdraw(streams.waiter);
    EXPECT_TRUE(first.server->release_if_done());
    settle();
    EXPECT_EQ(statistics().servers_idle.get(), 1U);
    EXPECT_THAT(observer.closed, IsEmpty());
}

TEST_F(DedicatedServersTest, AConnectionWhoseClientLeftMeanwhileIsClosed) {
    make_pool_under(1);
    TestTenant streams(worker.io);
    enqueue(streams);
    part().withdraw(streams.waiter);
    ASSERT_TRUE(run_until([&] { return !observer.closed.empty(); }));
    EXPECT_THAT(observer.closed, ElementsAre(ServerClose::client_left));
    EXPECT_EQ(streams.leases, 0);
    TestTenant next(worker.io);
    acquire_own(next);
}

}  // namespace
}  // namespace pgweir::pool
