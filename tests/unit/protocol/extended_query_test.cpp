#include "protocol/wire/extended_query.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace pgweir::protocol {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;

// The body of the one message in `message`, whose type and length are as they must be.
Bytes body_of(const std::string& message, char type) {
    EXPECT_EQ(message.front(), type);
    EXPECT_EQ(read_uint32(Bytes(message).substr(1)), message.size() - 1);
    return Bytes(message).substr(header_size);
}

std::vector<std::string> values_of(Bytes rest) {
    std::vector<std::string> values;
    for_each_value(rest, [&](Bytes value) { values.emplace_back(value); });
    return values;
}

// Two formats; the values "ab", NULL, "" and "c"; one result format.
const std::string bind_rest =
    "\0\2\0\0\0\1"
    "\0\4\0\0\0\2ab\377\377\377\377\0\0\0\0\0\0\0\1c"
    "\0\1\0\0"s;

TEST(ExtendedQuery, AParseIsReadAsItWasWritten) {
    const std::string types = "\0\1\0\0\0\27"s;
    std::string message;
    append_parse(message, "s1", "select $1", types);
    const auto parse = parse_parse(body_of(message, 'P'));
    ASSERT_TRUE(parse.has_value());
    EXPECT_EQ(parse->statement, "s1");
    EXPECT_EQ(parse->query, "select $1");
    EXPECT_EQ(parse->types, types);
}

TEST(ExtendedQuery, AParseMayBeEmptyInAllItsParts) {
    std::string message;
    append_parse(message, "", "", "");
    const auto parse = parse_parse(body_of(message, 'P'));
    ASSERT_TRUE(parse.has_value());
    EXPECT_EQ(parse->statement, "");
    EXPECT_EQ(parse->query, "");
    EXPECT_EQ(parse->types, "");
}

TEST(ExtendedQuery, TheHeadOfAParseIsItsBeginningUnderAnotherName) {
    const std::string rest = "select 1\0\0\0"s;
    std::string by_head;
    append_parse_head(by_head, "pgweir_1", rest.size());
    std::string whole;
    append_parse(whole, "pgweir_1", "select 1", "\0\0"s);
    EXPECT_EQ(by_head + rest, whole);
}

TEST(ExtendedQuery, AParseWithoutBothTerminatorsIsNone) {
    const std::string body = "s1\0select $1\0\0\1\0\0\0\27"s;
    const std::size_t query_end = body.find("$1") + 3;
    for (std::size_t size = 0; size <= body.size(); ++size) {
        const auto parse = parse_parse(Bytes(body).substr(0, size));
        ASSERT_EQ(parse.has_value(), size >= query_end) << size;
        if (parse) {
            EXPECT_EQ(parse->types, body.substr(query_end, size - query_end));
        }
    }
}

TEST(ExtendedQuery, TheHeadOfABindIsReadAsItWasWritten) {
    std::string message;
    append_bind_head(message, "c1", "s1", bind_rest.size());
    message += bind_rest;
    const auto bind = parse_bind_head(body_of(message, 'B'));
    ASSERT_TRUE(bind.has_value());
    EXPECT_EQ(bind->portal, "c1");
    EXPECT_EQ(bind->statement, "s1");
    EXPECT_EQ(bind->rest, bind_rest);
}

TEST(ExtendedQuery, ABindMayEndBehindItsNamesButNotWithinThem) {
    const std::string body = "c1\0s1\0"s + bind_rest;
    for (std::size_t size = 0; size <= body.size(); ++size) {
        const auto bind = parse_bind_head(Bytes(body).substr(0, size));
        ASSERT_EQ(bind.has_value(), size >= 6) << size;
        if (bind) {
            EXPECT_EQ(bind->rest, body.substr(6, size - 6));
        }
    }
}

TEST(ExtendedQuery, EachValueOfABindIsSeenSaveForNull) {
    EXPECT_THAT(values_of(bind_rest), ElementsAre("ab", "", "c"));
    EXPECT_THAT(values_of("\0\0\0\0\0\0"s), IsEmpty());
    EXPECT_THAT(values_of("\0\0\0\1\377\377\377\377\0\0"s), IsEmpty());
}

// A Bind can be longer than what is held of it.
TEST(ExtendedQuery, OfABindThatEndsEarlyThoseValuesAreSeenThatAreWhole) {
    const std::size_t ab_end = 8 + 4 + 2;
    const std::size_t empty_end = ab_end + 4 + 4;
    const std::size_t c_end = empty_end + 4 + 1;
    for (std::size_t size = 0; size <= bind_rest.size(); ++size) {
        const std::size_t whole = std::size_t{size >= ab_end} + std::size_t{size >= empty_end} +
                                  std::size_t{size >= c_end};
        EXPECT_EQ(values_of(Bytes(bind_rest).substr(0, size)).size(), whole) << size;
    }
}

TEST(ExtendedQuery, NoValueIsReadBeyondTheEndWhateverItsLengthSays) {
    EXPECT_THAT(values_of("\0\0\0\2\177\377\377\377ab"s), IsEmpty());
    EXPECT_THAT(values_of("\0\0\0\2\200\0\0\0ab"s), IsEmpty());
    EXPECT_THAT(values_of("\0\0\0\2\377\377\377\376ab"s), IsEmpty());
    EXPECT_THAT(values_of("\377\377\0\1\0\0\0\1a"s), IsEmpty()) << "65535 formats";
    EXPECT_THAT(values_of("\0\0\377\377\0\0\0\1a\0\0\0\1b"s), ElementsAre("a", "b"));
}

TEST(ExtendedQuery, DescribeAndCloseAreReadAsTheyWereWritten) {
    for (const char kind : {'S', 'P'}) {
        for (const std::string_view name : {"", "s1"}) {
            std::string describe;
            append_describe(describe, {.kind = kind, .name = name});
            std::string close;
            append_close(close, {.kind = kind, .name = name});
            EXPECT_EQ(body_of(describe, 'D'), body_of(close, 'C'));
            const auto target = parse_target(body_of(close, 'C'));
            ASSERT_TRUE(target.has_value()) << kind << name;
            EXPECT_EQ(target->kind, kind);
            EXPECT_EQ(target->name, name);
        }
    }
}

TEST(ExtendedQuery, ATargetOfAnotherFormIsNone) {
    const std::string body = "Ss1\0"s;
    for (std::size_t size = 0; size < body.size(); ++size) {
        EXPECT_FALSE(parse_target(Bytes(body).substr(0, size)).has_value()) << size;
    }
    EXPECT_FALSE(parse_target("Xs1\0"s).has_value());
    EXPECT_FALSE(parse_target("Ss1\0more"s).has_value());
    EXPECT_FALSE(parse_target("Ss1\0\0"s).has_value());
    EXPECT_FALSE(parse_target("\0\0"s).has_value());
}

TEST(ExtendedQuery, WhatIsAppendedStandsBehindWhatWasThere) {
    std::string out = "before";
    append_close(out, {.kind = 'S', .name = "s"});
    append_parse(out, "s", "q", "\0\0"s);
    EXPECT_EQ(out, "before"s + "C\0\0\0\7Ss\0"s + "P\0\0\0\12s\0q\0\0\0"s);
}

TEST(ExtendedQuery, AParseCompleteIsItsTypeAndItsLength) {
    EXPECT_EQ(parse_complete_message, "1\0\0\0\4"s);
}

}  // namespace
}  // namespace pgweir::protocol
