#include "protocol/wire/frame_scanner.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>

#include "streams.hpp"

namespace pgweir::protocol {
namespace {

using test::cut_at;
using test::message;
using test::read_stream;
using test::Reading;
using Kind = Step::Kind;

const TypeSet rows_unwanted{"CEZSKR"};
const TypeSet everything = TypeSet::all();
const TypeSet nothing{""};

std::string header(char type, std::uint32_t length) {
    std::string bytes(1, type);
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        bytes.push_back(static_cast<char>(length >> shift & 0xffU));
    }
    return bytes;
}

struct Stream {
    const char* name;
    std::string bytes;
    const TypeSet* wanted;
};

std::vector<Stream> streams() {
    static const TypeSet frontend_wanted{"QPBDCESHFcfX"};
    static const TypeSet backend_wanted{"CENS13GHWAZ"};
    return {{"frontend", test::frontend_stream(), &frontend_wanted},
            {"backend", test::backend_stream(), &backend_wanted},
            {"backend, all wanted", test::backend_stream(), &everything},
            {"backend, none wanted", test::backend_stream(), &nothing}};
}

TEST(FrameScanner, AWholeStreamGivesEachWantedMessageAndPassesTheRest) {
    const std::string query = message('Q', std::string("select 1\0", 9));
    const std::string rows = message('D', "a") + message('D', "") + message('d', "bc");
    const std::string done = message('C', std::string("SELECT 2\0", 9));
    const Reading reading =
        read_stream(query + rows + done, TypeSet{"QC"}, 64, cut_at(query + rows + done, {}));
    ASSERT_EQ(reading.frames.size(), 2U);
    EXPECT_EQ(reading.frames[0].body, std::string("select 1\0", 9));
    EXPECT_EQ(reading.frames[1].body, std::string("SELECT 2\0", 9));
    EXPECT_EQ(reading.passed, rows);
    EXPECT_TRUE(reading.at_boundary);
}

TEST(FrameScanner, EverySplitInTwoGivesTheSame) {
    for (const Stream& stream : streams()) {
        for (const std::size_t hold_limit : {5U, 64U, 16384U}) {
            const Reading whole =
                read_stream(stream.bytes, *stream.wanted, hold_limit, cut_at(stream.bytes, {}));
            EXPECT_FALSE(whole.invalid);
            EXPECT_TRUE(whole.at_boundary);
            EXPECT_EQ(whole.rest, "");
            for (std::size_t at = 0; at <= stream.bytes.size(); ++at) {
                ASSERT_EQ(read_stream(stream.bytes, *stream.wanted, hold_limit,
                                      cut_at(stream.bytes, {at})),
                          whole)
                    << stream.name << ", hold limit " << hold_limit << ", cut at " << at;
            }
        }
    }
}

TEST(FrameScanner, ByteByByteAndRandomSplitsGiveTheSame) {
    std::mt19937 random(7);
    for (const Stream& stream : streams()) {
        for (const std::size_t hold_limit : {5U, 64U, 16384U}) {
            const Reading whole =
                read_stream(stream.bytes, *stream.wanted, hold_limit, cut_at(stream.bytes, {}));
            std::vector<std::size_t> cuts(stream.bytes.size());
            for (std::size_t i = 0; i < cuts.size(); ++i) cuts[i] = i;
            EXPECT_EQ(
                read_stream(stream.bytes, *stream.wanted, hold_limit, cut_at(stream.bytes, cuts)),
                whole);
            for (int round = 0; round < 50; ++round) {
                cuts.resize(random() % 40);
                for (std::size_t& cut : cuts) cut = random() % stream.bytes.size();
                std::ranges::sort(cuts);
                ASSERT_EQ(read_stream(stream.bytes, *stream.wanted, hold_limit,
                                      cut_at(stream.bytes, cuts)),
                          whole)
                    << stream.name << ", round " << round;
            }
        }
    }
}

TEST(FrameScanner, AHeaderCutAtAnyByteAsksForTheHeader) {
    const std::string bytes = message('Z', "I");
    for (std::size_t size = 0; size < header_size; ++size) {
        FrameScanner scanner(rows_unwanted, 64);
        const Step step = scanner.next(Bytes(bytes).substr(0, size));
        EXPECT_EQ(step.kind, Kind::more);
        EXPECT_EQ(step.size, header_size);
        EXPECT_TRUE(scanner.at_boundary());
    }
}

TEST(FrameScanner, AWantedMessageWithinTheHoldLimitIsAskedForWhole) {
    FrameScanner scanner(rows_unwanted, 10);
    const std::string bytes = message('C', "12345");
    EXPECT_EQ(scanner.next(Bytes(bytes).substr(0, 5)).size, 10U);
    EXPECT_EQ(scanner.next(Bytes(bytes).substr(0, 9)).kind, Kind::more);
    const Step step = scanner.next(bytes);
    EXPECT_EQ(step.kind, Kind::frame);
    EXPECT_TRUE(step.whole);
    EXPECT_EQ(step.body, "12345");
    EXPECT_EQ(step.size, 10U);
}

// What stands at its beginning, as the names in a Bind, is always shown.
TEST(FrameScanner, AWantedMessageAboveTheHoldLimitIsShownInPart) {
    FrameScanner scanner(rows_unwanted, 9);
    const std::string bytes = message('C', "12345");
    for (std::size_t size = header_size; size < 9; ++size) {
        const Step more = scanner.next(Bytes(bytes).substr(0, size));
        EXPECT_EQ(more.kind, Kind::more);
        EXPECT_EQ(more.size, 9U);
    }
    const Step step = scanner.next(Bytes(bytes).substr(0, 9));
    EXPECT_EQ(step.kind, Kind::frame);
    EXPECT_FALSE(step.whole);
    EXPECT_EQ(step.body, "1234");
    EXPECT_EQ(step.size, 9U);
    EXPECT_FALSE(scanner.at_boundary());
    const Step rest = scanner.next("5Z");
    EXPECT_EQ(rest.kind, Kind::pass);
    EXPECT_EQ(rest.size, 1U);
    EXPECT_TRUE(scanner.at_boundary());
}

TEST(FrameScanner, AWantedMessageAboveTheHoldLimitIsWholeWhenItIsAllHere) {
    FrameScanner scanner(rows_unwanted, 5);
    const Step step = scanner.next(message('C', "12345") + "Z");
    EXPECT_EQ(step.kind, Kind::frame);
    EXPECT_TRUE(step.whole);
    EXPECT_EQ(step.size, 10U);
    EXPECT_TRUE(scanner.at_boundary());
}

// `more` names what must be there before it is worth asking again. It said five here, for which a
// reader that takes it at its word would have waited for ever at the end of the stream.
TEST(FrameScanner, AMessageBeingPassedNeedsOnlyOneMoreByte) {
    FrameScanner scanner(nothing, 64);
    EXPECT_EQ(scanner.next(header('D', 6)).kind, Kind::pass);
    EXPECT_EQ(scanner.next("").kind, Kind::more);
    EXPECT_EQ(scanner.next("").size, 1U);
    EXPECT_EQ(scanner.next("12").size, 2U);
    EXPECT_EQ(scanner.next("").size, header_size);
}

TEST(FrameScanner, ARunOfUnwantedMessagesIsPassedInOneStep) {
    FrameScanner scanner(rows_unwanted, 64);
    std::string run;
    for (int i = 0; i < 100; ++i) run += message('D', "row");
    EXPECT_EQ(scanner.next(run + message('C', "")).size, run.size());
    EXPECT_EQ(scanner.next(run).size, run.size());
    // Cut within a body: all of it passes. Cut within a header: up to the header.
    EXPECT_EQ(scanner.next(run + header('D', 100)).size, run.size() + header_size);
    EXPECT_EQ(scanner.next(std::string(96, 'x')).size, 96U);
    EXPECT_EQ(scanner.next(run + std::string("D\0\0", 3)).size, run.size());
}

TEST(FrameScanner, LengthsThatCannotBeAreInvalid) {
    for (const TypeSet* wanted : {&everything, &nothing}) {
        for (const std::uint32_t length : {0U, 1U, 2U, 3U, 0x80000000U, 0xfffffffeU, 0xffffffffU}) {
            FrameScanner scanner(*wanted, 64);
            const Step step = scanner.next(header('Q', length) + "body");
            EXPECT_EQ(step.kind, Kind::invalid) << length;
            EXPECT_EQ(step.type, 'Q');
            EXPECT_EQ(step.size, 0U);
        }
    }
}

TEST(FrameScanner, TheShortestAndTheLongestLengthAreValid) {
    FrameScanner scanner(everything, 64);
    EXPECT_EQ(scanner.next(header('S', 4)).kind, Kind::frame);
    const Step longest = scanner.next(header('d', 0x7fffffff) + std::string(64, 'x'));
    EXPECT_EQ(longest.kind, Kind::frame);
    EXPECT_FALSE(longest.whole);
    const std::string piece(1U << 20U, 'x');
    std::size_t left = std::size_t{0x7fffffff} - 4 - 64;
    while (left > piece.size()) {
        const Step step = scanner.next(piece);
        ASSERT_EQ(step.kind, Kind::pass);
        ASSERT_EQ(step.size, piece.size());
        left -= step.size;
    }
    EXPECT_EQ(scanner.next(piece).size, left);
    EXPECT_TRUE(scanner.at_boundary());
}

TEST(FrameScanner, TheCallersGreatestLengthIsKept) {
    for (const TypeSet* wanted : {&everything, &nothing}) {
        FrameScanner scanner(*wanted, 64, 1000);
        EXPECT_NE(scanner.next(header('p', 1000)).kind, Kind::invalid);
        scanner.reset();
        EXPECT_EQ(scanner.next(header('p', 1001)).kind, Kind::invalid);
    }
}

TEST(FrameScanner, GoodMessagesBeforeAnInvalidOneAreHandedOnFirst) {
    const std::string good = message('D', "a") + message('D', "b");
    FrameScanner scanner(rows_unwanted, 64);
    const std::string bytes = good + header('D', 3);
    EXPECT_EQ(scanner.next(bytes).size, good.size());
    EXPECT_EQ(scanner.next(Bytes(bytes).substr(good.size())).kind, Kind::invalid);
    const Reading reading = read_stream(message('Z', "I") + bytes, rows_unwanted, 64,
                                        cut_at(message('Z', "I") + bytes, {}));
    EXPECT_EQ(reading.frames.size(), 1U);
    EXPECT_EQ(reading.passed, good);
    EXPECT_TRUE(reading.invalid);
}

TEST(FrameScanner, ResetForgetsAPartlyPassedMessage) {
    FrameScanner scanner(rows_unwanted, 64);
    (void)scanner.next(header('D', 100));
    EXPECT_FALSE(scanner.at_boundary());
    scanner.reset();
    EXPECT_TRUE(scanner.at_boundary());
    EXPECT_EQ(scanner.next(message('Z', "I")).kind, Kind::frame);
}

}  // namespace
}  // namespace pgweir::protocol
