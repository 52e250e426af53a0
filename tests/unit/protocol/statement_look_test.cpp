// StatementLook reads in a way of its own, for speed. Here it is compared with the lexer.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <utility>

#include "effects_printing.hpp"
#include "protocol/sql/lead_in.hpp"
#include "protocol/sql/named_effects.hpp"
#include "protocol/sql/sql_reader.hpp"
#include "text_in_sight.hpp"

namespace pgweir::protocol {
namespace {

constexpr std::array<std::string_view, 58> words{"set@local",
                                                 "SET",
                                                 "set",
                                                 "session",
                                                 "transaction",
                                                 "constraints",
                                                 "reset",
                                                 "all",
                                                 "discard",
                                                 "listen",
                                                 "notify",
                                                 "prepare",
                                                 "execute",
                                                 "deallocate",
                                                 "do",
                                                 "call",
                                                 "load",
                                                 "create",
                                                 "alter",
                                                 "drop",
                                                 "table",
                                                 "temp",
                                                 "database",
                                                 "function",
                                                 "with",
                                                 "hold",
                                                 "select",
                                                 "into",
                                                 "insert",
                                                 "update",
                                                 "merge",
                                                 "begin",
                                                 "commit",
                                                 "end",
                                                 "rollback",
                                                 "default",
                                                 "names",
                                                 "time",
                                                 "zone",
                                                 "seed",
                                                 "set_config",
                                                 "currval",
                                                 "nextval",
                                                 "explain",
                                                 "analyze",
                                                 "as",
                                                 "create or replace",
                                                 "create@local",
                                                 "pg_temp",
                                                 "pg_settings",
                                                 "setseed",
                                                 "copy",
                                                 "u",
                                                 "e",
                                                 "hidden",
                                                 "a$b",
                                                 "\xc3\xa9",
                                                 "nothing"};
constexpr std::array<std::string_view, 14> gaps{" ",
                                                " ",
                                                " ",
                                                "\n",
                                                "",
                                                "",
                                                "/**/",
                                                "/* set */",
                                                "-- x\n",
                                                "--\r",
                                                "/* /* a */ temp */",
                                                "/*/ ' */",
                                                "-- it's\n",
                                                "-- /*\n"};
constexpr std::array<std::string_view, 30> others{
    ";",        "(",          ")",      ",",       ".",          "=",
    "1",        "1e5",        "$1",     "0x",      "''",         "'a'",
    "'it''s'",  "'\\'",       "E'\\''", "e''",     "U&'\\0061'", "'set a'",
    "$$a$$",    "$q$ $$ $q$", "\"a\"",  "\"set\"", R"("a""b")",  R"(U&"\0073et")",
    "\"it's\"", "-",          "*",      "/",       "&",          "::"};

class RandomTexts {
  public:
    explicit RandomTexts(unsigned seed) : random_(seed) {}

    std::string next() {
        std::string text;
        take(pick(words), text);
        for (std::size_t left = random_() % 10; left > 0; --left)
            take(random_() % 4 == 0 ? pick(others) : pick(words), text);
        return text;
    }

    std::string next_gaps() {
        std::string text;
        for (std::size_t left = random_() % 4; left > 0; --left) text += pick(gaps);
        return text;
    }

  private:
    // `@` stands for a gap; behind each piece comes one.
    void take(std::string_view piece, std::string& text) {
        const std::size_t gap = std::min(piece.find('@'), piece.size());
        text.append(piece.substr(0, gap)).append(pick(gaps));
        if (gap < piece.size()) take(piece.substr(gap + 1), text);
    }
    template <class Choice>
    std::string_view pick(const Choice& choice) {
        return choice[random_() % choice.size()];
    }

    std::mt19937 random_;
};

NamedEffects known_names() {
    const std::array<CatalogueEntry, 2> entries{
        {{"hidden", "SELECT pg_advisory_lock(1)"}, {"\xc3\xa9", "SELECT lastval()"}}};
    return NamedEffects::of_catalogue(entries);
}

TEST(StatementLookByTheLexer, MissesNothingThatIsOutsideOfCommentsAndStrings) {
    const NamedEffects names = known_names();
    RandomTexts texts(1);
    for (int i = 0; i < 100'000; ++i) {
        const std::string text = texts.next();
        ASSERT_EQ(missed_effects(text, &names), Effects()) << text;
        ASSERT_EQ(missed_effects(text, nullptr), Effects()) << text;
    }
}

// Identifiers and key words are words to it, but for those with a `$`.
TEST(StatementLookByTheLexer, TakesAccountOfEachWord) {
    RandomTexts texts(2);
    for (int i = 0; i < 2'000; ++i) {
        const std::string text = texts.next();
        SqlLexer lexer(text);
        TokenKind before = TokenKind::end;
        for (Token token = lexer.next(); !token.at_end(); token = lexer.next()) {
            // In 0xas only PostgreSQL up to 14 sees a word, which is another one.
            const bool of_number = std::exchange(before, token.kind) == TokenKind::number;
            const bool plain = token.text.find('$') == std::string::npos;
            if (token.kind != TokenKind::identifier || !plain || of_number) continue;
            const std::array<CatalogueEntry, 1> entry{
                {{std::string(token.text), "SELECT setseed(1)"}}};
            const NamedEffects names = NamedEffects::of_catalogue(entry);
            ASSERT_TRUE(look_at(text, &names).contains(Effect::sticky)) << text;
        }
    }
}

TEST(StatementLookByTheLexer, DoesNotHangOnWhereTheTextIsCut) {
    const NamedEffects names = known_names();
    RandomTexts texts(3);
    for (int i = 0; i < 5'000; ++i) {
        const std::string text = texts.next();
        const Effects whole = look_at(text, &names);
        for (std::size_t cut = 0; cut <= text.size(); ++cut) {
            StatementLook look(&names);
            look.feed(std::string_view(text).substr(0, cut));
            look.feed(std::string_view(text).substr(cut));
            ASSERT_EQ(look.finish(), whole) << text << " cut at " << cut;
        }
    }
}

// What LeadIn passes over is what stands before the first token, but for the `-` or `/` of an
// operator, which might have begun a comment.
TEST(StatementLookByTheLexer, BeginsWithTheSameToken) {
    RandomTexts texts(4);
    for (int i = 0; i < 20'000; ++i) {
        const std::string text = std::string(i % 3, ';') + texts.next_gaps() + texts.next();
        const std::string_view rest = std::string_view(text).substr(LeadIn().skip(text));
        const std::string_view begin = without_lead_in(text);
        const bool sign = begin.starts_with('-') || begin.starts_with('/');
        ASSERT_TRUE(rest == begin || (sign && rest == begin.substr(1))) << text;
    }
}

// Found by the comparison: a comment hid these.
TEST(StatementLookByTheLexer, SeesThroughComments) {
    const NamedEffects names;
    for (const std::string_view gap :
         {"/**/", "/* x */", "-- x\n", " ", " /* a /* b */ */ -- c\r"}) {
        const auto look = [&](std::string_view before, std::string_view behind) {
            return look_at(std::string(before).append(gap).append(behind), &names);
        };
        EXPECT_TRUE(look("UPDATE t", "SET a = DEFAULT").contains(Effect::advances_sequence)) << gap;
        EXPECT_TRUE(look("DROP", "DATABASE d").contains(Effect::empties_database)) << gap;
        EXPECT_TRUE(look("SET", "LOCAL search_path = a").contains(Effect::alters_reading)) << gap;
    }
}

}  // namespace
}  // namespace pgweir::protocol
