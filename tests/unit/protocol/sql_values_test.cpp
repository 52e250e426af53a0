// Values and names as PostgreSQL 15 has them: integration/test_sql_lexer.py.
#include "protocol/sql/sql_values.hpp"

#include <gtest/gtest.h>

namespace pgweir::protocol {
namespace {

using enum StandardConformingStrings;

std::optional<std::string> name(std::string_view sql) {
    return name_of(SqlLexer(sql).next());
}

std::optional<std::string> value(std::string_view sql, StandardConformingStrings strings = on) {
    return value_of(SqlLexer(sql, strings).next());
}

TEST(NameOf, FoldsWhatIsNotQuoted) {
    EXPECT_EQ(name("App_1$"), "app_1$");
    EXPECT_EQ(name("\"App\""), "App");
    EXPECT_EQ(name(R"("a""b'c")"), "a\"b'c");
    EXPECT_EQ(name("\xc3\x84"), "\xc3\x84");
    EXPECT_EQ(name(R"(U&"d\0061t\+000061\\""")"), "data\\\"");
}

TEST(NameOf, CutsWhatIsTooLong) {
    const std::string longest(63, 'x');
    EXPECT_EQ(name(longest + "y"), longest);
    EXPECT_EQ(name('"' + longest + "y\""), longest);
    EXPECT_EQ(name(std::string(62, 'x') + "\xc3\x84"), std::nullopt) << "no part of a character";
}

TEST(NameOf, IsNothingWhereItIsNotCertain) {
    for (const std::string_view sql :
         {R"(U&"\00e4")", R"(U&"\d83d\de00")", R"(U&"\00")", R"(U&"\")", R"(U&"\+0000")",
          R"(U&"\0000")", "\"a", "'a'", "$1", "1", "(", ""}) {
        EXPECT_EQ(name(sql), std::nullopt) << sql;
    }
}

TEST(ValueOf, IsWhatStandsBetweenTheQuotes) {
    EXPECT_EQ(value("'it''s'"), "it's");
    EXPECT_EQ(value("''''"), "'");
    EXPECT_EQ(value("''"), "");
    EXPECT_EQ(value(R"('a\n')"), R"(a\n)");
    EXPECT_EQ(value("N'a'"), "a");
    EXPECT_EQ(value("$$it's$$"), "it's");
    EXPECT_EQ(value("$q$ $$ $q$"), " $$ ");
    EXPECT_EQ(value("$$$$"), "");
}

TEST(ValueOf, HasNoEscapesAnyMore) {
    EXPECT_EQ(value(R"(E'a\'b''c\\')"), "a'b'c\\");
    EXPECT_EQ(value(R"(E'\b\f\n\r\t\q')"), "\b\f\n\r\tq");
    EXPECT_EQ(value(R"(E'\101\7\x41\x4g\xg')"), "A\7A\4gxg");
    EXPECT_EQ(value(R"(E'\u0041\U00000042')"), "AB");
    EXPECT_EQ(value(R"(E'\xc3\xa4')"), "\xc3\xa4");
    EXPECT_EQ(value(R"(U&'\0041\+000042\\''')"), "AB\\'");
}

TEST(ValueOf, GoesOnInTheNextLine) {
    EXPECT_EQ(value("'a'\n'b'"), "ab");
    EXPECT_EQ(value("'a' -- it's\n -- b\n '''c'"), "a'c");
    EXPECT_EQ(value("E'a\\''\n'\\x41'"), "a'A");
    EXPECT_EQ(value("U&'a'\n'\\0041'"), "aA");
}

TEST(ValueOf, HangsOnStandardConformingStrings) {
    EXPECT_EQ(value(R"('a\'b\n')", off), "a'b\n");
    EXPECT_EQ(value(R"('a\n')", unknown), std::nullopt);
    EXPECT_EQ(value("'a'", unknown), "a");
    EXPECT_EQ(value(R"(E'a\n')", unknown), "a\n");
}

TEST(ValueOf, IsNothingWhereItIsNotCertain) {
    for (const std::string_view sql :
         {R"(E'\u00e4')", R"(E'\000')", R"(E'\x00')", R"(E'\u004')", R"(E'\v')", R"(U&'\00e4')",
          R"(U&'\')", "B'1'", "X'1'", "'a", "$$a", "a", "\"a\"", "1", "$1", ""}) {
        EXPECT_EQ(value(sql), std::nullopt) << sql;
    }
}

}  // namespace
}  // namespace pgweir::protocol
