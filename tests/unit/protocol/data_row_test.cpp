#include "protocol/wire/data_row.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pgweir::protocol {
namespace {

using namespace std::string_literals;

// "ab", NULL, "".
const std::string row = "\0\3\0\0\0\2ab\377\377\377\377\0\0\0\0"s;

TEST(DataRow, AValueANullAndAnEmptyValueAreToldApart) {
    const auto columns = parse_data_row<3>(row);
    ASSERT_TRUE(columns.has_value());
    EXPECT_EQ((*columns)[0], "ab");
    EXPECT_EQ((*columns)[1], std::nullopt);
    EXPECT_EQ((*columns)[2], "");
}

TEST(DataRow, TheFirstColumnsCanBeReadAlone) {
    const auto two = parse_data_row<2>(row);
    ASSERT_TRUE(two.has_value());
    EXPECT_EQ((*two)[0], "ab");
    EXPECT_EQ((*two)[1], std::nullopt);
}

TEST(DataRow, ARowWithFewerColumnsIsNone) {
    EXPECT_FALSE(parse_data_row<4>(row).has_value());
    EXPECT_FALSE(parse_data_row<1>("\0\0"s).has_value());
}

TEST(DataRow, ARowThatEndsEarlyIsNoneUnlessWhatIsAskedForIsThere) {
    for (std::size_t size = 0; size <= row.size(); ++size) {
        const std::string_view part = std::string_view(row).substr(0, size);
        EXPECT_EQ(parse_data_row<3>(part).has_value(), size == row.size()) << size;
        EXPECT_EQ(parse_data_row<1>(part).has_value(), size >= 8) << size;
    }
}

TEST(DataRow, NoValueIsReadBeyondTheEndWhateverItsLengthSays) {
    EXPECT_FALSE(parse_data_row<1>("\0\1\177\377\377\377ab"s).has_value());
    EXPECT_FALSE(parse_data_row<1>("\0\1\377\377\377\376ab"s).has_value());
}

}  // namespace
}  // namespace pgweir::protocol
