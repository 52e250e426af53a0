#include "protocol/sql/sql_reader.hpp"

#include <gtest/gtest.h>

namespace pgweir::protocol {
namespace {

using enum StandardConformingStrings;

TEST(ReadingOf, IsTheOneInWhichTheTextCanRun) {
    EXPECT_EQ(reading_of("select 'a'"), on);
    EXPECT_EQ(reading_of(R"(select 'a\b', E'\'')"), on) << "no token is another";
    EXPECT_EQ(reading_of(R"(select 'c:\', 'd')"), on);
    EXPECT_EQ(reading_of(R"(select 'c:\', 'd:\')"), on);
    EXPECT_EQ(reading_of(R"(select 'it\'s')"), off);
    EXPECT_EQ(reading_of(R"(select '\' -- ')"), unknown) << "two texts that can run";
    EXPECT_EQ(reading_of(R"(select '\' ' /*)"), unknown) << "none that can";
    EXPECT_EQ(reading_of("select 'open"), on) << "it is the same in both";
}

TEST(SqlReader, TakesKeyWordsAndSignsOnlyIfTheyComeNext) {
    SqlReader reader(" /* a */ SET \"all\" = -- b\n 1");
    EXPECT_FALSE(reader.take_word("reset"));
    EXPECT_TRUE(reader.take_word("set"));
    EXPECT_FALSE(reader.take_word("all"));
    EXPECT_FALSE(reader.take_any_word({"to", "all"}));
    EXPECT_EQ(reader.take().text, "\"all\"");
    EXPECT_FALSE(reader.take_sign(";"));
    EXPECT_TRUE(reader.take_sign("="));
    EXPECT_EQ(reader.ahead().text, "1");
    EXPECT_EQ(reader.take().text, "1");
    EXPECT_TRUE(reader.at_end_of_statement());
    EXPECT_TRUE(reader.take().at_end());
    EXPECT_TRUE(reader.take().at_end());
}

TEST(SqlReader, PassesOverStatements) {
    SqlReader reader("; /* a */ ; a ';' b; c");
    reader.skip_empty_statements();
    EXPECT_EQ(reader.ahead().text, "a");
    EXPECT_FALSE(reader.is_in_last_statement());
    reader.skip_statement();
    EXPECT_EQ(reader.ahead().text, "c");
    EXPECT_TRUE(reader.is_in_last_statement());
    reader.skip_statement();
    EXPECT_TRUE(reader.ahead().at_end());
}

TEST(SqlReader, KnowsOnlyOfACertainEndThatItIsTheLast) {
    EXPECT_TRUE(SqlReader("a ; -- b\n ;").is_in_last_statement());
    EXPECT_TRUE(SqlReader("").is_in_last_statement());
    EXPECT_FALSE(SqlReader("a 'b").is_in_last_statement());
    EXPECT_FALSE(SqlReader(R"(a '\' -- ')").is_in_last_statement());
}

TEST(WithoutLeadIn, BeginsWithTheFirstWord) {
    EXPECT_EQ(without_lead_in(" ; -- a\n/* /* b */ */;\tselect 1;"), "select 1;");
    EXPECT_EQ(without_lead_in("-1"), "-1");
    EXPECT_EQ(without_lead_in("/ 2"), "/ 2");
    EXPECT_EQ(without_lead_in("-- a"), "");
    EXPECT_EQ(without_lead_in("/* a"), "");
    EXPECT_EQ(without_lead_in(""), "");
}

}  // namespace
}  // namespace pgweir::protocol
