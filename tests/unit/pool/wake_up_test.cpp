#include "pool/io/wake_up.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <memory>

namespace pgweir::pool {
namespace {

class WakeUpTest : public testing::Test {
  protected:
    // Starts a coroutine that waits again and again.
    void start_waiting(int times) {
        asio::co_spawn(io.get_executor(), wait(times), asio::detached);
        run();
    }
    Task<> wait(int times) {
        for (; times > 0; --times) {
            co_await wake_up.wait();
            ++resumed;
        }
    }
    void run() {
        io.restart();
        io.poll();
    }

    asio::io_context io{1};
    WakeUp wake_up{io};
    int resumed = 0;
};

TEST_F(WakeUpTest, WaitsUntilItIsNotified) {
    start_waiting(1);
    run();
    EXPECT_EQ(resumed, 0);
    wake_up.notify();
    run();
    EXPECT_EQ(resumed, 1);
}

TEST_F(WakeUpTest, RemembersANotificationThatCameBeforeTheWait) {
    wake_up.notify();
    start_waiting(1);
    EXPECT_EQ(resumed, 1);
}

TEST_F(WakeUpTest, NeverRunsTheWaiterInline) {
    start_waiting(1);
    wake_up.notify();
    EXPECT_EQ(resumed, 0) << "who notifies is not interrupted";
    run();
    EXPECT_EQ(resumed, 1);

    // Nor from within the loop itself, where Asio could.
    start_waiting(1);
    int seen = -1;
    asio::post(io.get_executor(), [&] {
        wake_up.notify();
        seen = resumed;
    });
    run();
    EXPECT_EQ(seen, 1);
    EXPECT_EQ(resumed, 2);
}

TEST_F(WakeUpTest, OneNotificationEndsOneWait) {
    start_waiting(3);
    wake_up.notify();
    run();
    EXPECT_EQ(resumed, 1);
    wake_up.notify();
    run();
    EXPECT_EQ(resumed, 2);
    run();
    EXPECT_EQ(resumed, 2);
}

TEST_F(WakeUpTest, NotificationsBeforeAWaitCountAsOne) {
    for (int i = 0; i < 5; ++i) wake_up.notify();
    start_waiting(2);
    EXPECT_EQ(resumed, 1);
}

TEST_F(WakeUpTest, NotificationsWhileTheWaiterIsOnItsWayCountAsOne) {
    start_waiting(2);
    wake_up.notify();
    wake_up.notify();
    run();
    EXPECT_EQ(resumed, 1);
}

TEST(WakeUp, DestroyedWithItsLoopDropsTheWaiter) {
    const auto kept = std::make_shared<int>(0);
    {
        asio::io_context io{1};
        WakeUp wake_up{io};
        const auto wait = [](WakeUp& waited, std::shared_ptr<int> held) -> Task<> {
            co_await waited.wait();
            ++*held;
        };
        asio::co_spawn(io.get_executor(), wait(wake_up, kept), asio::detached);
        io.poll();
        EXPECT_EQ(kept.use_count(), 2);
    }
    EXPECT_EQ(kept.use_count(), 1);
    EXPECT_EQ(*kept, 0);
}

}  // namespace
}  // namespace pgweir::pool
