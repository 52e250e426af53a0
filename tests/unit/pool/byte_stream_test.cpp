#include "pool/io/byte_stream.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pgweir::pool {
namespace {

using Status = IoResult::Status;

iovec part(std::string_view bytes) {
    return to_iovec(bytes);
}

std::string_view text(const iovec& part) {
    return {static_cast<const char*>(part.iov_base), part.iov_len};
}

// A stream on one end of a socketpair; the test itself is the peer.
class ByteStreamTest : public testing::Test {
  protected:
    ByteStreamTest() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
        stream = std::make_unique<ByteStream>(io, late_ends, ends[0]);
        peer = ends[1];
    }
    void TearDown() override { hang_up(); }

    void hang_up() {
        if (peer >= 0) ::close(peer);
        peer = -1;
    }
    void say(std::string_view bytes) const {
        EXPECT_EQ(::send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }
    [[nodiscard]] std::size_t drain() const {
        std::vector<char> block(1U << 20U);
        std::size_t total = 0;
        while (true) {
            const ssize_t size = ::recv(peer, block.data(), block.size(), 0);
            if (size <= 0) return total;
            total += static_cast<std::size_t>(size);
        }
    }
    // Writes until nothing more fits; how much that was.
    [[nodiscard]] std::size_t fill() const {
        const std::string block(64UL * 1024, 'x');
        const iovec whole = part(block);
        std::size_t total = 0;
        while (true) {
            const IoResult result = stream->write({&whole, 1});
            if (result.status != Status::done) {
                EXPECT_EQ(result.status, Status::would_block);
                EXPECT_EQ(result.size, 0U);
                return total;
            }
            total += result.size;
        }
    }
    // Starts a coroutine that waits; whether it has resumed.
    using Outcome = std::shared_ptr<bool>;
    Outcome wait_for(Readiness::Wait (ByteStream::*readiness)()) {
        auto resumed = std::make_shared<bool>(false);
        const auto wait = [](ByteStream& waited, auto what, Outcome outcome) -> Task<> {
            co_await (waited.*what)();
            *outcome = true;
        };
        asio::co_spawn(io.get_executor(), wait(*stream, readiness, resumed), asio::detached);
        run();
        return resumed;
    }
    void run() {
        io.restart();
        io.poll();
    }

    LateEnds late_ends;
    asio::io_context io{1};
    std::unique_ptr<ByteStream> stream;
    int peer = -1;
    std::array<char, 16> room{};
};

TEST_F(ByteStreamTest, ReadGivesWhatIsThere) {
    say("hello");
    const IoResult result = stream->read(room);
    EXPECT_EQ(result.status, Status::done);
    EXPECT_EQ(std::string_view(room.data(), result.size), "hello");
    EXPECT_TRUE(result.drained);
}

TEST_F(ByteStreamTest, ReadThatFillsTheRoomIsNotDrained) {
    say("0123456789abcdefXY");
    const IoResult first = stream->read(room);
    EXPECT_EQ(first.size, room.size());
    EXPECT_FALSE(first.drained);
    const IoResult second = stream->read(room);
    EXPECT_EQ(std::string_view(room.data(), second.size), "XY");
    EXPECT_TRUE(second.drained);
}

TEST_F(ByteStreamTest, ReadOfNothingWouldBlock) {
    const IoResult result = stream->read(room);
    EXPECT_EQ(result.status, Status::would_block);
    EXPECT_EQ(result.size, 0U);
}

TEST_F(ByteStreamTest, ReadAfterThePeersEndIsClosedOnceAllIsRead) {
    say("last");
    hang_up();
    EXPECT_EQ(stream->read(room).size, 4U);
    EXPECT_EQ(stream->read(room).status, Status::closed);
    EXPECT_EQ(stream->read(room).status, Status::closed);
}

TEST_F(ByteStreamTest, WriteSendsThePartsInTheirOrder) {
    const std::array parts{part("one "), part(""), part("two "), part("three")};
    const IoResult result = stream->write(parts);
    EXPECT_EQ(result.status, Status::done);
    EXPECT_EQ(result.size, 13U);
    EXPECT_EQ(::recv(peer, room.data(), room.size(), 0), 13);
    EXPECT_EQ(std::string_view(room.data(), 13), "one two three");
}

TEST_F(ByteStreamTest, WriteIntoAFullSocketWouldBlock) {
    const std::size_t written = fill();
    EXPECT_GT(written, 0U);
    const std::array parts{part("a"), part("b")};
    EXPECT_EQ(stream->write(parts).status, Status::would_block);
    EXPECT_EQ(drain(), written) << "what did not fit was not sent";
}

TEST_F(ByteStreamTest, WriteToAPeerThatIsGoneFailsWithoutASignal) {
    hang_up();
    const std::array parts{part("a"), part("b")};
    for (const std::size_t count : {1U, 2U}) {
        const IoResult result = stream->write(std::span(parts).first(count));
        EXPECT_EQ(result.status, Status::failed);
        EXPECT_EQ(result.error.value(), EPIPE);
    }
}

TEST_F(ByteStreamTest, AClosedStreamFailsBothWays) {
    stream->close();
    EXPECT_FALSE(stream->is_open());
    const iovec bytes = part("a");
    EXPECT_EQ(stream->read(room).status, Status::failed);
    EXPECT_TRUE(stream->read(room).error);
    EXPECT_EQ(stream->write({&bytes, 1}).status, Status::failed);
    EXPECT_EQ(stream->release(), -1);
    stream->close();
}

TEST_F(ByteStreamTest, ReadableResumesWhenSomethingComes) {
    const Outcome outcome = wait_for(&ByteStream::readable);
    EXPECT_FALSE(*outcome);
    say("x");
    run();
    ASSERT_TRUE(*outcome);
    EXPECT_EQ(stream->read(room).size, 1U);
}

TEST_F(ByteStreamTest, ReadableResumesAtOnceWhenSomethingIsThere) {
    say("x");
    const Outcome outcome = wait_for(&ByteStream::readable);
    ASSERT_TRUE(*outcome);
}

TEST_F(ByteStreamTest, ReadableResumesWhenThePeerHangsUp) {
    const Outcome outcome = wait_for(&ByteStream::readable);
    hang_up();
    run();
    ASSERT_TRUE(*outcome);
    EXPECT_EQ(stream->read(room).status, Status::closed);
}

TEST_F(ByteStreamTest, WritableResumesWhenThePeerHasReadSome) {
    const std::size_t written = fill();
    const Outcome outcome = wait_for(&ByteStream::writable);
    EXPECT_FALSE(*outcome);
    EXPECT_EQ(drain(), written);
    run();
    ASSERT_TRUE(*outcome);
    EXPECT_GT(fill(), 0U);
}

TEST_F(ByteStreamTest, OneMayReadWhileAnotherWrites) {
    const std::size_t written = fill();
    const Outcome readable = wait_for(&ByteStream::readable);
    const Outcome writable = wait_for(&ByteStream::writable);
    say("x");
    run();
    EXPECT_TRUE(*readable);
    EXPECT_FALSE(*writable);
    EXPECT_EQ(drain(), written);
    run();
    EXPECT_TRUE(*writable);
}

TEST_F(ByteStreamTest, CancelResumesBothWaitersAndLeavesTheStreamUsable) {
    EXPECT_GT(fill(), 0U);
    const Outcome readable = wait_for(&ByteStream::readable);
    const Outcome writable = wait_for(&ByteStream::writable);
    stream->cancel();
    EXPECT_FALSE(*readable) << "not from within cancel()";
    run();
    ASSERT_TRUE(*readable);
    ASSERT_TRUE(*writable);
    EXPECT_TRUE(stream->is_open());
    say("x");
    EXPECT_EQ(stream->read(room).size, 1U);
}

TEST_F(ByteStreamTest, CloseResumesTheWaiterAndTellsThePeer) {
    const Outcome outcome = wait_for(&ByteStream::readable);
    stream->close();
    run();
    ASSERT_TRUE(*outcome);
    EXPECT_EQ(::recv(peer, room.data(), room.size(), 0), 0);
}

TEST_F(ByteStreamTest, TheWaiterMayOutliveTheStream) {
    const Outcome outcome = wait_for(&ByteStream::readable);
    stream.reset();
    run();
    ASSERT_TRUE(*outcome);
}

TEST_F(ByteStreamTest, ReleaseResumesTheWaiterAndLeavesTheSocketOpen) {
    const Outcome outcome = wait_for(&ByteStream::readable);
    const int socket = stream->release();
    ASSERT_GE(socket, 0);
    EXPECT_FALSE(stream->is_open());
    run();
    ASSERT_TRUE(*outcome);
    say("x");
    EXPECT_EQ(::recv(socket, room.data(), room.size(), 0), 1);

    // Another worker takes it on.
    asio::io_context elsewhere{1};
    ByteStream next(elsewhere, late_ends, socket);
    say("yz");
    EXPECT_EQ(next.read(room).size, 2U);
}

TEST_F(ByteStreamTest, AnEndThatCameWithTheLastBytesWakesTheReaderAtTheNextLook) {
    const Outcome first = wait_for(&ByteStream::readable);
    say("last");
    hang_up();
    run();
    ASSERT_TRUE(*first);
    EXPECT_EQ(stream->read(room).size, 4U);

    const Outcome second = wait_for(&ByteStream::readable);
    late_ends.look();
    run();
    ASSERT_TRUE(*second);
    EXPECT_EQ(stream->read(room).status, Status::closed);
}

TEST_F(ByteStreamTest, AnEndThatIsSeenWhileNobodyWaitsEndsTheNextWaitAtOnce) {
    const Outcome first = wait_for(&ByteStream::readable);
    say("last");
    hang_up();
    run();
    EXPECT_EQ(stream->read(room).size, 4U);
    late_ends.look();
    const Outcome second = wait_for(&ByteStream::readable);
    EXPECT_TRUE(*second);
}

TEST_F(ByteStreamTest, ALookLeavesAReaderWhoseStreamHasNotEndedAlone) {
    const Outcome first = wait_for(&ByteStream::readable);
    say("x");
    run();
    ASSERT_TRUE(*first);
    EXPECT_EQ(stream->read(room).size, 1U);
    const Outcome second = wait_for(&ByteStream::readable);
    late_ends.look();
    late_ends.look();
    run();
    EXPECT_FALSE(*second);
    say("y");
    run();
    EXPECT_TRUE(*second);
}

TEST_F(ByteStreamTest, WhatCameAndWasReadWhileNobodyWaitedResumesNobody) {
    run();
    say("x");
    run();  // the edge is seen
    EXPECT_EQ(stream->read(room).size, 1U);
    const Outcome outcome = wait_for(&ByteStream::readable);
    EXPECT_FALSE(*outcome);
    say("y");
    run();
    EXPECT_TRUE(*outcome);
}

TEST_F(ByteStreamTest, PeerHasClosedIsAskedWithoutReading) {
    EXPECT_FALSE(peer_has_closed(stream->native_handle()));
    say("unread");
    EXPECT_FALSE(peer_has_closed(stream->native_handle()));
    hang_up();
    EXPECT_TRUE(peer_has_closed(stream->native_handle())) << "unread bytes stand before the end";
    EXPECT_EQ(stream->read(room).size, 6U);
    EXPECT_TRUE(peer_has_closed(stream->native_handle()));
}

TEST_F(ByteStreamTest, PeerHasClosedWhenItWillSendNoMore) {
    ASSERT_EQ(::shutdown(peer, SHUT_WR), 0);
    EXPECT_TRUE(peer_has_closed(stream->native_handle()));
}

TEST_F(ByteStreamTest, PeerHasClosedWhenThereIsNoSocket) {
    const int socket = stream->release();
    ::close(socket);
    EXPECT_TRUE(peer_has_closed(socket));
}

TEST(DropFront, OfNothingDropsNothing) {
    std::array parts{part("ab"), part("c")};
    const auto left = drop_front(parts, 0);
    ASSERT_EQ(left.size(), 2U);
    EXPECT_EQ(text(left[0]), "ab");
    EXPECT_TRUE(drop_front({}, 0).empty());
}

TEST(DropFront, LeavesTheRestForEverySize) {
    constexpr std::string_view whole = "abcdef";
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        std::array parts{part(whole.substr(0, 3)), part(whole.substr(3, 1)), part(""),
                         part(whole.substr(4))};
        std::string left;
        for (const iovec& each : drop_front(parts, size)) left += text(each);
        EXPECT_EQ(left, whole.substr(size));
    }
}

TEST(DropFront, LeavesNoEmptyPartInFront) {
    std::array parts{part("ab"), part(""), part("c")};
    const auto left = drop_front(parts, 2);
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(text(left[0]), "c");
    EXPECT_TRUE(drop_front(left, 1).empty());
}

}  // namespace
}  // namespace pgweir::pool
