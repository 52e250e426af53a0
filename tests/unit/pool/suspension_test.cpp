#include "pool/io/suspension.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <string>

#include "pool/io/readiness.hpp"
#include "pool/io/wake_up.hpp"

namespace pgweir::pool {
namespace {

// A coroutine that is resumed by the kernel, as those of clients and servers are.
class ResumptionsTest : public testing::Test {
  protected:
    ResumptionsTest() {
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
        socket.emplace(io, ends[0]);
    }
    void TearDown() override { ::close(ends[1]); }

    template <typename Action>
    void when_something_comes(Action action) {
        const auto wait = [](Readiness& readiness, Action act) -> Task<> {
            co_await readiness.readable();
            act();
        };
        asio::co_spawn(io.get_executor(), wait(*socket, action), asio::detached);
        run();
        EXPECT_EQ(::send(ends[1], "x", 1, MSG_NOSIGNAL), 1);
        run();
    }
    void note_when_woken(WakeUp& wake_up, std::string mark) {
        const auto wait = [](WakeUp& waited, std::string& to, std::string what) -> Task<> {
            co_await waited.wait();
            to += what;
        };
        asio::co_spawn(io.get_executor(), wait(wake_up, order, std::move(mark)), asio::detached);
        run();
    }
    void run() {
        io.restart();
        io.poll();
    }

    asio::io_context io{1};
    Resumptions& resumptions = asio::use_service<Resumptions>(io);
    std::array<int, 2> ends{};
    std::optional<Readiness> socket;
    std::string order;
};

TEST_F(ResumptionsTest, WhoIsWokenRunsWhenTheWakerStandsStillAndBeforeTheLoopGoesOn) {
    WakeUp one{io};
    WakeUp two{io};
    note_when_woken(one, "one ");
    note_when_woken(two, "two ");
    when_something_comes([&] {
        asio::post(io.get_executor(), [&] { order += "handler"; });
        two.notify();
        one.notify();
        order += "waker ";
    });
    EXPECT_EQ(order, "waker two one handler");
}

TEST_F(ResumptionsTest, WhoIsWokenByAHandlerOfTheLoopRunsToo) {
    WakeUp one{io};
    note_when_woken(one, "one");
    asio::post(io.get_executor(), [&] { one.notify(); });
    run();
    EXPECT_EQ(order, "one");
}

TEST_F(ResumptionsTest, WhoIsDestroyedOnTheWayIsNotResumed) {
    auto one = std::make_unique<WakeUp>(io);
    note_when_woken(*one, "one");
    when_something_comes([&] {
        one->notify();
        one.reset();
    });
    EXPECT_EQ(order, "");
}

TEST_F(ResumptionsTest, TimeStandsStillWithinAWakeUpUntilSomethingIsRead) {
    when_something_comes([&] {
        const auto begin = resumptions.now();
        while (Clock::now() == begin) continue;
        EXPECT_EQ(resumptions.now(), begin);
        resumptions.time_passes();
        EXPECT_GT(resumptions.now(), begin);
        order = "looked";
    });
    EXPECT_EQ(order, "looked");
}

TEST_F(ResumptionsTest, TimePassesOutsideOfAWakeUp) {
    when_something_comes([&] { std::ignore = resumptions.now(); });
    const auto begin = resumptions.now();
    while (Clock::now() == begin) continue;
    EXPECT_GT(resumptions.now(), begin);
}

TEST_F(ResumptionsTest, AWaitOnAClosedSocketEndsAtOnce) {
    socket->close();
    const auto wait = [](Readiness& readiness, std::string& to) -> Task<> {
        co_await readiness.readable();
        co_await readiness.writable();
        to = "went on";
    };
    asio::co_spawn(io.get_executor(), wait(*socket, order), asio::detached);
    run();
    EXPECT_EQ(order, "went on");
}

}  // namespace
}  // namespace pgweir::pool
