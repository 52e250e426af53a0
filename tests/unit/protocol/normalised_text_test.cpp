#include "protocol/sql/normalised_text.hpp"

#include <gtest/gtest.h>

namespace pgweir::protocol {
namespace {

struct Case {
    std::string_view sql;
    std::string_view normalised;
};

class NormalisedText : public testing::TestWithParam<Case> {};

TEST_P(NormalisedText, HasNoConstants) {
    EXPECT_EQ(normalised_text(GetParam().sql), GetParam().normalised);
}

constexpr std::array strings{
    Case{"SELECT 'secret'", "SELECT ?"},
    Case{"SELECT '', 'a'", "SELECT ?, ?"},
    Case{"SELECT 'it''s'", "SELECT ?"},
    Case{"SELECT ''''", "SELECT ?"},
    Case{"SELECT 'a\\', b", "SELECT ?, b"},
    Case{"SELECT E'a\\'secret', b", "SELECT E?, b"},
    Case{"SELECT e'a\\\\', b", "SELECT e?, b"},
    Case{"SELECT 'open", "SELECT ?"},
    Case{"SELECT E'open\\", "SELECT E?"},
    Case{"SELECT $$secret$$, b", "SELECT ?, b"},
    Case{"SELECT $q$ $$ ' $q$, b", "SELECT ?, b"},
    Case{"SELECT $\xc3\xa4$x$\xc3\xa4$", "SELECT ?"},
    Case{"SELECT $$open", "SELECT ?"},
    Case{"SELECT $q$open$$", "SELECT ?"},
    Case{"SELECT B'1', X'f', N'x'", "SELECT B?, X?, N?"},
};
INSTANTIATE_TEST_SUITE_P(Strings, NormalisedText, testing::ValuesIn(strings));

constexpr std::array numbers{
    Case{"SELECT 1, 1.5, 1e10, 0x1F, 1_000", "SELECT ?, ?, ?, ?, ?"},
    Case{"SELECT a+1", "SELECT a+?"},
    Case{"SELECT -5", "SELECT -?"},
    Case{"LIMIT 10;", "LIMIT ?;"},
    Case{"SELECT t1.c2, x86_64, \xc3\xa4"
         "5",
         "SELECT t1.c2, x86_64, \xc3\xa4"
         "5"},
    Case{"SELECT $1, $12", "SELECT $1, $12"},
    Case{"SELECT a$1, a$b$c$b$", "SELECT a$1, a$b$c$b$"},
};
INSTANTIATE_TEST_SUITE_P(Numbers, NormalisedText, testing::ValuesIn(numbers));

constexpr std::array gaps{
    Case{"", ""},
    Case{"  \n", ""},
    Case{"-- nothing", ""},
    Case{" SELECT\n\t a ", "SELECT a"},
    Case{"/* app */ SELECT a -- it's\n, b", "SELECT a , b"},
    Case{"SELECT a/* x */b", "SELECT a b"},
    Case{"SELECT a - b", "SELECT a - b"},
    Case{"SELECT a /* open", "SELECT a"},
};
INSTANTIATE_TEST_SUITE_P(Gaps, NormalisedText, testing::ValuesIn(gaps));

// What was taken for the beginning or the end of a constant where PostgreSQL sees none: then all
// constants behind it stood in the log.
constexpr std::array regressions{
    Case{"SELECT \"it's\", 'secret'", "SELECT \"it's\", ?"},
    Case{R"(SELECT "a--b", "/*", "$$", "5", 5)", R"(SELECT "a--b", "/*", "$$", "5", ?)"},
    Case{"SELECT a LIKE'a\\' AND b='secret'", "SELECT a LIKE? AND b=?"},
    Case{"SELECT /* /* */ it's */ 'secret'", "SELECT ?"},
    Case{"SELECT /*/ it's */ 'secret'", "SELECT ?"},
    Case{"SELECT a -- it's\r, 'secret'", "SELECT a , ?"},
    Case{"SELECT a$b$, 'secret'", "SELECT a$b$, ?"},
};
// The same, found when all readers came to read by one lexer.
constexpr std::array by_the_lexer{
    Case{"SELECT 1$$secret$$", "SELECT ??"},
    Case{"SELECT $1$q$secret$q$", "SELECT $1?"},
    Case{"SELECT 'a' -- it's\n'secret', b", "SELECT ?, b"},
    Case{"SELECT E'a'\n'\\'secret', b", "SELECT E?, b"},
    Case{R"(SELECT 'it\'s secret', b)", "SELECT ?, b"},
    Case{R"(SELECT 'it\' secret -- ')", "SELECT ?"},
    Case{"SELECT 1e+5, 1.5E-3", "SELECT ?, ?"},
    Case{"SELECT a[1..2]", "SELECT a[?..?]"},
    Case{"SELECT 10.0.0.1, 12ab34.5", "SELECT ?, ?"},
    Case{R"(SELECT U&'\0061', U&"\0061")", R"(SELECT U&?, U&"\0061")"},
};
INSTANTIATE_TEST_SUITE_P(ByTheLexer, NormalisedText, testing::ValuesIn(by_the_lexer));

INSTANTIATE_TEST_SUITE_P(Regressions, NormalisedText, testing::ValuesIn(regressions));

TEST(NormalisedTextLimit, IsOfItsBytes) {
    EXPECT_EQ(normalised_text("SELECT a", 6), "SELECT");
    EXPECT_EQ(normalised_text("SELECT a", 0), "");
    EXPECT_EQ(normalised_text("SELECT 'a long secret', b", 8), "SELECT ?");
    EXPECT_EQ(normalised_text(std::string(1000, 'a')).size(), 200U);
}

// It goes to the log and to clients, which take nothing but whole characters.
TEST(NormalisedTextLimit, CutsNoCharacterInTwo) {
    EXPECT_EQ(normalised_text("a\xc3\xa4", 2), "a");
    EXPECT_EQ(normalised_text("a\xc3\xa4", 3), "a\xc3\xa4");
    EXPECT_EQ(normalised_text("\xe2\x82\xac", 2), "");
    EXPECT_EQ(normalised_text("a\xf0\x9f\x98\x80", 4), "a");
    EXPECT_EQ(normalised_text("a\xc3"), "a") << "the text that is given can be a part as well";
}

TEST(NormalisedTextLimit, ATextMayEndAnywhere) {
    const std::string text =
        "SELECT E'\\'secret', $q$secret$q$, \"a\"\"b\", 12.5e3 -- secret\n /* secret";
    for (std::size_t size = 0; size <= text.size(); ++size) {
        // A copy of its own size, so that a sanitizer sees what is read behind it.
        const std::string part = text.substr(0, size);
        const std::string normalised = normalised_text(part);
        EXPECT_LE(normalised.size(), part.size());
        EXPECT_EQ(normalised.find("sec"), std::string::npos) << normalised;
    }
}

}  // namespace
}  // namespace pgweir::protocol
