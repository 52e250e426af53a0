// What pool/io/suspension and pool/io/reactor_readiness assume of Asio, where they look inside of
// it.
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <optional>

#include "pool/io/readiness.hpp"
#include "pool/io/wake_up.hpp"

namespace {

int registrations = 0;

}  // namespace

// In place of the C library's for the whole program: Asio's calls are counted, and done.
extern "C" int epoll_ctl(int epoll, int operation, int descriptor, epoll_event* event) noexcept {
    ++registrations;
    return static_cast<int>(::syscall(SYS_epoll_ctl, epoll, operation, descriptor, event));
}

namespace pgweir::pool {
namespace {

#ifdef PGWEIR_PLAIN_ASIO
constexpr bool looks_inside = false;
#else
constexpr bool looks_inside = true;
#endif

// A coroutine that reads what comes, and counts it.
class AsioInsideTest : public testing::Test {
  protected:
    AsioInsideTest() {
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
        socket.emplace(io, ends[0]);
        const auto read = [](AsioInsideTest& test) -> Task<> {
            while (test.socket->is_open()) {
                co_await test.socket->readable();
                test.take();
            }
        };
        asio::co_spawn(io.get_executor(), read(*this), asio::detached);
        run();
    }
    void TearDown() override {
        socket->close();
        run();
        ::close(ends[1]);
    }

    void take() {
        std::array<char, 16> room{};
        if (!socket->is_open()) return;
        const ssize_t size = ::recv(socket->socket(), room.data(), room.size(), 0);
        if (size > 0) received += size;
    }
    void say_something() const { EXPECT_EQ(::send(ends[1], "x", 1, MSG_NOSIGNAL), 1); }
    void run() {
        io.restart();
        io.poll();
    }

    asio::io_context io{1};
    std::array<int, 2> ends{};
    std::optional<Readiness> socket;
    ssize_t received = 0;
};

TEST_F(AsioInsideTest, ASocketIsRegisteredOnceForAllItsWaits) {
    const int before = registrations;
    for (int i = 0; i < 100; ++i) {
        say_something();
        run();
    }
    EXPECT_EQ(received, 100);
    if (looks_inside) {
        EXPECT_EQ(registrations, before);
    }
}

// The edge that came while nobody waited counts for the next wait.
TEST_F(AsioInsideTest, WhatCameWhileNobodyWaitedEndsTheNextWait) {
    const auto wait = [](Readiness& waited, WakeUp& begin, bool& done) -> Task<> {
        co_await begin.wait();
        co_await waited.writable();
        done = true;
    };
    WakeUp begin(io);
    bool done = false;
    asio::co_spawn(io.get_executor(), wait(*socket, begin, done), asio::detached);
    run();
    EXPECT_FALSE(done);
    begin.notify();
    run();
    EXPECT_TRUE(done);
}

// Both kinds of wait end by themselves: one that ends leaves the other where it is.
TEST_F(AsioInsideTest, AWaitToWriteDoesNotEndByWhatIsRead) {
    std::array<char, 4096> much{};
    while (::send(ends[0], much.data(), much.size(), MSG_NOSIGNAL) > 0) continue;
    bool wrote = false;
    const auto write = [](Readiness& waited, bool& done) -> Task<> {
        co_await waited.writable();
        done = true;
    };
    asio::co_spawn(io.get_executor(), write(*socket, wrote), asio::detached);
    run();
    say_something();
    run();
    EXPECT_EQ(received, 1);
    EXPECT_FALSE(wrote);
    while (::recv(ends[1], much.data(), much.size(), 0) > 0) continue;
    run();
    EXPECT_TRUE(wrote);
}

// A loop that ends takes with it what stands still on it: coroutines are unwound, not resumed.
TEST(AsioInside, ALoopThatEndsUnwindsWhoWaits) {
    struct Unwound {
        explicit Unwound(int& to) : count(to) {}
        Unwound(const Unwound&) = delete;
        Unwound& operator=(const Unwound&) = delete;
        ~Unwound() { ++count; }
        int& count;
    };
    int unwound = 0;
    bool resumed = false;
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    {
        asio::io_context io{1};
        const auto wait = [](asio::io_context& loop, int socket, int& count, bool& on) -> Task<> {
            const Unwound note(count);
            Readiness readiness(loop, socket);
            co_await readiness.readable();
            on = true;
        };
        asio::co_spawn(io.get_executor(), wait(io, ends[0], unwound, resumed), asio::detached);
        io.poll();
        EXPECT_EQ(unwound, 0);
    }
    EXPECT_EQ(unwound, 1);
    EXPECT_FALSE(resumed);
    ::close(ends[1]);
}

}  // namespace
}  // namespace pgweir::pool
