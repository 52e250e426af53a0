#include "protocol/sql/statement_names.hpp"

#include <gmock/gmock.h>

#include <optional>
#include <string>
#include <vector>

namespace pgweir::protocol {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

struct Deallocation {
    std::string_view sql;
    std::optional<std::string_view> name;
};

class OnlyDeallocated : public testing::TestWithParam<Deallocation> {};

TEST_P(OnlyDeallocated, IsTheNameOrNothing) {
    const std::optional<std::string> found = only_deallocated(GetParam().sql);
    EXPECT_EQ(found, GetParam().name) << GetParam().sql;
}

INSTANTIATE_TEST_SUITE_P(
    OfOne, OnlyDeallocated,
    testing::Values(
        Deallocation{"DEALLOCATE s", "s"}, Deallocation{"deallocate PREPARE s", "s"},
        Deallocation{"DEALLOCATE s;", "s"}, Deallocation{" ;; DEALLOCATE s ; ; ", "s"},
        Deallocation{"DEALLOCATE S1", "s1"}, Deallocation{"DEALLOCATE \"S1\"", "S1"},
        Deallocation{"DEALLOCATE\"S\"", "S"}, Deallocation{"DEALLOCATE PREPARE\"S\"", "S"},
        Deallocation{R"(DEALLOCATE "a""b")", "a\"b"}, Deallocation{R"(DEALLOCATE """")", "\""},
        Deallocation{R"(DEALLOCATE "a -- b")", "a -- b"},
        Deallocation{R"(DEALLOCATE "a;b" )", "a;b"}, Deallocation{"DEALLOCATE \"ALL\"", "ALL"},
        Deallocation{"DEALLOCATE \"all\"", "all"}, Deallocation{"DEALLOCATE PREPARE", "prepare"},
        Deallocation{"DEALLOCATE prepare prepare", "prepare"},
        Deallocation{"DEALLOCATE \"prepare\"", "prepare"},
        Deallocation{"/* a /* b */ */ DEALLOCATE -- c\n s /* d */ -- e", "s"},
        Deallocation{"DEALLOCATE/**/PREPARE/**/s", "s"}, Deallocation{"DEALLOCATE _pq$1", "_pq$1"},
        Deallocation{"DEALLOCATE \xc3\x84", "\xc3\x84"},
        // The escape was no part of a name.
        Deallocation{R"(DEALLOCATE U&"\0073")", "s"}));

INSTANTIATE_TEST_SUITE_P(
    OfNone, OnlyDeallocated,
    testing::Values(
        Deallocation{"", std::nullopt}, Deallocation{"-- DEALLOCATE s", std::nullopt},
        Deallocation{"DEALLOCATE", std::nullopt}, Deallocation{"DEALLOCATE;", std::nullopt},
        Deallocation{"DEALLOCATE ALL", std::nullopt}, Deallocation{"deallocate all;", std::nullopt},
        Deallocation{"DEALLOCATE PREPARE ALL", std::nullopt},
        Deallocation{"DEALLOCATE s t", std::nullopt},
        Deallocation{"DEALLOCATE PREPARE s t", std::nullopt},
        Deallocation{"DEALLOCATE s; SELECT 1", std::nullopt},
        Deallocation{"DEALLOCATE s; DEALLOCATE t", std::nullopt},
        Deallocation{"SELECT 1; DEALLOCATE s", std::nullopt},
        Deallocation{"DEALLOCATE s, t", std::nullopt}, Deallocation{"DEALLOCATE 's'", std::nullopt},
        Deallocation{"DEALLOCATE \"s", std::nullopt},
        Deallocation{R"(DEALLOCATE "s"")", std::nullopt},
        Deallocation{"DEALLOCATE \"", std::nullopt},
        Deallocation{"DEALLOCATE \"a\"\"", std::nullopt},
        Deallocation{"DEALLOCATES s", std::nullopt}, Deallocation{"PREPARE s", std::nullopt},
        Deallocation{"\"DEALLOCATE\" s", std::nullopt},
        Deallocation{R"(DEALLOCATE U&"!0073" UESCAPE '!')", std::nullopt},
        Deallocation{"DEALLOCATE ; s", std::nullopt}, Deallocation{"DEALLOCATE a.b", std::nullopt},
        Deallocation{"EXECUTE s", std::nullopt}, Deallocation{"DISCARD ALL", std::nullopt}));

std::vector<std::string> possible_names(std::string_view sql, std::size_t longest = 1000) {
    std::vector<std::string> names;
    for_each_possible_name(sql, longest, [&](std::string_view name) { names.emplace_back(name); });
    return names;
}

TEST(PossibleNames, AreWordsAsTheyStandAndInLowerCase) {
    EXPECT_THAT(possible_names("EXECUTE s1(2)"), ElementsAre("EXECUTE", "execute", "s1", "2"));
    EXPECT_THAT(possible_names("s1"), ElementsAre("s1"));
    EXPECT_THAT(possible_names("(S_1,$1)"), ElementsAre("S_1", "s_1", "$1", "1"));
    EXPECT_THAT(possible_names("caf\xc3\xa9"), ElementsAre("caf\xc3\xa9"));
}

TEST(PossibleNames, AreEachToldOnce) {
    EXPECT_THAT(possible_names("a A a \"a\""), ElementsAre("a", "A"));
}

TEST(PossibleNames, AreNoneWhereThereAreNoWords) {
    EXPECT_THAT(possible_names(""), IsEmpty());
    EXPECT_THAT(possible_names(" ;(*) - + '' "), IsEmpty());
}

TEST(PossibleNames, AreWhatStandsInDoubleQuotes) {
    EXPECT_THAT(possible_names("EXECUTE \"My Statement\""), Contains("My Statement"));
    EXPECT_THAT(possible_names(R"("a""b")"), Contains("a\"b"));
    EXPECT_THAT(possible_names(R"("a;'b")"), Contains("a;'b"));
    EXPECT_THAT(possible_names("\"a\nb\""), Contains("a\nb"));
}

// Where a quote stands in a string or in a comment, the next name may begin with what seems to end
// another.
TEST(PossibleNames, AQuoteMayEndANameOrBeginOne) {
    EXPECT_THAT(possible_names(R"(SELECT '"'; EXECUTE "a b")"), Contains("a b"));
    EXPECT_THAT(possible_names("-- 5\" long\nEXECUTE \"a b\""), Contains("a b"));
    EXPECT_THAT(possible_names(R"("x"EXECUTE "a b")"), Contains("a b"));
}

TEST(PossibleNames, AQuoteThatDoesNotEndNamesNothingButItsWords) {
    EXPECT_THAT(possible_names("\"a b"), UnorderedElementsAre("a", "b"));
    EXPECT_THAT(possible_names("\""), IsEmpty());
    EXPECT_THAT(possible_names("x\""), ElementsAre("x"));
    // A name has 63 bytes at most.
    const std::string far = "\"a " + std::string(2000, '-') + "\"";
    EXPECT_THAT(possible_names(far), ElementsAre("a"));
}

TEST(PossibleNames, AreNotLongerThanAnyNameOfTheClient) {
    EXPECT_THAT(possible_names("EXECUTE s1; EXECUTE \"s 2\"", 3),
                ElementsAre("s1", "s 2", "s", "2"));
    EXPECT_THAT(possible_names(R"("a""""b")", 4), Contains("a\"\"b"));
    EXPECT_THAT(possible_names("a$b c$$d", 1), UnorderedElementsAre("a", "b", "c", "d"));
    EXPECT_LE(possible_names(std::string(200'000, '"'), 4).size(), 5U);
}

TEST(PossibleNames, StandInStringsAndCommentsToo) {
    for (const std::string_view sql :
         {"DO $$BEGIN EXECUTE 'EXECUTE s1'; END$$", "DO $s1$x$s1$", "SELECT 1 -- s1", "/* s1 */",
          "EXECUTE'' s1", "SELECT 'EXECUTE ' || 's1'"}) {
        EXPECT_THAT(possible_names(sql), Contains(testing::HasSubstr("s1"))) << sql;
    }
    EXPECT_THAT(possible_names("DO $$BEGIN EXECUTE 'EXECUTE s1'; END$$"), Contains("s1"));
    EXPECT_THAT(possible_names(R"(DO 'BEGIN EXECUTE ''EXECUTE "My S"''; END')"), Contains("My S"));
}

// A dollar quote may touch a name: `s1$$` is one run of what words consist of.
TEST(PossibleNames, AreFoundBetweenDollarQuotes) {
    for (const std::string_view sql : {"DO $$EXECUTE s1$$", "DO $a$EXECUTE s1$a$",
                                       "EXECUTE $q$EXECUTE S1$q$", "$a$s1$a$", "$$s1 $$", "x$s1"}) {
        EXPECT_THAT(possible_names(sql), Contains("s1")) << sql;
    }
    for (const std::string_view sql :
         {"EXECUTE a$b", "DO $q$EXECUTE a$b$q$", "DO $q$a$b $q$", "a$b$$"}) {
        EXPECT_THAT(possible_names(sql), Contains("a$b")) << sql;
    }
}

TEST(PossibleNames, OfALongTextOfQuotesTakeNotLong) {
    const std::string quotes(200'000, '"');
    EXPECT_THAT(possible_names(quotes), Not(IsEmpty()));
    EXPECT_EQ(possible_names(std::string(200'000, '$')).size(), 63U);
    std::string words;
    for (int i = 0; i < 50'000; ++i) words += "w" + std::to_string(i) + ' ';
    EXPECT_EQ(possible_names(words).size(), 50'000U);
}

}  // namespace
}  // namespace pgweir::protocol
