#include "pool/statement.hpp"

#include <gmock/gmock.h>

#include <set>
#include <string>
#include <vector>

#include "protocol/named_effects.hpp"

namespace pgweir::pool {
namespace {

using State = ServerStatements::State;

using namespace std::string_literals;
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

TEST(ServerStatements, EvictTheLeastRecentlyUsed) {
    ServerStatements statements;
    const StatementPtr a = of("a");
    const StatementPtr b = of("b");
    const StatementPtr c = of("c");
    for (const StatementPtr& statement : {a, b, c}) statements.add(statement);
    EXPECT_EQ(statements.evict(4), nullptr);
    EXPECT_EQ(statements.use(*a), State::ready);
    EXPECT_EQ(statements.evict(3), b);
    EXPECT_EQ(statements.size(), 2U);
    EXPECT_EQ(statements.use(*b), State::absent);
    EXPECT_EQ(statements.evict(1), c);
    EXPECT_EQ(statements.evict(1), a);
    EXPECT_EQ(statements.evict(1), nullptr);
    EXPECT_EQ(statements.evict(0), nullptr);
    EXPECT_EQ(statements.size(), 0U);
}

TEST(ServerStatements, WhatIsAddedTwiceIsThereOnceAndTheMostRecentlyUsed) {
    ServerStatements statements;
    const StatementPtr a = of("a");
    const StatementPtr b = of("b");
    statements.add(a);
    statements.add(b);
    statements.add(a);
    EXPECT_EQ(statements.size(), 2U);
    EXPECT_EQ(statements.evict(2), b);
}

TEST(ServerStatements, AreKnownByTheirNameNotByTheirObject) {
    ServerStatements statements;
    {
        const StatementPtr gone = of("a");
        statements.add(gone);
    }
    const StatementPtr again = of("a");
    EXPECT_EQ(statements.use(*again), State::ready);
    statements.add(again);
    EXPECT_EQ(statements.size(), 1U);
    statements.remove(*again);
    EXPECT_EQ(statements.use(*again), State::absent);
    EXPECT_EQ(statements.size(), 0U);
    statements.remove(*again);
    EXPECT_EQ(statements.evict(0), nullptr);
}

TEST(ServerStatements, ClearLeavesNone) {
    ServerStatements statements;
    const StatementPtr a = of("a");
    statements.add(a);
    statements.clear();
    EXPECT_EQ(statements.size(), 0U);
    EXPECT_EQ(statements.use(*a), State::absent);
    statements.add(a);
    EXPECT_EQ(statements.size(), 1U);
}

TEST(ClientStatements, TheUnnamedOneIsApartFromTheOthers) {
    ClientStatements statements;
    EXPECT_EQ(statements.find(""), nullptr);
    const StatementPtr a = of("a");
    const StatementPtr b = of("b");
    statements.set("", a);
    statements.set("s", b);
    EXPECT_EQ(statements.find(""), a);
    EXPECT_EQ(statements.unnamed, a);
    EXPECT_EQ(statements.find("s"), b);
    EXPECT_EQ(statements.find("S"), nullptr) << "names of the protocol have a case";
    statements.set("", nullptr);
    EXPECT_EQ(statements.find(""), nullptr);
    EXPECT_EQ(statements.find("s"), b);
}

TEST(ClientStatements, ANameIsReplacedOrTakenAway) {
    ClientStatements statements;
    const StatementPtr a = of("a");
    const StatementPtr b = of("b");
    statements.set("s", a);
    statements.set("s", b);
    EXPECT_EQ(statements.find("s"), b);
    statements.set("s", nullptr);
    statements.set("never", nullptr);
    EXPECT_EQ(statements.find("s"), nullptr);
    EXPECT_EQ(statements.size(), 0U);
    statements.set("s", a);
    statements.set("", b);
    statements.forget_named();
    EXPECT_EQ(statements.find("s"), nullptr);
    EXPECT_EQ(statements.find(""), b);
}

TEST(ClientStatements, NamesOfPrepareStandBesideThoseOfTheProtocol) {
    ClientStatements statements;
    statements.set_of_sql({});
    EXPECT_FALSE(statements.is_of_sql("p"));
    statements.set_of_sql({"p"});
    statements.set("s", of("a"));
    EXPECT_TRUE(statements.is_of_sql("p"));
    EXPECT_FALSE(statements.is_of_sql("s"));
    EXPECT_EQ(statements.size(), 1U);
    statements.set("s", nullptr);
    EXPECT_TRUE(statements.is_of_sql("p")) << "those of the protocol are apart";
    statements.set_of_sql({});
    EXPECT_FALSE(statements.is_of_sql("p"));
}

}  // namespace
}  // namespace pgweir::pool
