#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "pool/io/readiness.hpp"

namespace pgweir::pool {
namespace {

// A reader without a coroutine; the test itself is the peer.
class WatchTest : public testing::Test {
  protected:
    // NOLINTNEXTLINE(cppcoreguidelines-virtual-class-destructor): nothing can derive from it
    class Reader final : public Resumable {
      public:
        Reader(asio::io_context& io, int socket) : readiness(io, socket) {}
        void resume_now() override {
            ++calls;
            EXPECT_FALSE(watch.is_armed());
        }

        Readiness readiness;
        Readiness::Watch watch{readiness, *this};
        int calls = 0;
    };

    WatchTest() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
        reader = std::make_unique<Reader>(io, ends[0]);
        peer = ends[1];
    }
    void TearDown() override { ::close(peer); }

    void say_something() const { EXPECT_EQ(::send(peer, "x", 1, MSG_NOSIGNAL), 1); }
    void read_all() const {
        std::array<char, 16> room{};
        EXPECT_GT(::recv(reader->readiness.socket(), room.data(), room.size(), 0), 0);
    }
    void run() {
        io.restart();
        io.poll();
    }

    asio::io_context io{1};
    std::unique_ptr<Reader> reader;
    int peer = -1;
};

TEST_F(WatchTest, TheReaderIsCalledOnceWhenSomethingComes) {
    ASSERT_TRUE(reader->watch.arm());
    run();
    EXPECT_EQ(reader->calls, 0);
    EXPECT_TRUE(reader->watch.is_armed());
    say_something();
    run();
    EXPECT_EQ(reader->calls, 1);
    say_something();
    run();
    EXPECT_EQ(reader->calls, 1) << "only what is armed calls";
}

TEST_F(WatchTest, WhatIsThereAlreadyCallsTheReaderFromTheLoop) {
    run();
    say_something();
    ASSERT_TRUE(reader->watch.arm());
    EXPECT_EQ(reader->calls, 0) << "not from within arm()";
    run();
    EXPECT_EQ(reader->calls, 1);
}

TEST_F(WatchTest, ItCanBeArmedAgainForWhatComesNext) {
    for (int round = 1; round <= 3; ++round) {
        ASSERT_TRUE(reader->watch.arm());
        say_something();
        run();
        EXPECT_EQ(reader->calls, round);
        read_all();
    }
}

TEST_F(WatchTest, CancelCallsTheReader) {
    ASSERT_TRUE(reader->watch.arm());
    reader->readiness.cancel();
    EXPECT_EQ(reader->calls, 0) << "not from within cancel()";
    run();
    EXPECT_EQ(reader->calls, 1);
}

TEST_F(WatchTest, AWakeWhileNobodyWatchesEndsTheNextWatchBeforeItBegins) {
    reader->readiness.wake_reader();
    EXPECT_FALSE(reader->watch.arm());
    EXPECT_FALSE(reader->watch.is_armed());
    EXPECT_TRUE(reader->watch.arm()) << "once";
    reader->readiness.cancel();
    run();
}

TEST_F(WatchTest, AClosedSocketIsNotWatched) {
    reader->readiness.close();
    EXPECT_FALSE(reader->watch.arm());
}

TEST_F(WatchTest, CloseCallsTheReader) {
    ASSERT_TRUE(reader->watch.arm());
    reader->readiness.close();
    run();
    EXPECT_EQ(reader->calls, 1);
}

}  // namespace
}  // namespace pgweir::pool
