#include "conf/pgbouncer/connect_string.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgweir::conf::pgbouncer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> pairs(std::string_view text) {
    std::vector<std::string> all;
    const ConnectString parsed = parse_connect_string(text, {1, 1});
    EXPECT_FALSE(parsed.problem) << parsed.problem->message;
    for (const ConnectPair& pair : parsed.pairs) all.push_back(pair.name + '=' + pair.value);
    return all;
}

PlacedMessage problem(std::string_view text) {
    const ConnectString parsed = parse_connect_string(text, {7, 10});
    return parsed.problem.value_or(PlacedMessage{});
}

TEST(ConnectString, SplitsAtBlanks) {
    EXPECT_THAT(pairs(""), IsEmpty());
    EXPECT_THAT(pairs("  a=1   b = 2 c= 3"), ElementsAre("a=1", "b=2", "c=3"));
    EXPECT_THAT(pairs("query=a=b"), ElementsAre("query=a=b"));
}

TEST(ConnectString, TakesQuotesWithDoubledOnesAndBackslashesAsTheyAre) {
    EXPECT_THAT(pairs(R"(a='it''s \ "so" = x' b='''' c=\'x)"),
                ElementsAre(R"(a=it's \ "so" = x)", "b='", R"(c=\'x)"));
}

TEST(ConnectString, KnowsWhereNamesAndValuesStand) {
    const ConnectString parsed = parse_connect_string("\xC3\xA4=1 b='x'", {7, 10, 3});
    ASSERT_EQ(parsed.pairs.size(), 2U);
    EXPECT_EQ(parsed.pairs[1].place, (Place{7, 14, 3}));
    EXPECT_EQ(parsed.pairs[1].value_place, (Place{7, 16, 3}));
}

TEST(ConnectString, TellsWhereItsSyntaxEnds) {
    EXPECT_THAT(problem("a=1 b").message, HasSubstr("name=value"));
    EXPECT_EQ(problem("a=1 b").place, (Place{7, 14}));
    EXPECT_THAT(problem("=1").message, HasSubstr("name=value"));
    EXPECT_THAT(problem("a= b=1 c").message, HasSubstr("name=value"));
    EXPECT_THAT(problem("a=").message, HasSubstr("empty"));
    EXPECT_THAT(problem("a=''").message, HasSubstr("empty"));
    EXPECT_THAT(problem("a='x").message, HasSubstr("not closed"));
    EXPECT_THAT(problem("a='x'b=1").message, HasSubstr("blank"));
}

TEST(ConnectString, ShowsNothingOfThePassword) {
    for (const char* const text : {"password=hunter two", "password='hunter", "password='hunter'x",
                                   "password=hunter hunter= x=1"}) {
        EXPECT_THAT(problem(text).message, Not(HasSubstr("hunter"))) << text;
    }
}

}  // namespace
}  // namespace pgweir::conf::pgbouncer
