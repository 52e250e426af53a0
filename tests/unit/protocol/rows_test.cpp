#include "protocol/wire/rows.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string>

namespace pgweir::protocol {
namespace {

using namespace std::string_literals;

constexpr std::array columns{Column{"name", ColumnType::text}, Column{"n", ColumnType::int4},
                             Column{"big", ColumnType::int8}, Column{"sum", ColumnType::numeric}};
constexpr std::array binary{Format::binary};

std::string data_row(const Row& row, std::span<const Format> formats) {
    std::string out;
    append_data_row(out, columns, row, formats);
    EXPECT_EQ(out.front(), 'D');
    EXPECT_EQ(read_uint32(Bytes(out).substr(1)), out.size() - 1);
    return out.substr(header_size);
}

// numeric_send(value).
std::string numeric(std::int64_t value) {
    constexpr std::array one{Column{"sum", ColumnType::numeric}};
    std::string out;
    append_data_row(out, one, {value}, binary);
    return out.substr(header_size + 2 + 4);
}

TEST(Rows, ADescriptionHasTypesSizesAndFormats) {
    std::string out;
    constexpr std::array formats{Format::text, Format::binary, Format::text, Format::binary};
    append_row_description(out, columns, formats);
    EXPECT_EQ(out,
              "T\0\0\0\x5d\0\4"
              "name\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0"
              "n\0\0\0\0\0\0\0\0\0\0\x17\0\4\xff\xff\xff\xff\0\1"
              "big\0\0\0\0\0\0\0\0\0\0\x14\0\x8\xff\xff\xff\xff\0\0"
              "sum\0\0\0\0\0\0\0\0\0\6\xa4\xff\xff\xff\xff\xff\xff\0\1"s);
}

TEST(Rows, ARowIsTextUnlessAskedOtherwise) {
    EXPECT_EQ(data_row({"a b"s, std::int64_t{-7}, std::monostate{}, std::int64_t{10'000}}, {}),
              "\0\4\0\0\0\3a b\0\0\0\2-7\xff\xff\xff\xff\0\0\0\5"
              "10000"s);
}

TEST(Rows, ARowInBinaryIsInNetworkOrder) {
    EXPECT_EQ(data_row({"a b"s, std::int64_t{-2}, std::int64_t{1} << 40, std::monostate{}}, binary),
              "\0\4\0\0\0\3a b\0\0\0\4\xff\xff\xff\xfe\0\0\0\x8\0\0\1\0\0\0\0\0\xff\xff\xff\xff"s);
}

TEST(Rows, NumericsAreAsPostgresqlSendsThem) {
    // select numeric_send(0), numeric_send(10000), numeric_send(-123456789)
    EXPECT_EQ(numeric(0), "\0\0\0\0\0\0\0\0"s);
    EXPECT_EQ(numeric(10'000), "\0\2\0\1\0\0\0\0\0\1\0\0"s);
    EXPECT_EQ(numeric(-123'456'789), "\0\3\0\2\x40\0\0\0\0\1\x9\x29\x1a\x85"s);
    EXPECT_EQ(numeric(std::numeric_limits<std::int64_t>::min()).substr(0, 8),
              "\0\5\0\4\x40\0\0\0"s);
}

TEST(Rows, WhatDoesNotFitAnInt4IsTheLargestThatDoes) {
    const std::int64_t large = std::int64_t{1} << 40;
    EXPECT_EQ(data_row({std::monostate{}, large, std::monostate{}, std::monostate{}}, {}),
              "\0\4\xff\xff\xff\xff\0\0\0\xa"
              "2147483647\xff\xff\xff\xff\xff\xff\xff\xff"s);
}

TEST(Rows, MessagesWithoutAResultAreShort) {
    std::string out;
    append_bare(out, Backend::parse_complete);
    append_command_complete(out, "PAUSE");
    append_parameter_description(out, {});
    EXPECT_EQ(out, "1\0\0\0\4C\0\0\0\xaPAUSE\0t\0\0\0\6\0\0"s);
}

}  // namespace
}  // namespace pgweir::protocol
