#include "protocol/wire/query_bodies.hpp"

#include <gmock/gmock.h>

#include <string>

namespace pgweir::protocol {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(QueryBodies, AQueryIsOneString) {
    EXPECT_EQ(parse_query("show pools\0"s), "show pools");
    EXPECT_EQ(parse_query("\0"s), "");
    EXPECT_FALSE(parse_query("show pools"s).has_value());
    EXPECT_FALSE(parse_query("a\0b\0"s).has_value());
    EXPECT_FALSE(parse_query("").has_value());
}

// One format; the values "ab" and NULL; two result formats.
const std::string bind = "p\0s\0\0\1\0\1\0\2\0\0\0\2ab\377\377\377\377\0\2\0\0\0\1"s;

TEST(QueryBodies, ABindTellsItsNamesAndFormats) {
    const auto message = parse_bind(bind);
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(message->portal, "p");
    EXPECT_EQ(message->statement, "s");
    EXPECT_EQ(message->values, 2U);
    EXPECT_THAT(message->formats, ElementsAre(Format::text, Format::binary));
}

TEST(QueryBodies, ABindCutAnywhereIsNone) {
    for (std::size_t size = 0; size < bind.size(); ++size) {
        EXPECT_FALSE(parse_bind(Bytes(bind).substr(0, size)).has_value()) << size;
    }
    EXPECT_FALSE(parse_bind(bind + "x").has_value());
}

TEST(QueryBodies, AFormatIsTextOrBinary) {
    EXPECT_FALSE(parse_bind("\0\0\0\0\0\0\0\1\0\2"s).has_value());
}

TEST(QueryBodies, AnExecuteSaysHowManyRows) {
    const std::string body = "p\0\0\0\1\2"s;
    const auto message = parse_execute(body);
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(message->portal, "p");
    EXPECT_EQ(message->max_rows, 258U);
    EXPECT_FALSE(parse_execute("p\0\0\0\1"s).has_value());
    EXPECT_FALSE(parse_execute("p\0\0\0\1\2\3"s).has_value());
}

TEST(QueryBodies, TheTypesOfAParseAreCounted) {
    EXPECT_THAT(*parse_types("\0\2\0\0\0\27\0\0\0\31"s), ElementsAre(23, 25));
    EXPECT_THAT(*parse_types("\0\0"s), IsEmpty());
    EXPECT_FALSE(parse_types("\0\1\0\0\0"s).has_value());
    EXPECT_FALSE(parse_types("").has_value());
}

}  // namespace
}  // namespace pgweir::protocol
