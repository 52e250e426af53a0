#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "pool/io/byte_stream.hpp"
#include "tests/unit/pool/tls_peer.hpp"

namespace pgweir::pool {
namespace {

using Status = IoResult::Status;

// A stream with TLS, as a client's or as a server's, on one end of a socketpair. The test carries
// what its peer says, so that it decides in which pieces it comes.
class TlsStreamTest : public testing::TestWithParam<std::tuple<TlsRole, int>> {
  protected:
    TlsStreamTest() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
        stream = std::make_unique<ByteStream>(io, late_ends, ends[0]);
        stream->start_tls(*session);
        socket = ends[1];
        shake_hands();
    }
    void TearDown() override { hang_up(); }

    void shake_hands() {
        bool done = false;
        for (int round = 0; round < 10 && !done; ++round) {
            const bool peer_done = peer.handshake();
            say(peer.give());
            bool wants_write = false;
            done = stream->handshake(wants_write).status == Status::done && peer_done;
            peer.take(hear());
        }
        EXPECT_TRUE(done);
        EXPECT_EQ(peer.decrypt(), "") << "tickets of a server";
        std::array<char, 16> room{};
        EXPECT_EQ(stream->read(room).status, Status::would_block);
    }
    void say(std::string_view bytes) const {
        EXPECT_EQ(::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }
    // A record for each text.
    std::string records(std::initializer_list<std::string_view> texts) {
        std::string bytes;
        for (const std::string_view text : texts) bytes += peer.encrypt(text);
        return bytes;
    }
    // What the stream has written.
    [[nodiscard]] std::string hear() const {
        std::string bytes;
        std::array<char, 65536> block{};
        while (true) {
            const ssize_t size = ::recv(socket, block.data(), block.size(), 0);
            if (size <= 0) return bytes;
            bytes.append(block.data(), static_cast<std::size_t>(size));
        }
    }
    void hang_up() {
        if (socket >= 0) ::close(socket);
        socket = -1;
    }
    // Reads up to `most` bytes at once.
    std::string read(std::size_t most, std::optional<bool> drained = std::nullopt) {
        std::string text(most, '\0');
        const IoResult result = stream->read(text);
        EXPECT_EQ(result.status, Status::done);
        EXPECT_EQ(result.drained, drained.value_or(result.drained));
        text.resize(result.size);
        return text;
    }
    [[nodiscard]] Status status() const {
        std::array<char, 16> room{};
        return stream->read(room).status;
    }
    [[nodiscard]] int left_in_socket() const {
        int size = 0;
        EXPECT_EQ(::ioctl(stream->native_handle(), FIONREAD, &size), 0);
        return size;
    }
    // Starts a coroutine that waits to read; whether it has resumed.
    using Outcome = std::shared_ptr<bool>;
    Outcome wait_to_read() {
        auto resumed = std::make_shared<bool>(false);
        const auto wait = [](ByteStream& waited, Outcome outcome) -> Task<> {
            co_await waited.readable();
            *outcome = true;
        };
        asio::co_spawn(io.get_executor(), wait(*stream, resumed), asio::detached);
        run();
        return resumed;
    }
    void run() {
        io.restart();
        io.poll();
    }

    static TlsRole other(TlsRole role) {
        return role == TlsRole::client ? TlsRole::server : TlsRole::client;
    }

    LateEnds late_ends;
    asio::io_context io{1};
    TlsPtr session = make_tls(std::get<0>(GetParam()), std::get<1>(GetParam()));
    TlsPeer peer{other(std::get<0>(GetParam())), std::get<1>(GetParam())};
    std::unique_ptr<ByteStream> stream;
    int socket = -1;
};

INSTANTIATE_TEST_SUITE_P(Tls, TlsStreamTest,
                         testing::Combine(testing::Values(TlsRole::server, TlsRole::client),
                                          testing::Values(TLS1_2_VERSION, TLS1_3_VERSION)));

TEST_P(TlsStreamTest, ARecordThatCameAloneDrainsTheStream) {
    say(peer.encrypt("hello"));
    EXPECT_EQ(read(100, true), "hello");
    EXPECT_EQ(status(), Status::would_block);
}

TEST_P(TlsStreamTest, ARecordCutAnywhereIsReadWhenItIsWhole) {
    std::size_t size = 2;
    for (std::size_t cut = 1; cut < size; ++cut) {
        const std::string record = peer.encrypt("hello");
        size = record.size();
        say(record.substr(0, cut));
        EXPECT_EQ(status(), Status::would_block) << cut;
        say(record.substr(cut));
        EXPECT_EQ(read(100), "hello") << cut;
        EXPECT_EQ(status(), Status::would_block) << cut;
    }
    EXPECT_GT(size, 20U);
}

TEST_P(TlsStreamTest, ARecordWithAPieceOfTheNextDrainsTheStream) {
    std::size_t size = 2;
    for (std::size_t cut = 1; cut < size; ++cut) {
        const std::string first = peer.encrypt("one");
        const std::string second = peer.encrypt("two");
        size = second.size();
        say(first + second.substr(0, cut));
        EXPECT_EQ(read(100, true), "one") << cut;
        const Outcome more = wait_to_read();
        EXPECT_FALSE(*more);
        say(second.substr(cut));
        run();
        EXPECT_TRUE(*more);
        EXPECT_EQ(read(100), "two") << cut;
        EXPECT_EQ(status(), Status::would_block) << cut;
    }
}

TEST_P(TlsStreamTest, RecordsThatCameTogetherAreReadTogether) {
    say(records({"one ", "two ", "three"}));
    EXPECT_EQ(read(100, true), "one two three");
}

TEST_P(TlsStreamTest, WhatWasReadAheadIsNotDrained) {
    say(records({"one ", "two ", "three"}));
    EXPECT_EQ(read(2, false), "on");
    EXPECT_EQ(left_in_socket(), 0) << "one recv() takes all";
    EXPECT_EQ(read(2, false), "e ");
    EXPECT_EQ(read(6, false), "two th");
    EXPECT_EQ(read(3, true), "ree");
}

TEST_P(TlsStreamTest, MoreThanIsReadAheadAtOnceIsReadToItsEnd) {
    const std::string block(16384, 'x');
    say(records({block, block, "end"}));
    std::string all;
    bool drained = false;
    while (!drained) {
        std::string room(10000, '\0');
        const IoResult result = stream->read(room);
        ASSERT_EQ(result.status, Status::done);
        all.append(room, 0, result.size);
        drained = result.drained;
    }
    EXPECT_EQ(all, block + block + "end");
    EXPECT_EQ(left_in_socket(), 0);
}

TEST_P(TlsStreamTest, AnEndWithoutAWordIsSeenOnceAllIsRead) {
    say(peer.encrypt("last"));
    hang_up();
    EXPECT_EQ(read(100, true), "last");
    EXPECT_EQ(status(), Status::closed);
    EXPECT_EQ(status(), Status::closed);
}

TEST_P(TlsStreamTest, AnEndThatCameWithTheLastBytesWakesTheReaderAtTheNextLook) {
    const Outcome first = wait_to_read();
    say(peer.encrypt("last"));
    hang_up();
    run();
    ASSERT_TRUE(*first);
    EXPECT_EQ(read(100, true), "last");
    const Outcome second = wait_to_read();
    late_ends.look();
    run();
    ASSERT_TRUE(*second);
    EXPECT_EQ(status(), Status::closed);
}

TEST_P(TlsStreamTest, AnEndInTheMiddleOfARecordIsAnEnd) {
    const std::string record = peer.encrypt("never whole");
    say(record.substr(0, record.size() - 1));
    hang_up();
    EXPECT_EQ(status(), Status::closed);
}

TEST_P(TlsStreamTest, AnEndThatIsSaidBehindTheLastBytesIsNotWaitedFor) {
    std::string bytes = peer.encrypt("last");
    bytes += peer.encrypted_end();
    say(bytes);
    EXPECT_EQ(read(100, false), "last");
    EXPECT_EQ(status(), Status::closed);
    EXPECT_EQ(status(), Status::closed);
}

TEST_P(TlsStreamTest, WhatIsNoRecordFails) {
    say("no record at all");
    EXPECT_EQ(status(), Status::failed);
}

TEST_P(TlsStreamTest, WhatTheFormerStreamHasReadAheadIsThereForTheNext) {
    say(records({"one ", "two"}));
    EXPECT_EQ(read(4, false), "one ");
    const int socket_of_both = stream->release();
    stream = std::make_unique<ByteStream>(io, late_ends, socket_of_both, session.get());
    run();
    const Outcome outcome = wait_to_read();
    ASSERT_TRUE(*outcome);
    EXPECT_EQ(read(100), "two");
    EXPECT_EQ(status(), Status::would_block);
    EXPECT_FALSE(*wait_to_read());
}

TEST_P(TlsStreamTest, SmallPartsGoOutAsOneRecord) {
    const std::array parts{to_iovec("one "), to_iovec(""), to_iovec("two "), to_iovec("three")};
    EXPECT_EQ(stream->write(parts).size, 13U);
    const std::string bytes = hear();
    EXPECT_EQ(count_records(bytes), 1U);
    peer.take(bytes);
    EXPECT_EQ(peer.decrypt(), "one two three");
}

TEST_P(TlsStreamTest, LargePartsFillTheirRecords) {
    const std::string large(20000, 'x');
    const std::array parts{to_iovec("small"), to_iovec(large), to_iovec("end"), to_iovec(large)};
    EXPECT_EQ(stream->write(parts).size, 40008U);
    const std::string bytes = hear();
    EXPECT_EQ(count_records(bytes), 3U);
    peer.take(bytes);
    EXPECT_EQ(peer.decrypt(), "small" + large + "end" + large);
}

TEST_P(TlsStreamTest, NothingIsARecordOfNothing) {
    const std::array parts{to_iovec(""), to_iovec("")};
    const IoResult result = stream->write(parts);
    EXPECT_EQ(result.status, Status::done);
    EXPECT_EQ(result.size, 0U);
    EXPECT_EQ(hear(), "");
}

TEST_P(TlsStreamTest, ARecordThatDidNotFitIsWrittenOnFromAnotherAddress) {
    std::string sent;
    std::string heard;
    for (int written = 0; written < 200;) {
        const std::string own = std::to_string(written) + ",";
        const std::string large(7000, 'x');
        std::array parts{to_iovec(own), to_iovec(large)};
        std::span<iovec> rest(parts);
        while (!rest.empty()) {
            // Elsewhere each time.
            std::vector<std::string> copies;
            std::vector<iovec> moved;
            for (const iovec& part : rest) {
                copies.emplace_back(static_cast<const char*>(part.iov_base), part.iov_len);
            }
            for (const std::string& copy : copies) moved.push_back(to_iovec(copy));
            const IoResult result = stream->write(moved);
            if (result.status == Status::would_block) {
                const std::string bytes = hear();
                ASSERT_FALSE(bytes.empty());
                peer.take(bytes);
                heard += peer.decrypt();
                continue;
            }
            ASSERT_EQ(result.status, Status::done);
            rest = drop_front(rest, result.size);
        }
        sent += own + large;
        ++written;
    }
    peer.take(hear());
    EXPECT_EQ(heard + peer.decrypt(), sent);
}

TEST_P(TlsStreamTest, WriteToAPeerThatIsGoneFailsWithoutASignal) {
    hang_up();
    const iovec bytes = to_iovec("a");
    const IoResult result = stream->write({&bytes, 1});
    EXPECT_EQ(result.status, Status::failed);
    EXPECT_EQ(result.error.value(), EPIPE);
}

}  // namespace
}  // namespace pgweir::pool
