#include "protocol/sql/named_effects.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "effects_printing.hpp"

namespace pgweir::protocol {
namespace {

NamedEffects named(std::initializer_list<CatalogueEntry> entries) {
    return NamedEffects::of_catalogue(std::vector<CatalogueEntry>(entries));
}

Effects effects_of_body(std::string_view body) {
    return named({{"f", std::string(body)}}).find("f");
}

TEST(NamedEffects, OnlyNamesWithEffectsAreKept) {
    const NamedEffects names = named(
        {{"pure", "BEGIN RETURN 1; END"}, {"locks", "BEGIN PERFORM pg_advisory_lock(1); END"}});
    EXPECT_EQ(names.size(), 1);
    EXPECT_EQ(names.find("locks"), Effect::state);
    EXPECT_FALSE(names.find("pure").any());
    EXPECT_FALSE(names.find("").any());
    EXPECT_FALSE(names.empty());
    EXPECT_TRUE(named({{"pure", "SELECT 1"}}).empty());
    EXPECT_TRUE(NamedEffects().empty());
}

TEST(NamedEffects, PassFromWhatIsUsedToWhatUsesIt) {
    const NamedEffects names = named({{"a_view", "SELECT c FROM second"},
                                      {"second", "SELECT first()"},
                                      {"first", "SELECT lastval()"},
                                      {"loop_a", "loop_b()"},
                                      {"loop_b", "loop_a(), second, setseed(1)"},
                                      {"other", "SELECT firsts()"}});
    EXPECT_EQ(names.find("a_view"), Effect::reads_sequence);
    EXPECT_EQ(names.find("loop_a"), Effect::reads_sequence | Effect::sticky);
    EXPECT_EQ(names.find("loop_b"), Effect::reads_sequence | Effect::sticky);
    EXPECT_FALSE(names.find("other").any());
}

TEST(NamedEffects, AnOverloadedNameHasTheEffectsOfAll) {
    const NamedEffects names =
        named({{"f", "SELECT 1"}, {"f", "SELECT lastval()"}, {"f", "SELECT 2"}});
    EXPECT_EQ(names.find("f"), Effect::reads_sequence);
    EXPECT_EQ(names.size(), 1);
}

TEST(NamedEffects, AnOpaqueEntryIsSuspect) {
    const NamedEffects names = named({{"f", "", true}, {"g", "SELECT f()"}});
    EXPECT_EQ(names.find("f"), suspect_effects | Effect::reads_sequence);
    EXPECT_EQ(names.find("g"), names.find("f"));
}

TEST(NamedEffects, StatementsOfABodyCount) {
    EXPECT_EQ(effects_of_body("SET work_mem = 1"), Effect::state);
    EXPECT_EQ(effects_of_body("BEGIN SET work_mem = 1; END"), Effect::state);
    EXPECT_EQ(effects_of_body("BEGIN IF x THEN SET a.b = 1; END IF; END"), Effect::state);
    EXPECT_EQ(effects_of_body("BEGIN FOR r IN SELECT 1 FOR UPDATE LOOP SET a.b = 1; END LOOP; END"),
              Effect::state);
    EXPECT_EQ(effects_of_body("BEGIN UPDATE t SET a = 1; SET a.b = 1; END"), Effect::state);
    EXPECT_EQ(effects_of_body("BEGIN <<label>> SET a.b = 1; END"), Effect::state);
    EXPECT_EQ(effects_of_body("BEGIN -- update\n SET a.b = 1; END"), Effect::state);
    EXPECT_EQ(effects_of_body("BEGIN RESET ALL; END"), Effect::state | Effect::reset);
    EXPECT_EQ(effects_of_body("BEGIN LISTEN c; END"), Effect::state | Effect::listens);
    EXPECT_EQ(effects_of_body("BEGIN LOAD 'x'; END"), Effect::sticky);
    EXPECT_EQ(effects_of_body("BEGIN CREATE TEMP TABLE t (a int); END"),
              Effect::state | Effect::alters_reading);
    EXPECT_EQ(effects_of_body("BEGIN DROP TABLE t; END"), Effect::state | Effect::alters_reading);
    EXPECT_EQ(effects_of_body("BEGIN CREATE TABLE t (a int); END"),
              Effect::state | Effect::changes_catalogue | Effect::alters_reading);
    EXPECT_EQ(effects_of_body("BEGIN SET LOCAL a.b = 1; END"), Effect::alters_reading);
    EXPECT_EQ(effects_of_body("BEGIN PREPARE s AS SELECT 1; END"), Effect::state);
    EXPECT_EQ(effects_of_body("$_SHARED{x} = 1;"), Effect::sticky);
}

TEST(NamedEffects, WhatLeavesNothingInABodyIsClean) {
    for (const std::string_view body :
         {"BEGIN UPDATE t SET a = 1; END", "BEGIN UPDATE \"t\" SET a = 1; END",
          "BEGIN SET TRANSACTION READ ONLY; END", "BEGIN SELECT 1 INTO x; END",
          "BEGIN IF x = 'load' THEN RETURN 'load'; END IF; END",
          "DECLARE temp int; BEGIN temp := 1; COMMIT; END", "COMMIT"}) {
        EXPECT_FALSE(effects_of_body(body).any()) << body;
    }
}

TEST(NamedEffects, DynamicSqlIsSuspect) {
    for (const std::string_view body :
         {"BEGIN EXECUTE format('SELECT %s', x); END", "BEGIN RETURN QUERY EXECUTE q; END",
          "plpy.execute(q)", "spi_exec_query($q)", "spi_exec $q", "plv8.execute(q)"}) {
        const Effects found = effects_of_body(body);
        EXPECT_EQ(found | suspect_effects, found) << body;
    }
}

TEST(NamedEffects, NamesThatAreNoWordAreKnownByTheirLongest) {
    const NamedEffects names = named({{"My Function", "SELECT lastval()"},
                                      {"pay$ment", "SELECT setseed(1)"},
                                      {"2nd", "SELECT pg_advisory_lock(1)"}});
    EXPECT_EQ(look_at("SELECT \"My Function\"()", &names), Effect::reads_sequence);
    EXPECT_EQ(look_at("SELECT pay$ment()", &names), Effect::sticky);
    EXPECT_EQ(look_at("SELECT \"2nd\"()", &names), Effect::state);
}

TEST(NamedEffects, WhatHasNoNameIsOfAnyStatement) {
    const NamedEffects names = named({{"@@", "op_function"},
                                      {"", "cast_function"},
                                      {"op_function", "BEGIN PERFORM setseed(1); END"},
                                      {"cast_function", "BEGIN PERFORM lastval(); END"}});
    EXPECT_EQ(names.of_any_statement(), Effect::sticky | Effect::reads_sequence);
    for (const std::string_view sql : {"select 1", "(select 1)", "begin; select 1"}) {
        EXPECT_EQ(look_at(sql, &names), names.of_any_statement()) << sql;
    }
    for (const std::string_view sql :
         {"begin", "begin; set transaction read only", "show work_mem", "savepoint s"}) {
        EXPECT_EQ(look_at(sql, &names), Effects()) << sql << " runs none of them";
    }
    EXPECT_EQ(look_at("begin; set local work_mem = '3MB'", &names), Effect::alters_reading);
    EXPECT_EQ(look_at("SELECT 1", &names), Effect::sticky | Effect::reads_sequence);
    EXPECT_FALSE(look_at("/* nothing */", &names).any());
}

// The client's encoding may be another than the one that the catalogue was read in.
TEST(NamedEffects, NamesBeyondAsciiAreFoundInAnyEncoding) {
    const NamedEffects names = named({{"\xc3\xa9tat", "SELECT lastval()"}});
    EXPECT_EQ(look_at("SELECT \xe9tat()", &names), Effect::reads_sequence);
    EXPECT_EQ(look_at("SELECT \"\xc3\xa9tat\"()", &names), Effect::reads_sequence);
    EXPECT_FALSE(look_at("SELECT etat()", &names).any());
    EXPECT_FALSE(names.empty());
}

// PostgreSQL cuts an identifier after 63 bytes.
TEST(NamedEffects, LongNamesAreCutAsPostgreSqlCutsThem) {
    const std::string name(longest_word, 'f');
    const NamedEffects names = named({{name, "SELECT lastval()"}});
    EXPECT_EQ(look_at("SELECT " + name + "()", &names), Effect::reads_sequence);
    EXPECT_EQ(look_at("SELECT " + name + "and_more()", &names), Effect::reads_sequence);
    EXPECT_EQ(look_at("SELECT " + name + std::string(300, 'x') + "()", &names),
              Effect::reads_sequence);
    EXPECT_FALSE(look_at("SELECT " + name.substr(1) + "()", &names).any());
}

// Up to PostgreSQL 14, `SELECT 1e5f` is a number and a name.
TEST(NamedEffects, TheLongestNameIsFoundBehindANumber) {
    const std::string name(longest_word, 'f');
    const NamedEffects names = named({{name, "SELECT setseed(1)"}});
    for (const std::string number : {"1", "123", "1e5", "123E456"}) {
        const std::string text = std::string("SELECT ").append(number).append(name) + "()";
        EXPECT_TRUE(look_at(text, &names).contains(Effect::sticky)) << text;
    }
}

TEST(NamedEffects, StatementsThatNameThemHaveTheirEffects) {
    const NamedEffects names =
        named({{"audit", "BEGIN PERFORM set_config('a', 'b', false); END"}, {"orders", "audit"}});
    const Effects settings = Effect::state | Effect::reset;
    EXPECT_EQ(look_at("DELETE FROM public.Orders", &names), settings);
    EXPECT_EQ(look_at("DELETE FROM \"orders\"", &names), settings);
    EXPECT_EQ(look_at("INSERT INTO orders VALUES (1)", &names),
              settings | Effect::advances_sequence);
    EXPECT_FALSE(look_at("DELETE FROM orders_2", &names).any());
    EXPECT_EQ(look_at("WITH a AS (SELECT 1) SELECT * FROM orders", &names), settings);
    StatementLook parts(&names);
    parts.feed("SELECT * FROM or");
    parts.feed("ders");
    EXPECT_EQ(parts.finish(), settings);
}

// A search_path that a user has set must have no say in what is read.
TEST(CatalogueQuery, IsQualifiedThroughout) {
    constexpr std::string_view schema = "pg_catalog.";
    for (const int version : {120000, 130000, 140000, 180000}) {
        std::string query = catalogue_query(version);
        EXPECT_EQ(query.find("pg_get_function_sqlbody") != std::string::npos, version >= 140000);
        EXPECT_EQ(query.find('@'), std::string::npos);
        for (std::size_t at = 0; (at = query.find(schema)) != std::string::npos;) {
            query.replace(at, schema.size(), "#");
        }
        for (const std::string_view bare :
             {" = ", " <> ", " >= ", " > ", " ~ ", " !~ ", " || ", " IN (", " LIKE ", " USING ",
              "FROM pg_", "JOIN pg_", " pg_get", " concat", "::regclass,", "::text"}) {
            EXPECT_EQ(query.find(bare), std::string::npos) << bare;
        }
    }
}

}  // namespace
}  // namespace pgweir::protocol
