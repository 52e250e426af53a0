// The queue of one worker, and what the others see of it.
#include "pool/lending/waiter_queue.hpp"

#include <array>

#include "lending_fixture.hpp"

namespace pgweir::pool {
namespace {

class WaiterQueueTest : public testing::Test {
  protected:
    WaiterQueueTest() {
        for (std::size_t i = 0; i < tenants.size(); ++i) {
            tenants[i].waiter.waits = true;
            tenants[i].waiter.since = begin + milliseconds(i);
        }
    }
    void add_all() {
        for (TestTenant& tenant : tenants) queue.add(tenant.waiter);
    }

    const Clock::time_point begin{std::chrono::hours(1)};
    asio::io_context io;
    std::array<TestTenant, 3> tenants{TestTenant(io), TestTenant(io), TestTenant(io)};
    WaitingBoard board{2};
    WaiterQueue queue{board, 1};
};

TEST_F(WaiterQueueTest, ShowsOthersSinceWhenItsFirstWaiterWaits) {
    EXPECT_EQ(queue.oldest(), std::nullopt);
    add_all();
    EXPECT_EQ(queue.size(), 3U);
    EXPECT_EQ(queue.oldest(), begin);
    EXPECT_EQ(board.longest_waiting(0, std::nullopt), 1U);
    EXPECT_EQ(board.oldest_waiting(), begin);
    EXPECT_EQ(&queue.take_front(), &tenants[0].waiter);
    EXPECT_EQ(board.oldest_waiting(), begin + milliseconds(1));
    queue.withdraw(tenants[1].waiter);
    EXPECT_EQ(board.oldest_waiting(), begin + milliseconds(2));
    queue.withdraw(tenants[2].waiter);
    EXPECT_TRUE(queue.empty());
    EXPECT_FALSE(board.is_waiting(1));
}

TEST_F(WaiterQueueTest, WhoeverWithdrawsWaitsNoLonger) {
    add_all();
    queue.withdraw(tenants[1].waiter);
    queue.withdraw(tenants[1].waiter);  // which does nothing
    EXPECT_FALSE(tenants[1].waiter.waits);
    EXPECT_EQ(tenants[1].waiter.refusal, nullptr);
    EXPECT_EQ(queue.size(), 2U);
    queue.withdraw(tenants[0].waiter);
    queue.withdraw(tenants[2].waiter);
}

TEST_F(WaiterQueueTest, ARefusalReachesAllOfThem) {
    add_all();
    queue.refuse(protocol::ErrorReport::fatal("57P03", "no server"));
    EXPECT_TRUE(queue.empty());
    EXPECT_FALSE(board.has_waiting());
    for (const TestTenant& tenant : tenants) {
        EXPECT_FALSE(tenant.waiter.waits);
        ASSERT_NE(tenant.waiter.refusal, nullptr);
        EXPECT_EQ(tenant.waiter.refusal->message, "no server");
    }
}

TEST_F(WaiterQueueTest, ARefusalMayBeForThoseAloneWhoHaveWaitedForAWhile) {
    add_all();
    queue.refuse(protocol::ErrorReport::fatal("28P01", "no"), begin + milliseconds(1));
    EXPECT_NE(tenants[1].waiter.refusal, nullptr);
    EXPECT_TRUE(tenants[2].waiter.waits);
    EXPECT_EQ(queue.oldest(), begin + milliseconds(2));
    queue.withdraw(tenants[2].waiter);
}

}  // namespace
}  // namespace pgweir::pool
