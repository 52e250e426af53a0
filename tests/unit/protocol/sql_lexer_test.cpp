// What PostgreSQL 15 says of each of these texts was compared: integration/test_sql_lexer.py.
#include "protocol/sql/sql_lexer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "sql_tokens.hpp"

namespace pgweir::protocol {
namespace {

using enum StandardConformingStrings;

struct Case {
    std::string_view sql;
    std::string_view tokens;
};

class SqlTokens : public testing::TestWithParam<Case> {};

TEST_P(SqlTokens, AreThoseOfPostgreSQL) {
    EXPECT_EQ(tokens_of(GetParam().sql), GetParam().tokens) << GetParam().sql;
}

constexpr std::array comments{
    Case{"", ""},
    Case{" \t\r\n\f\v", ""},
    Case{"a-- b\nc", "word<a> line<-- b> word<c>"},
    Case{"a--b\rc", "word<a> line<--b> word<c>"},
    Case{"--", "line<-->"},
    Case{"a/*b*/c", "word<a> block</*b*/> word<c>"},
    Case{"/* /* a */ b */c", "block</* /* a */ b */> word<c>"},
    Case{"/*/ a */b", "block</*/ a */> word<b>"},
    Case{"/**/*", "block</**/> op<*>"},
    Case{"/***/a", "block</***/> word<a>"},
    Case{"/*/**/*/a", "block</*/**/*/> word<a>"},
    Case{"/* -- */a", "block</* -- */> word<a>"},
    Case{"-- /*\na", "line<-- /*> word<a>"},
    Case{"/* ' \" $$ */a", "block</* ' \" $$ */> word<a>"},
    Case{"*/ a", "op<*/> word<a>"},
    Case{"a /* b", "word<a> open_comment</* b>"},
    Case{"/* /* */", "open_comment</* /* */>"},
    Case{"/*", "open_comment</*>"},
    Case{"/*/", "open_comment</*/>"},
};
INSTANTIATE_TEST_SUITE_P(Comments, SqlTokens, testing::ValuesIn(comments));

constexpr std::array strings{
    Case{"'a'", "string<'a'>"},
    Case{"''", "string<''>"},
    Case{"'it''s'b", "string<'it''s'> word<b>"},
    Case{"'''' ''", "string<''''> string<''>"},
    Case{R"('a\' b)", R"(string<'a\'> word<b>)"},
    Case{"'-- /* $$'", "string<'-- /* $$'>"},
    Case{"'a", "open_string<'a>"},
    Case{"'a''", "open_string<'a''>"},
    Case{"'", "open_string<'>"},
    Case{"type'a'", "word<type> string<'a'>"},
    Case{R"(E'a\'b'c)", R"(escape<E'a\'b'> word<c>)"},
    Case{R"(e'\\'c)", R"(escape<e'\\'> word<c>)"},
    Case{"E'a''b'", "escape<E'a''b'>"},
    Case{R"(E'\''')", R"(open_string<E'\'''>)"},
    Case{"E'\\", "open_string<E'\\>"},
    Case{"E 'a'", "word<E> string<'a'>"},
    Case{R"(the'a\'b)", R"(word<the> string<'a\'> word<b>)"},
    Case{R"(U&'a\'b)", R"(unicode<U&'a\'> word<b>)"},
    Case{"u&'it''s' UESCAPE '!'", "unicode<u&'it''s'> word<UESCAPE> string<'!'>"},
    Case{"U& 'a'", "word<U> op<&> string<'a'>"},
    Case{"U&'a", "open_string<U&'a>"},
    Case{"xU&'a'", "word<xU> op<&> string<'a'>"},
    Case{"B'01'x'1F'", "bits<B'01'> hex<x'1F'>"},
    Case{"B'0''1'", "bits<B'0'> string<'1'>"},
    Case{R"(b'\'a)", R"(bits<b'\'> word<a>)"},
    Case{"X'1", "open_string<X'1>"},
    Case{R"(N'it''s\'a)", R"(national<N'it''s\'> word<a>)"},
    Case{"n'a", "open_string<n'a>"},
};
INSTANTIATE_TEST_SUITE_P(Strings, SqlTokens, testing::ValuesIn(strings));

// A string goes on in the next line.
constexpr std::array continued{
    Case{"'a'\n'b'c", "string<'a'\n'b'> word<c>"},
    Case{"'a' \t\r 'b'", "string<'a' \t\r 'b'>"},
    Case{"'a' 'b'", "string<'a'> string<'b'>"},
    Case{"'a' -- it's\n -- b\n 'b'", "string<'a' -- it's\n -- b\n 'b'>"},
    Case{"'a' -- b 'c'", "string<'a'> line<-- b 'c'>"},
    Case{"'a'\n-- b", "string<'a'> line<-- b>"},
    Case{"'a'\n/* */'b'", "string<'a'> block</* */> string<'b'>"},
    Case{"'a'\nE'b'", "string<'a'> escape<E'b'>"},
    Case{"'a'\n- 'b'", "string<'a'> op<-> string<'b'>"},
    Case{"'a'\n'b", "open_string<'a'\n'b>"},
    Case{"'a'\n\n'b'\n'c'", "string<'a'\n\n'b'\n'c'>"},
    Case{"E'a'\n'\\'b'c", "escape<E'a'\n'\\'b'> word<c>"},
    Case{"B'0'\n'1'", "bits<B'0'\n'1'>"},
    Case{"U&'a'\n'b'", "unicode<U&'a'\n'b'>"},
    Case{"$$a$$\n'b'", "dollar<$$a$$> string<'b'>"},
};
INSTANTIATE_TEST_SUITE_P(Continued, SqlTokens, testing::ValuesIn(continued));

constexpr std::array dollars{
    Case{"$$a'b$$c", "dollar<$$a'b$$> word<c>"},
    Case{"$$$$", "dollar<$$$$>"},
    Case{"$q$ $$ $Q$ $q$c", "dollar<$q$ $$ $Q$ $q$> word<c>"},
    Case{"$q$ $q $q$", "dollar<$q$ $q $q$>"},
    Case{"$a$ $b$a$", "dollar<$a$ $b$a$>"},
    Case{"$$ $a$$", "dollar<$$ $a$$>"},
    Case{"$_1$x$_1$", "dollar<$_1$x$_1$>"},
    Case{"$\xc3\xa4$x$\xc3\xa4$", "dollar<$\xc3\xa4$x$\xc3\xa4$>"},
    Case{"a$b$c$b$", "word<a$b$c$b$>"},
    Case{"1$$a$$", "number<1> dollar<$$a$$>"},
    Case{"$1$$a$$", "parameter<$1> dollar<$$a$$>"},
    Case{"$1a$", "parameter<$1> word<a$>"},
    Case{"$a b", "other<$> word<a> word<b>"},
    Case{"$ $", "other<$> other<$>"},
    Case{"$", "other<$>"},
    Case{"$$", "open_dollar<$$>"},
    Case{"$$a", "open_dollar<$$a>"},
    Case{"$a$ $$ $A$", "open_dollar<$a$ $$ $A$>"},
};
INSTANTIATE_TEST_SUITE_P(Dollars, SqlTokens, testing::ValuesIn(dollars));

constexpr std::array identifiers{
    Case{"a _b C1$ \xc3\xa4", "word<a> word<_b> word<C1$> word<\xc3\xa4>"},
    Case{"\"a\"b", "quoted<\"a\"> word<b>"},
    Case{R"("a""b" "'" "--")", R"(quoted<"a""b"> quoted<"'"> quoted<"--">)"},
    Case{R"("a\")", R"(quoted<"a\">)"},
    Case{"\"a", "open_name<\"a>"},
    Case{R"("a"")", R"(open_name<"a"">)"},
    Case{R"(U&"d\0061t""a"b)", R"(unicode_name<U&"d\0061t""a"> word<b>)"},
    Case{R"(u&"a)", R"(open_name<u&"a>)"},
    Case{"u&a", "word<u> op<&> word<a>"},
    Case{"e\"a\"", "word<e> quoted<\"a\">"},
    Case{"\"a\"\n\"b\"", R"(quoted<"a"> quoted<"b">)"},
};
INSTANTIATE_TEST_SUITE_P(Identifiers, SqlTokens, testing::ValuesIn(identifiers));

constexpr std::array numbers{
    Case{"1 1.5 .5 1. 1e5 1.5E-3 1e+2",
         "number<1> number<1.5> number<.5> number<1.> number<1e5> number<1.5E-3> number<1e+2>"},
    Case{"1..10", "number<1> sign<..> number<10>"},
    Case{"1.5.5", "number<1.5> number<.5>"},
    Case{"a.5", "word<a> number<.5>"},
    Case{"-1", "op<-> number<1>"},
    Case{"1INTO t", "number<1> word<INTO> word<t>"},
    Case{"1e5into", "number<1e5> word<into>"},
    Case{"1else", "number<1> word<else>"},
    Case{"1e+a", "number<1> word<e> op<+> word<a>"},
    Case{"1_000 0xFf 0o17 0b01", "number<1_000> number<0xFf> number<0o17> number<0b01>"},
    Case{"1__0 1_ 0xg", "number<1> word<__0> number<1> word<_> number<0> word<xg>"},
    Case{"$1 $12,$3a", "parameter<$1> parameter<$12> sign<,> parameter<$3> word<a>"},
};
INSTANTIATE_TEST_SUITE_P(Numbers, SqlTokens, testing::ValuesIn(numbers));

constexpr std::array signs{
    Case{"(a[1]);", "sign<(> word<a> sign<[> number<1> sign<]> sign<)> sign<;>"},
    Case{"a::b:=c:d=>e",
         "word<a> sign<::> word<b> sign<:=> word<c> sign<:> word<d> op<=>> word<e>"},
    Case{"<> != <= @> ->> ?|", "op<<>> op<!=> op<<=> op<@>> op<->>> op<?|>"},
    Case{"a=-1", "word<a> op<=> op<-> number<1>"},
    Case{"a*-+-1", "word<a> op<*> op<-> op<+> op<-> number<1>"},
    Case{"@- @+-", "op<@-> op<@+->"},
    Case{"a+--b", "word<a> op<+> line<--b>"},
    Case{"a*/*b*/c", "word<a> op<*> block</*b*/> word<c>"},
    Case{"@--a", "op<@> line<--a>"},
    Case{"+/*-*/-", "op<+> block</*-*/> op<->"},
    Case{"a.b..c", "word<a> sign<.> word<b> sign<..> word<c>"},
    Case{"{}\\", "other<{> other<}> other<\\>"},
};
INSTANTIATE_TEST_SUITE_P(Signs, SqlTokens, testing::ValuesIn(signs));

TEST(SqlLexerStrings, ABackslashIsAnEscapeWhereStandardConformingStringsIsOff) {
    EXPECT_EQ(tokens_of(R"('a\'b'c)", off), R"(string<'a\'b'> word<c>)");
    EXPECT_EQ(tokens_of(R"(N'a\'b'c)", off), R"(national<N'a\'b'> word<c>)");
    EXPECT_EQ(tokens_of(R"('a\\'c)", off), R"(string<'a\\'> word<c>)");
    EXPECT_EQ(tokens_of(R"('a\')", off), R"(open_string<'a\'>)");
    EXPECT_EQ(tokens_of(R"(E'a\'b' U&'\'c B'\'d)", off),
              R"(escape<E'a\'b'> unicode<U&'\'> word<c> bits<B'\'> word<d>)");
}

TEST(SqlLexerStrings, WhereThatIsUnknownAStringWithTwoEndsHasNone) {
    EXPECT_EQ(tokens_of(R"(a 'b\' c)", unknown), R"(word<a> doubtful<'b\' c>)");
    EXPECT_EQ(tokens_of(R"('b\'c' d)", unknown), R"(doubtful<'b\'c' d>)");
    EXPECT_EQ(tokens_of("N'b'\n'\\' c", unknown), "doubtful<N'b'\n'\\' c>");
    EXPECT_EQ(tokens_of(R"('b\d' c)", unknown), R"(string<'b\d'> word<c>)");
    EXPECT_EQ(tokens_of(R"('b\\' c)", unknown), R"(string<'b\\'> word<c>)");
    EXPECT_EQ(tokens_of("'b' c", unknown), "string<'b'> word<c>");
    EXPECT_EQ(tokens_of(R"('b\)", unknown), R"(open_string<'b\>)");
    EXPECT_EQ(tokens_of(R"(E'b\'c' d)", unknown), R"(escape<E'b\'c'> word<d>)");
}

TEST(SqlLexerTokens, TellHowTheirStringsWereRead) {
    EXPECT_EQ(SqlLexer("'a'", unknown).next().strings, on);
    EXPECT_EQ(SqlLexer(R"('a\n')", unknown).next().strings, unknown);
    EXPECT_EQ(SqlLexer(R"('a\n')", off).next().strings, off);
}

TEST(SqlLexerTokens, AreGapsStringsNamesKeyWordsOrSigns) {
    const auto first = [](std::string_view sql) { return SqlLexer(sql).next(); };
    for (const std::string_view gap : {" ", "--", "/**/", "/*"}) EXPECT_TRUE(first(gap).is_gap());
    for (const std::string_view string :
         {"''", "E''", "U&''", "N''", "B''", "X''", "$$$$", "'", "$$"}) {
        EXPECT_TRUE(first(string).is_string()) << string;
    }
    for (const std::string_view name : {"\"a\"", "U&\"a\"", "\"a"})
        EXPECT_TRUE(first(name).is_quoted_identifier()) << name;
    for (const std::string_view neither : {"a", "1", "$1", "+", ";", "$", ""}) {
        const Token token = first(neither);
        EXPECT_FALSE(token.is_gap() || token.is_string() || token.is_quoted_identifier());
    }
    EXPECT_TRUE(first("SeT").is_word("set"));
    EXPECT_FALSE(first("\"set\"").is_word("set"));
    EXPECT_FALSE(first("sets").is_word("set"));
    EXPECT_TRUE(first("=1").is_sign("="));
    EXPECT_TRUE(first("::a").is_sign("::"));
    EXPECT_FALSE(first("<=").is_sign("<"));
    for (const std::string_view open : {"/*", "\"", "'", "$$", "$$'"})
        EXPECT_TRUE(first(open).is_open()) << open;
    EXPECT_TRUE(SqlLexer(R"('\' ')", unknown).next().is_open());
}

TEST(SqlLexer, IsAtTheEndForEver) {
    SqlLexer lexer("a");
    EXPECT_FALSE(lexer.next().at_end());
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(lexer.next().at_end());
}

TEST(SqlLexer, PassesOverGaps) {
    SqlLexer lexer(" /* a */ -- b\n c /* d */");
    EXPECT_EQ(lexer.next_in_sight().text, "c");
    EXPECT_TRUE(lexer.next_in_sight().at_end());
}

std::vector<std::string_view> texts() {
    std::vector<std::string_view> all;
    for (const Case& one : comments) all.push_back(one.sql);
    for (const Case& one : strings) all.push_back(one.sql);
    for (const Case& one : continued) all.push_back(one.sql);
    for (const Case& one : dollars) all.push_back(one.sql);
    for (const Case& one : identifiers) all.push_back(one.sql);
    for (const Case& one : numbers) all.push_back(one.sql);
    for (const Case& one : signs) all.push_back(one.sql);
    return all;
}

// All tokens together are the text, and none but the last is without end.
void expect_whole(const std::string& text, StandardConformingStrings strings) {
    std::string again;
    bool open = false;
    SqlLexer lexer(text, strings);
    for (Token token = lexer.next(); !token.at_end(); token = lexer.next()) {
        EXPECT_FALSE(token.text.empty() || open) << text;
        EXPECT_EQ(lexer.rest().data(), token.text.data() + token.text.size());
        again += token.text;
        open = token.is_open();
    }
    EXPECT_EQ(again, text);
}

// Each text by itself and behind each other one, cut everywhere. A string of its own, so that a
// sanitizer sees what is read behind it.
TEST(SqlLexer, ATextMayEndAnywhere) {
    for (const std::string_view first : texts()) {
        for (const std::string_view second : texts()) {
            const std::string text = std::string(first).append(second);
            for (std::size_t size = 0; size <= text.size(); ++size) {
                const std::string part = text.substr(0, size);
                for (const auto strings : {on, off, unknown}) expect_whole(part, strings);
            }
        }
    }
}

// What a text begins with is read alike however it goes on, but for one token: a word may become
// longer, a string may go on in the next line, the dot of `1.` may be the first of two.
TEST(SqlLexer, WhatFollowsChangesOnlyTheLengthOfAToken) {
    for (const std::string_view text : texts()) {
        for (std::size_t size = 0; size <= text.size(); ++size) {
            SqlLexer whole(text);
            SqlLexer part(text.substr(0, size));
            Token of_whole;
            Token of_part;
            do {
                of_whole = whole.next();
                of_part = part.next();
            } while (!of_part.at_end() && of_part.text == of_whole.text);
            EXPECT_TRUE(of_whole.text.starts_with(of_part.text) ||
                        of_part.text.starts_with(of_whole.text))
                << text << " up to " << size;
        }
    }
}

TEST(SqlLexer, TakesTimeInProportion) {
    for (const std::string_view piece :
         {"/*", "'", "''", "' \n", "'\\", "\"", "$a$", "$", "-- ", "'a' -- b\n", "E'\\'", "1e",
          "+-", "U&'", "/*/", "*/", "0x_", "a"}) {
        std::string text;
        while (text.size() < std::size_t{1} << 20U) text += piece;
        for (const auto strings : {on, off, unknown}) {
            SqlLexer lexer(text, strings);
            while (!lexer.next().at_end()) {
            }
        }
    }
}

}  // namespace
}  // namespace pgweir::protocol
