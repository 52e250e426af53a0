#include "conf/options/units.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "conf/file/addresses.hpp"
#include "conf/file/wording.hpp"

namespace pgweir::conf {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

TEST(Duration, IsReadInEveryUnit) {
    EXPECT_EQ(*parse_duration("500ms"), milliseconds{500});
    EXPECT_EQ(*parse_duration("30s"), milliseconds{30'000});
    EXPECT_EQ(*parse_duration("5min"), milliseconds{300'000});
    EXPECT_EQ(*parse_duration("5m"), milliseconds{300'000});
    EXPECT_EQ(*parse_duration("2h"), milliseconds{7'200'000});
    EXPECT_EQ(*parse_duration("1d"), milliseconds{86'400'000});
    EXPECT_EQ(*parse_duration("7000us"), milliseconds{7});
    EXPECT_EQ(*parse_duration("7 s"), milliseconds{7'000});
    EXPECT_EQ(*parse_duration("0"), milliseconds{0});
}

TEST(Duration, NeedsAUnitUnlessItIsZero) {
    EXPECT_THAT(parse_duration("120").error().message, HasSubstr("needs a unit, as in \"120s\""));
}

TEST(Duration, OfLessThanAMillisecondIsRefused) {
    EXPECT_THAT(parse_duration("999us").error().message, HasSubstr("milliseconds"));
    EXPECT_FALSE(parse_duration("1001us"));
}

TEST(Duration, BeyondSixtyFourBitsIsTooLargeAndNotWrapped) {
    // 2^64 microseconds are 213503982 days and some hours.
    EXPECT_TRUE(parse_duration("213503982d"));
    EXPECT_THAT(parse_duration("213503983d").error().message, HasSubstr("too large"));
    EXPECT_THAT(parse_duration("18446744073709551616s").error().message, HasSubstr("too large"));
}

TEST(Duration, IsFormattedInTheLargestUnitThatDividesIt) {
    for (const char* const text : {"0", "1ms", "999ms", "1s", "90s", "2min", "90min", "2h", "1d"}) {
        EXPECT_EQ(format_duration(*parse_duration(text)), text);
    }
}

TEST(Size, IsReadInEveryUnitAndFormattedAgain) {
    EXPECT_EQ(parse_size("8kB")->count, 8'192U);
    EXPECT_EQ(parse_size("8KB")->count, 8'192U);
    EXPECT_EQ(parse_size("3 MB")->count, 3U << 20U);
    for (const char* const text : {"0", "17B", "8kB", "1025kB", "64MB", "1GB", "5TB"}) {
        EXPECT_EQ(format_size(*parse_size(text)), text);
    }
}

TEST(Size, WithoutUnitOrTooLargeIsRefused) {
    EXPECT_THAT(parse_size("100").error().message, HasSubstr("as in \"100kB\""));
    EXPECT_THAT(parse_size("16777216TB").error().message, HasSubstr("too large"));
    EXPECT_THAT(parse_size("5XB").error().message, HasSubstr("unknown unit \"XB\""));
    EXPECT_THAT(parse_size("").error().message, HasSubstr("is not a size"));
}

TEST(Address, IsFormattedAsItWasRead) {
    for (const char* const text : {"127.0.0.1:6432", "[::1]:6432", "[fe80::1%eth0]:1", "*:65535",
                                   "localhost", "/tmp", "/tmp:6433", "/tmp/a:b", "/"}) {
        const Result<ListenAddress> address = parse_address(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(format_address(*address), text);
    }
}

TEST(Address, OfAFolderLosesItsLastSlash) {
    EXPECT_EQ(parse_address("/tmp//")->host, "/tmp");
}

TEST(Suggestion, IsTheNearestNameAndNoneWhenAllAreFar) {
    constexpr std::array<std::string_view, 3> names{"query_timeout", "query_wait_timeout", "mode"};
    EXPECT_EQ(nearest("qurey_timeout", names), "query_timeout");
    EXPECT_EQ(nearest("QUERY_WAIT_TIMEOUTS", names), "query_wait_timeout");
    EXPECT_EQ(nearest("xyz", names), "");
    EXPECT_EQ(nearest("", names), "");
    EXPECT_EQ(nearest(std::string(100'000, 'q'), names), "");
}

TEST(QuotedText, IsCutBetweenCharactersAndHasNoControlCharacters) {
    EXPECT_EQ(in_quotes("a\x1B[2J\n"), "\"a\\x1b[2J\\x0a\"");
    EXPECT_EQ(in_quotes(std::string(59, 'a') + "üb"), '"' + std::string(59, 'a') + "...\"");
}

}  // namespace
}  // namespace pgweir::conf
