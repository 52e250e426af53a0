#include "pool/session/statement.hpp"

#include <gmock/gmock.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "protocol/sql/named_effects.hpp"

namespace pgweir::pool {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::MatchesRegex;

StatementPtr of(Bytes query, Bytes types = "\0\0"s, Bytes parsing = "") {
    return std::make_shared<const Statement>(query, types, parsing);
}

const std::string integer("\0\0\0\x17", 4);
const std::string unknown("\0\0\x02\xc1", 4);
const std::string nothing(4, '\0');

TEST(TypesWithoutText, AreAsManyAsTheTextHasParameters) {
    EXPECT_EQ(of("select 1")->types_without_text(false), "\0\0"s);
    EXPECT_EQ(of("select $2, $1")->types_without_text(false), "\0\2"s + nothing + nothing);
    EXPECT_EQ(of("select $2, $1", "\0\1"s + integer)->types_without_text(false),
              "\0\2"s + integer + nothing);
    EXPECT_EQ(of("select 1", "\0\1"s + integer)->types_without_text(false), "\0\1"s + integer);
    EXPECT_EQ(of("select $65536")->types_without_text(false), std::nullopt);
}

TEST(TypesWithoutText, AreToldWhereTheStatementIsDescribedAlike) {
    EXPECT_EQ(of("set a = 1")->types_without_text(true), "\0\0"s);
    EXPECT_EQ(of("delete from t where a = $1", "\0\1"s + integer)->types_without_text(true),
              "\0\1"s + integer);
    EXPECT_EQ(of("delete from t where a = $1")->types_without_text(true), std::nullopt);
    for (const std::string& type : {unknown, nothing}) {
        EXPECT_EQ(of("delete from t where a = $1", "\0\1"s + type)->types_without_text(true),
                  std::nullopt);
    }
    EXPECT_EQ(of("select 1")->types_without_text(true), std::nullopt) << "it has rows";
}

TEST(TypesWithoutText, OfNonsenseAreNone) {
    for (const std::string& types : {""s, "\0"s, "\0\1"s + integer + "x", "\0\1abc"s}) {
        EXPECT_EQ(of("select $1", types)->types_without_text(false), std::nullopt);
        EXPECT_EQ(of("select $1", types)->types_without_text(true), std::nullopt);
    }
}

TEST(StatementCache, GivesEqualStatementsOneObject) {
    StatementCache cache;
    const StatementPtr first = cache.intern("select 1", "\0\0"s, "role=ann\0"s);
    // Other storage with the same bytes.
    const std::string query = "select 1";
    EXPECT_EQ(cache.intern(query, "\0\0"s, "role=ann\0"s), first);
    EXPECT_EQ(first->query(), "select 1");
    EXPECT_EQ(first->types(), "\0\0"s);
    EXPECT_EQ(first->parsing(), "role=ann\0"s);
}

TEST(StatementCache, AnyDifferenceMakesAnotherStatement) {
    StatementCache cache;
    const std::vector<StatementPtr> all{cache.intern("select 1", "\0\0"s, ""),
                                        cache.intern("select 2", "\0\0"s, ""),
                                        cache.intern("select 1", "\0\1\0\0\0\27"s, ""),
                                        cache.intern("select 1", "\0\0"s, "x"),
                                        cache.intern("", "", "select 1"),
                                        cache.intern("", "select 1", ""),
                                        cache.intern("select 1", "", "")};
    EXPECT_EQ(std::set<StatementPtr>(all.begin(), all.end()).size(), all.size());
}

TEST(StatementCache, ForgetsWhatNobodyUsesAndKeepsTheRest) {
    StatementCache cache;
    std::vector<StatementPtr> kept;
    std::weak_ptr<const Statement> unused = cache.intern("unused", "", "");
    for (int i = 0; i < 3000; ++i) {
        const StatementPtr statement = cache.intern(std::to_string(i), "", "");
        if (i % 10 == 0) kept.push_back(statement);
    }
    EXPECT_TRUE(unused.expired());
    for (int i = 0; i < 3000; i += 10) {
        EXPECT_EQ(cache.intern(std::to_string(i), "", ""), kept[static_cast<std::size_t>(i) / 10]);
    }
}

TEST(Statement, ItsNameOnServersIsTheSameWhereverItWasMade) {
    StatementCache one;
    StatementCache other;
    const StatementPtr a = one.intern("select 1", "\0\0"s, "p");
    const StatementPtr b = other.intern("select 1", "\0\0"s, "p");
    ASSERT_NE(a, b);
    EXPECT_EQ(a->server_name(), b->server_name());
    EXPECT_EQ(a->server_name(), a->server_name());
}

TEST(Statement, ItsNameOnServersIsOneThatPostgresqlDoesNotCut) {
    EXPECT_THAT(of(std::string(100'000, 'x'))->server_name(), MatchesRegex("pgweir_[0-9a-f]{40}"));
    EXPECT_THAT(of("")->server_name(), MatchesRegex("pgweir_[0-9a-f]{40}"));
    EXPECT_NE(of("")->server_name(), no_statement);
}

TEST(Statement, ItsNameDiffersWithAnyPartOfIt) {
    const std::vector<StatementPtr> all{
        of("ab", "cd", "ef"), of("ab", "cd", "eg"), of("ab", "ce", "ef"), of("ac", "cd", "ef"),
        // The same bytes, divided otherwise.
        of("abc", "d", "ef"), of("ab", "cde", "f"), of("abcdef", "", ""), of("", "abcdef", ""),
        of("", "", "abcdef"), of("ab", "cd\0"s, "ef"), of("ab\0"s, "cd", "ef")};
    std::set<std::string> names;
    for (const StatementPtr& statement : all) names.insert(statement->server_name());
    EXPECT_EQ(names.size(), all.size());
}

TEST(Statement, ItsEffectsAreLookedUpForEachStateOfTheCatalogue) {
    using protocol::Effect;
    const StatementPtr statement = of("SELECT f()");
    EXPECT_TRUE(statement->effects(nullptr).contains(Effect::state)) << "nothing is known of f";
    const auto pure = std::make_shared<const protocol::NamedEffects>();
    EXPECT_FALSE(statement->effects(pure).any());
    const std::vector<protocol::CatalogueEntry> entries{{"f", "SELECT lastval()"}};
    const auto reads = std::make_shared<const protocol::NamedEffects>(
        protocol::NamedEffects::of_catalogue(entries));
    EXPECT_EQ(statement->effects(reads), Effect::reads_sequence);
    EXPECT_FALSE(statement->effects(pure).any());
}

TEST(StatementCache, WhatIsPrivateIsLikeNoOther) {
    StatementCache cache;
    const StatementPtr shared = cache.intern("select 1", "\0\0"s, "");
    const StatementPtr one = cache.make_private("select 1", "\0\0"s);
    const StatementPtr two = cache.make_private("select 1", "\0\0"s);
    EXPECT_FALSE(shared->is_private());
    EXPECT_TRUE(one->is_private());
    EXPECT_EQ(one->query(), "select 1");
    EXPECT_EQ(one->types(), "\0\0"s);
    EXPECT_EQ((std::set{shared->server_name(), one->server_name(), two->server_name()}).size(), 3U);
    EXPECT_EQ(cache.intern("select 1", "\0\0"s, ""), shared);
}

TEST(NextReading, EachIsLaterThanTheOneBefore) {
    const std::uint64_t first = next_reading();
    EXPECT_GT(first, 0U) << "0 is none";
    EXPECT_GT(next_reading(), first);
}

// --- on a server ---------------------------------------------------------------------------------

ServerStatement there(StatementPtr statement, std::uint64_t reading = 0) {
    return {.statement = std::move(statement), .reading = reading, .description = {}};
}

TEST(ServerStatements, EvictTheLeastRecentlyUsed) {
    ServerStatements statements;
    const StatementPtr a = of("a");
    const StatementPtr b = of("b");
    const StatementPtr c = of("c");
    for (const StatementPtr& statement : {a, b, c}) statements.add(there(statement));
    const auto evicted = [&](std::size_t limit) {
        const auto gone = statements.evict(limit);
        return gone ? gone->statement : nullptr;
    };
    EXPECT_EQ(evicted(4), nullptr);
    EXPECT_NE(statements.use(*a), nullptr);
    EXPECT_EQ(evicted(3), b);
    EXPECT_EQ(statements.size(), 2U);
    EXPECT_EQ(statements.use(*b), nullptr);
    EXPECT_EQ(evicted(1), c);
    EXPECT_EQ(evicted(1), a);
    EXPECT_EQ(evicted(1), nullptr);
    EXPECT_EQ(evicted(0), nullptr);
    EXPECT_EQ(statements.size(), 0U);
}

TEST(ServerStatements, WhatIsTakenOutComesWithAllThatIsKnownOfIt) {
    ServerStatements statements;
    const DescriptionPtr description = std::make_shared<const Description>();
    statements.add({.statement = of("a"), .reading = 7, .description = description, .stale = true});
    const auto gone = statements.evict(1);
    ASSERT_TRUE(gone);
    EXPECT_EQ(gone->reading, 7U);
    EXPECT_EQ(gone->description, description);
    EXPECT_TRUE(gone->stale);
}

TEST(ServerStatements, WhatIsAddedTwiceIsThereOnceAndTheMostRecentlyUsed) {
    ServerStatements statements;
    const StatementPtr a = of("a");
    const StatementPtr b = of("b");
    statements.add({.statement = a, .reading = 1, .description = {}, .stale = true});
    statements.add(there(b, 2));
    statements.add(there(a, 3));
    EXPECT_EQ(statements.size(), 2U);
    ASSERT_NE(statements.use(*a), nullptr);
    EXPECT_EQ(statements.use(*a)->reading, 3U) << "the later reading is in its place";
    EXPECT_FALSE(statements.use(*a)->stale);
    EXPECT_EQ(statements.evict(2)->statement, b);
}

TEST(ServerStatements, AreKnownByTheirNameNotByTheirObject) {
    ServerStatements statements;
    statements.add(there(of("a"), 1));
    const StatementPtr again = of("a");
    EXPECT_NE(statements.use(*again), nullptr);
    statements.add(there(again, 2));
    EXPECT_EQ(statements.size(), 1U);
    EXPECT_EQ(statements.use(*of("a"))->reading, 2U);
    statements.remove(*again);
    EXPECT_EQ(statements.use(*again), nullptr);
    EXPECT_EQ(statements.size(), 0U);
    statements.remove(*again);
    EXPECT_FALSE(statements.evict(0));
}

TEST(ServerStatements, OfWhichAllAreStaleHaveEachToBePreparedAnew) {
    ServerStatements statements;
    const StatementPtr a = of("a");
    const StatementPtr b = of("b");
    statements.add(there(a));
    statements.add(there(b));
    EXPECT_FALSE(statements.use(*a)->stale);
    statements.mark_all_stale();
    EXPECT_TRUE(statements.use(*a)->stale);
    EXPECT_TRUE(statements.use(*b)->stale);
    statements.add(there(b));
    EXPECT_FALSE(statements.use(*b)->stale);
}

TEST(ServerStatements, AreGoneThroughFromTheMostRecentlyUsedOn) {
    ServerStatements statements;
    const StatementPtr a = of("a");
    for (const StatementPtr& statement : {a, of("b"), of("c")}) statements.add(there(statement));
    std::ignore = statements.use(*a);
    std::vector<std::string> texts;
    statements.for_each([&](const Statement& statement) { texts.push_back(statement.query()); });
    EXPECT_THAT(texts, ElementsAre("a", "c", "b"));
}

TEST(ServerStatements, ClearLeavesNone) {
    ServerStatements statements;
    const StatementPtr a = of("a");
    statements.add(there(a));
    statements.clear();
    EXPECT_EQ(statements.size(), 0U);
    EXPECT_EQ(statements.use(*a), nullptr);
    statements.add(there(a));
    EXPECT_EQ(statements.size(), 1U);
}

// --- of a client ---------------------------------------------------------------------------------

ClientStatement own(StatementPtr statement, std::uint64_t reading = 0, std::uint64_t as_of = 0) {
    return {.statement = std::move(statement), .reading = reading, .as_of = as_of, .told = {}};
}

StatementPtr found(const ClientStatements& statements, Bytes name) {
    const ClientStatement* const own = statements.find(name);
    return own != nullptr ? own->statement : nullptr;
}

TEST(ClientStatements, TheUnnamedOneIsApartFromTheOthers) {
    ClientStatements statements;
    EXPECT_EQ(statements.find(""), nullptr);
    const StatementPtr a = of("a");
    const StatementPtr b = of("b");
    statements.set("", own(a));
    EXPECT_FALSE(statements.has_named());
    statements.set("s", own(b));
    EXPECT_TRUE(statements.has_named());
    EXPECT_EQ(found(statements, ""), a);
    EXPECT_EQ(statements.unnamed.statement, a);
    EXPECT_EQ(found(statements, "s"), b);
    EXPECT_EQ(statements.find("S"), nullptr) << "names of the protocol have a case";
    EXPECT_EQ(statements.size(), 2U);
    statements.set("", {});
    EXPECT_EQ(statements.find(""), nullptr);
    EXPECT_EQ(found(statements, "s"), b);
}

TEST(ClientStatements, ANameIsReplacedOrTakenAway) {
    ClientStatements statements;
    const StatementPtr a = of("a");
    const StatementPtr b = of("b");
    statements.set("s", own(a));
    statements.set("s", own(b));
    EXPECT_EQ(found(statements, "s"), b);
    statements.set("s", {});
    statements.set("never", {});
    EXPECT_EQ(statements.find("s"), nullptr);
    EXPECT_FALSE(statements.has_named());
    EXPECT_EQ(statements.size(), 0U);
    statements.set("s", own(a));
    statements.set("", own(b));
    statements.forget_named();
    EXPECT_EQ(statements.find("s"), nullptr);
    EXPECT_EQ(found(statements, ""), b);
}

TEST(ClientStatements, WhatTheClientWasToldIsKeptWithTheName) {
    ClientStatements statements;
    const DescriptionPtr told = std::make_shared<const Description>();
    statements.set("s", own(of("a"), 5, 6));
    ASSERT_NE(statements.find("s"), nullptr);
    statements.find("s")->told = told;
    const ClientStatements& same = statements;
    EXPECT_EQ(same.find("s")->told, told);
    EXPECT_EQ(same.find("s")->reading, 5U);
    EXPECT_EQ(same.find("s")->as_of, 6U);
    statements.set("s", own(of("a"), 8));
    EXPECT_EQ(same.find("s")->told, nullptr) << "of a statement prepared anew nothing was told";
}

TEST(ClientStatements, AreGoneThroughWithoutWhatIsNotKnown) {
    ClientStatements statements;
    const auto texts = [&] {
        std::set<std::string> result;
        statements.for_each([&](const Statement& one) { result.insert(one.query()); });
        return result;
    };
    EXPECT_THAT(texts(), testing::IsEmpty());
    statements.set("", own(of("unnamed")));
    statements.set("s", own(of("a")));
    statements.set("t", own(of("b")));
    statements.set("u", own(unknown_statement()));
    EXPECT_THAT(texts(), ElementsAre("a", "b"));
}

TEST(ClientStatements, NoNameIsLongerThanTheLongest) {
    ClientStatements statements;
    EXPECT_EQ(statements.longest_name(), 0U);
    statements.set("abc", own(of("a")));
    statements.set("d", own(of("b")));
    statements.set("", own(of("b")));
    EXPECT_EQ(statements.longest_name(), 3U);
    statements.forget_named();
    EXPECT_EQ(statements.longest_name(), 0U);
}

}  // namespace
}  // namespace pgweir::pool
