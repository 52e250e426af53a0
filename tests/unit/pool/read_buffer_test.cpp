#include "pool/io/read_buffer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace pgweir::pool {
namespace {

constexpr std::size_t whole = BufferPool::buffer_size;

// What a read of `bytes` does.
void receive(ReadBuffer& buffer, std::string_view bytes) {
    const std::span<char> room = buffer.room();
    ASSERT_GE(room.size(), bytes.size());
    std::ranges::copy(bytes, room.begin());
    buffer.filled(bytes.size());
}

TEST(BufferPool, GivesTheLastBufferReturnedFirst) {
    BufferPool pool;
    BufferPool::Buffer a = pool.take();
    const char* const address = a.get();
    BufferPool::Buffer b = pool.take();
    EXPECT_NE(a.get(), b.get());
    pool.give_back(std::move(a));
    EXPECT_EQ(pool.take().get(), address);
}

TEST(BufferPool, GivesBuffersThatAreWhole) {
    BufferPool pool;
    std::vector<BufferPool::Buffer> burst;
    for (int i = 0; i < 200; ++i) {
        burst.push_back(pool.take());
        std::fill_n(burst.back().get(), whole, 'x');
    }
    for (auto& buffer : burst) pool.give_back(std::move(buffer));
    BufferPool::Buffer again = pool.take();
    std::fill_n(again.get(), whole, 'y');
    EXPECT_EQ(again[whole - 1], 'y');
}

TEST(ReadBuffer, HoldsNothingAtFirst) {
    BufferPool pool;
    const ReadBuffer buffer(pool);
    EXPECT_TRUE(buffer.empty());
    EXPECT_TRUE(buffer.held().empty());
}

TEST(ReadBuffer, HoldsWhatWasReadUntilItIsConsumed) {
    BufferPool pool;
    ReadBuffer buffer(pool);
    EXPECT_EQ(buffer.room().size(), whole);
    receive(buffer, "abc");
    receive(buffer, "defg");
    EXPECT_EQ(buffer.held(), "abcdefg");
    buffer.consume(2);
    EXPECT_EQ(buffer.held(), "cdefg");
    buffer.consume(5);
    EXPECT_TRUE(buffer.empty());
    EXPECT_TRUE(buffer.held().empty());
}

TEST(ReadBuffer, OwnsABufferOnlyWhileItHoldsBytes) {
    BufferPool pool;
    ReadBuffer one(pool);
    ReadBuffer other(pool);
    const char* const address = one.room().data();
    one.give_back_if_empty();
    EXPECT_EQ(other.room().data(), address) << "the other has it now";
    receive(other, "x");
    other.give_back_if_empty();
    EXPECT_EQ(other.held(), "x") << "not while something is held";
    EXPECT_NE(one.room().data(), address);
    other.consume(1);
    other.give_back_if_empty();
    EXPECT_TRUE(other.held().empty());
    EXPECT_EQ(other.room().data(), address);
}

TEST(ReadBuffer, AnEmptyReadLeavesNothingBehind) {
    BufferPool pool;
    ReadBuffer buffer(pool);
    std::ignore = buffer.room();
    buffer.filled(0);
    EXPECT_TRUE(buffer.empty());
    buffer.give_back_if_empty();
    buffer.give_back_if_empty();
    EXPECT_EQ(buffer.room().size(), whole);
}

TEST(ReadBuffer, DiscardDropsWhatIsHeldAndGivesTheBufferBack) {
    BufferPool pool;
    ReadBuffer buffer(pool);
    receive(buffer, "abc");
    const char* const address = buffer.held().data();
    buffer.discard();
    EXPECT_TRUE(buffer.empty());
    EXPECT_EQ(pool.take().get(), address);
    buffer.discard();
    receive(buffer, "def");
    EXPECT_EQ(buffer.held(), "def");
}

TEST(ReadBuffer, DestroyedGivesItsBufferBack) {
    BufferPool pool;
    const char* address = nullptr;
    {
        ReadBuffer buffer(pool);
        receive(buffer, "abc");
        address = buffer.held().data();
    }
    EXPECT_EQ(pool.take().get(), address);
}

TEST(ReadBuffer, RoomMovesWhatIsHeldToTheFront) {
    BufferPool pool;
    ReadBuffer buffer(pool);
    const std::string text = std::string(whole - 4, 'a') + "tail";
    receive(buffer, text);
    EXPECT_TRUE(buffer.room().empty()) << "a whole buffer is held";
    EXPECT_EQ(buffer.held(), text);
    buffer.consume(whole - 4);
    EXPECT_EQ(buffer.room().size(), whole - 4);
    EXPECT_EQ(buffer.held(), "tail");
    receive(buffer, " and more");
    EXPECT_EQ(buffer.held(), "tail and more");
}

TEST(ReadBuffer, RoomMovesOverlappingBytesToo) {
    BufferPool pool;
    ReadBuffer buffer(pool);
    std::string text;
    for (std::size_t i = 0; i < whole; ++i) text += static_cast<char>('a' + i % 26);
    receive(buffer, text);
    buffer.consume(1);
    EXPECT_EQ(buffer.room().size(), 1U) << "never empty while less than a whole buffer is held";
    EXPECT_EQ(buffer.held(), std::string_view(text).substr(1));
}

TEST(ReadBuffer, RoomAfterAllIsConsumedIsAWholeBuffer) {
    BufferPool pool;
    ReadBuffer buffer(pool);
    receive(buffer, std::string(whole, 'a'));
    buffer.consume(whole);
    EXPECT_EQ(buffer.room().size(), whole);
}

TEST(ReadBuffer, ViewsStayValidWhileBytesAreConsumed) {
    BufferPool pool;
    ReadBuffer buffer(pool);
    receive(buffer, "first second");
    const Bytes first = buffer.held().substr(0, 5);
    const Bytes second = buffer.held().substr(6);
    buffer.consume(6);
    EXPECT_EQ(first, "first");
    buffer.consume(6);
    EXPECT_EQ(first, "first");
    EXPECT_EQ(second, "second");
}

TEST(ReadBuffer, AStreamPassesWholeWhateverTheReadsAndSteps) {
    BufferPool pool;
    ReadBuffer buffer(pool);
    std::string sent;
    for (std::size_t i = 0; i < 5 * whole; ++i) sent += static_cast<char>(i * 7 % 251);
    std::string received;
    std::size_t at = 0;
    for (std::size_t turn = 1; received.size() < sent.size(); ++turn) {
        const std::size_t size =
            std::min({buffer.room().size(), turn * 997 % whole, sent.size() - at});
        receive(buffer, std::string_view(sent).substr(at, size));
        at += size;
        const Bytes part = buffer.held().substr(0, turn * 641 % whole);
        received += part;
        buffer.consume(part.size());
        if (turn % 3 == 0) buffer.give_back_if_empty();
    }
    EXPECT_TRUE(received == sent);
}

TEST(ReadBuffer, ShrunkHoldsTheSameAndTakesMore) {
    BufferPool pool;
    ReadBuffer buffer(pool);
    receive(buffer, "abcdef");
    buffer.consume(2);
    buffer.shrink();
    EXPECT_EQ(buffer.held(), "cdef");
    buffer.shrink();
    EXPECT_EQ(buffer.held(), "cdef");
    buffer.consume(1);
    receive(buffer, "ghi");
    EXPECT_EQ(buffer.held(), "defghi");
    EXPECT_EQ(buffer.room().size(), whole - 6);
}

TEST(ReadBuffer, ShrunkGivesItsBufferToThePool) {
    BufferPool pool;
    ReadBuffer buffer(pool);
    receive(buffer, "abc");
    const char* const address = buffer.held().data();
    buffer.shrink();
    const BufferPool::Buffer spare = pool.take();
    EXPECT_EQ(spare.get(), address);
    buffer.discard();
    EXPECT_TRUE(buffer.empty());
    receive(buffer, "xyz");
    EXPECT_EQ(buffer.held(), "xyz");
    buffer.consume(3);
    buffer.shrink();
    EXPECT_TRUE(buffer.held().empty());
}

}  // namespace
}  // namespace pgweir::pool
