#include "protocol/sql/session_effects.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "effects_printing.hpp"
#include "protocol/sql/effect_words.hpp"
#include "protocol/sql/named_effects.hpp"

namespace pgweir::protocol {

namespace {

constexpr Effects none;
constexpr Effects state = Effect::state;
constexpr Effects sticky = Effect::sticky;
constexpr Effects reads = Effect::reads_sequence;
constexpr Effects advances = Effect::advances_sequence;
constexpr Effects settings = Effect::state | Effect::reset;
constexpr Effects channels = Effect::state | Effect::listens;
constexpr Effects statement = Effect::names_statement;
constexpr Effects ends = Effect::ends_transaction;
constexpr Effects reading = Effect::alters_reading;
constexpr Effects definition = Effect::state | Effect::changes_catalogue | Effect::alters_reading;
constexpr Effects defined = Effect::state | Effect::changes_catalogue;  // as a tag tells it
constexpr Effects moves_database = Effect::empties_database | Effect::alters_reading;

struct Case {
    std::string_view sql;
    Effects effects;
};

// What the text is found to do in a database whose own objects do nothing.
Effects look(std::string_view sql) {
    static const NamedEffects names;
    return look_at(sql, &names);
}

// Statements that have these effects and no other.
class Exactly : public testing::TestWithParam<Case> {};

TEST_P(Exactly, TheseEffectsAreFound) {
    EXPECT_EQ(look(GetParam().sql), GetParam().effects) << GetParam().sql;
}

constexpr std::array common{
    Case{"", none},
    Case{" \n -- only a comment", none},
    Case{"SELECT 1", none},
    Case{"SELECT abalance FROM pgbench_accounts WHERE aid = $1;", none},
    Case{"SELECT * FROM t WHERE a IN (SELECT b FROM u) FOR UPDATE", none},
    Case{"WITH x AS (SELECT 1) SELECT * FROM x", none},
    Case{"UPDATE t SET a = 1, b = 'x' WHERE c = 2", none},
    Case{"UPDATE \"t\" SET a = 1", none},
    Case{"UPDATE public.t AS x SET (a, b) = (1, 2) FROM u RETURNING *", none},
    Case{"DELETE FROM t WHERE a = 1", none},
    Case{"INSERT INTO t VALUES (1, 'two')", advances},
    Case{"INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = excluded.b", advances},
    Case{"INSERT INTO t SELECT * FROM u ON CONFLICT DO NOTHING", advances},
    Case{"WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", advances},
    Case{"/* app:web,action:show */ INSERT INTO readings (temp, at) VALUES (1, now())", advances},
    Case{"INSERT INTO t VALUES ('what do you want; hold the line, load it, create a table')",
         advances},
    Case{"INSERT INTO t VALUES ('gone into the wild')", advances},
    Case{"MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN UPDATE SET b = 1", advances},
    Case{"COPY t FROM STDIN", advances},
    Case{"BEGIN", none},
    Case{"BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY", none},
    Case{"START TRANSACTION", none},
    Case{"SAVEPOINT s", none},
    Case{"RELEASE SAVEPOINT s", none},
    Case{"FETCH 10 FROM c", none},
    Case{"CLOSE c", none},
    Case{"DECLARE c CURSOR FOR SELECT 1", none},
    Case{"DECLARE c NO SCROLL CURSOR WITHOUT HOLD FOR SELECT 1", none},
    Case{"SHOW work_mem", none},
    Case{"EXPLAIN ANALYZE SELECT 1", none},
    Case{"EXPLAIN (ANALYZE, BUFFERS) UPDATE t SET a = 1", none},
    Case{"SET LOCAL work_mem = '1MB'", reading},
    Case{"set  local\n\"app.user\" = '1'", reading},
    Case{"SET TRANSACTION ISOLATION LEVEL READ COMMITTED", none},
    Case{"SET CONSTRAINTS ALL DEFERRED", none},
    Case{"LOCK TABLE t IN EXCLUSIVE MODE", none},
    // The server of who listens as well is to hear it.
    Case{"NOTIFY c, 'x'", Effect::listens},
    Case{"SELECT pg_notify('c', 'x')", Effect::listens},
    Case{"SELECT pg_advisory_xact_lock(1), pg_try_advisory_xact_lock_shared(2)", none},
    Case{"VACUUM ANALYZE t", none},
    Case{"TRUNCATE t", none},
    Case{"GRANT EXECUTE ON FUNCTION f() TO r", none},
};
INSTANTIATE_TEST_SUITE_P(Common, Exactly, testing::ValuesIn(common));

constexpr std::array session_state{
    Case{"SET work_mem = '1MB'", state},
    Case{"SET SESSION work_mem = '1MB'", state},
    Case{"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", state},
    Case{"SET ROLE r", state},
    Case{"SET \"a.b\" = 1", state},
    Case{"SELECT 1; SET a.b = 1", state},
    Case{"BEGIN; SET a.b = 1; COMMIT", state},
    Case{"/* x /* y */ SET */ -- SET\n SET a.b = 1", state},
    Case{"SELECT 1; -- update\nSET a.b = 1", state},
    Case{"SELECT 1; /* update */SET a.b = 1", state},
    Case{"SET -- local\n a.b = 1", state | reading},
    Case{"SET /* local */ a.b = 1", state | reading},
    Case{"SET transaction . b = 1", state},
    Case{"RESET work_mem", settings},
    Case{"RESET ALL", settings},
    Case{"SET work_mem TO DEFAULT", settings},
    Case{"SET work_mem = DEFAULT", settings},
    Case{"SET work_mem = DEFAULT; UPDATE t SET id = DEFAULT", settings | advances},
    Case{"SET TIME ZONE LOCAL", settings},
    Case{"SET NAMES", settings},
    Case{"SELECT set_config('a.b', 'c', false)", settings},
    Case{"SELECT pg_catalog . \"set_config\"('a.b', 'c', false)", settings},
    Case{"SELECT SET_CONFIG('a.b', 'c', false)", settings},
    Case{"UPDATE pg_settings SET setting = 'x' WHERE name = 'y'", settings},
    Case{"SELECT set_limit(0.5)", state},
    Case{"SELECT pg_advisory_lock(1)", state},
    Case{"SELECT pg_advisory_lock_shared(1, 2)", state},
    Case{"SELECT pg_try_advisory_lock(1)", state},
    Case{"SELECT pg_try_advisory_lock_shared(1)", state},
    Case{"SELECT pg_advisory_unlock(1)", state},
    Case{"SELECT pg_advisory_unlock_shared(1)", state},
    Case{"SELECT pg_advisory_unlock_all()", state},
    Case{"SELECT 1 INTO TEMP t", state},
    Case{"SELECT 1INTO TEMP t", state},
    Case{"SELECT 1e5into temporary t", state},
    Case{"SELECT $1INTO /* here */ TEMP t", state},
    Case{"SELECT 1 INTO t", state},
    Case{"EXPLAIN ANALYZE CREATE TEMP TABLE t AS SELECT 1", state},
    Case{"SELECT * FROM pg_temp.t", state},
    Case{"SELECT * FROM pg_temp_3.t", state},
    Case{"DECLARE c CURSOR WITH HOLD FOR SELECT 1", state},
    Case{"DECLARE c CURSOR WITH /* x */ hold FOR SELECT 1", state},
    Case{"PREPARE s AS SELECT 1", state | statement},
    Case{"CALL p()", state},
    Case{"LISTEN c", channels},
    Case{"UNLISTEN *", channels},
    Case{"SELECT pg_listening_channels()", Effect::listens},
    Case{"DISCARD ALL", settings | Effect::listens},
    Case{"SELECT query_to_xml($1, true, true, '')", suspect_effects},
};
INSTANTIATE_TEST_SUITE_P(State, Exactly, testing::ValuesIn(session_state));

constexpr std::array others{
    Case{"LOAD 'age'", sticky},
    Case{"LOAD'age'", sticky},
    Case{"load -- x\n 'age'", sticky},
    Case{"LOAD E'age'", sticky},
    Case{"LOAD $$age$$", sticky},
    Case{"SELECT load FROM t", none},
    Case{"SELECT setseed(0.5)", sticky},
    Case{"SELECT set_user('boss')", sticky},
    Case{"SELECT reset_user()", sticky},
    Case{"SELECT set_session_auth('boss')", sticky},
    Case{"SELECT isn_weak(true)", sticky},
    Case{"SELECT plvdate.set_nonbizday('2001-01-01')", sticky},
    Case{"SELECT dbms_pipe.pack_message('x')", sticky},
    Case{"SET SEED TO 0.5", state | sticky},
    Case{"SET LOCAL seed = 0.5", sticky | reading},
    Case{"SELECT set_config('seed', '0.5', true)", settings | sticky},
    Case{"SELECT dblink_connect('x', 'y')", sticky},
    Case{"SELECT pg_replication_origin_session_setup('x')", sticky},
    Case{"SELECT pg_create_logical_replication_slot('a', 'b', true)", sticky},
    Case{"SELECT pg_backup_start('x')", sticky},
    Case{"SELECT pgv_set_int('a', 'b', 1)", sticky},
    Case{"SELECT currval('s')", reads},
    Case{"SELECT lastval()", reads},
    Case{"SELECT nextval('s'), setval('u', 3)", advances},
    Case{"UPDATE t SET id = DEFAULT", advances},
    Case{"EXECUTE s(1)", statement},
    Case{"SELECT 1;EXECUTE s", statement},
    Case{"/* x */ EXECUTE s", statement},
    Case{"EXPLAIN EXECUTE s", statement},
    Case{"EXPLAIN ANALYZE VERBOSE EXECUTE s", statement},
    Case{"EXPLAIN (COSTS off) EXECUTE s", statement},
    Case{"DEALLOCATE s", state | statement},
    Case{"DEALLOCATE PREPARE ALL", state | statement},
    Case{"CREATE TABLE t AS EXECUTE s", definition | statement},
    Case{"CREATE TEMP TABLE t AS EXECUTE s", state | statement | reading},
    Case{"CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", definition},
    Case{"ALTER TABLE t ADD COLUMN a bigserial", definition | advances},
    Case{"CREATE ROLE r", reading},  // its tag has `state`
    Case{"DROP TABLE t", reading},
    Case{"DROP DATABASE d", moves_database},
    Case{"/* the old one */ ALTER DATABASE d RENAME TO e", moves_database},
    Case{"CREATE DATABASE d TEMPLATE e", moves_database},
    Case{"SELECT 1; DROP\n  DATABASE d", moves_database},
    Case{"SELECT 'drop database d', drop database", none},
    Case{"INSERT INTO t VALUES ('create database d')", Effect::advances_sequence},
    Case{"SELECT database FROM t", none},
    Case{"COMMIT", ends},
    Case{"  \n;/* x /* y */ */ -- z\r\n commit AND CHAIN", ends},
    Case{"ROLLBACK TO SAVEPOINT s", ends},
    Case{"END", ends},
    Case{"ABORT", ends},
    Case{"PREPARE TRANSACTION 'x'", state | statement | ends},
    Case{"PREPARE /* x */ TRANSACTION 'x'", state | statement | ends},
    Case{"PREPARE s AS SELECT 1; COMMIT", state | statement},
    Case{"SELECT 1; COMMIT", none},
};
INSTANTIATE_TEST_SUITE_P(Others, Exactly, testing::ValuesIn(others));

// What texts mean may be otherwise behind these, up to the end of the transaction.
constexpr std::array readings{
    Case{"SET LOCAL search_path = a", reading},
    Case{"BEGIN; SET LOCAL search_path = a", reading},
    Case{"SET LOCAL a.b TO DEFAULT", Effect::reset | reading},
    Case{"SET TRANSACTION READ ONLY; SET LOCAL a.b = 1", reading},
    Case{"SELECT 1; DROP VIEW v", reading},
    Case{"DROP TABLE IF EXISTS t, u CASCADE", reading},
    Case{"CREATE TABLE t ()", definition},
    Case{"CREATE TEMP TABLE t ()", state | reading},
    Case{"CREATE SCHEMA s", definition},
    Case{"CREATE EXTENSION e", definition},
    Case{"CREATE POLICY p ON t", definition},
    Case{"ALTER TABLE t RENAME TO u", definition},
    Case{"SET local.b = 1", state | reading},
    Case{"SET local/**/.b = 1", state | reading},
    Case{"SET /* x */ LOCAL a.b = 1", state | reading},  // more than there is
    Case{"SET CONSTRAINTS ALL IMMEDIATE", none},
    Case{"SET TRANSACTION SNAPSHOT 'x'", none},
    Case{"SAVEPOINT local", none},
    Case{"SELECT local, drop FROM t", none},
    Case{"SELECT 'set local a.b = 1', 'drop table t'", none},
};
INSTANTIATE_TEST_SUITE_P(Readings, Exactly, testing::ValuesIn(readings));

// Code in strings: nothing may escape, but more may be found.
constexpr std::array hidden{
    Case{"DO $$BEGIN SET a.b = 1; END$$", state},
    Case{"DO NOTHING", none},
    Case{"DO/**/$update$ BEGIN END $update$", state},
    Case{"DO LANGUAGE plpgsql 'BEGIN LISTEN c; END'", channels},
    Case{"DO $x$BEGIN IF true THEN LISTEN c; END IF; END$x$", channels},
    Case{"DO $x$BEGIN EXECUTE 'LISTEN c'; END$x$", channels},
    Case{"DO $$BEGIN EXECUTE 'LOAD ''x'''; END$$", sticky},
    Case{"DO $$BEGIN LOAD 'x'; END$$", sticky},
    Case{"DO E'BEGIN\\nLOAD ''x''; END'", sticky},
    Case{"DO U&'\\004COAD'", sticky},
    Case{"DO /* */ E'BEGIN\\nLOAD ''x''; END'", sticky},
    Case{"DO -- it's\n E'BEGIN\\nLOAD ''x''; END'", sticky},
    Case{"DO LANGUAGE plpgsql E'BEGIN\\nLOAD ''x''; END'", sticky},
    Case{"DO/**/U&'\\004COAD'", sticky},
    Case{"DO $$BEGIN EXECUTE 'EXECUTE s'; END$$", statement},
    Case{"DO $$BEGIN EXECUTE 'DEALLOCATE ALL'; END$$", statement},
    Case{"DO $$BEGIN END$$; EXECUTE s", statement},
    Case{"DO $$BEGIN CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; END$$",
         definition},
    Case{"DO $$BEGIN SET LOCAL search_path = a; END$$", reading},
    Case{"DO $$BEGIN DROP TABLE t; END$$", reading},
    Case{"DO $$BEGIN EXECUTE 'SET LOCAL role = r'; END$$", reading},
    Case{"DO $$BEGIN PERFORM set_config('a', null, false); END$$", settings},
    Case{"DO $$BEGIN DISCARD ALL; END$$", settings},
    Case{"DO $$DISCARD ALL$$", settings},
    Case{"DO $$BEGIN RESET ALL; END$$", settings},
    Case{"DO $$BEGIN SET a.b TO DEFAULT; END$$", settings},
    Case{R"(SELECT U&"\0073et_config"('a', 'b', false))", settings},
    Case{"SELECT u&\"!0073etseed\" UESCAPE '!' (0)", sticky},
    Case{R"(SELECT 1u&"\0063urrval"('s'))", reads},
    Case{"SELECT query_to_xml('LOAD ''x''', true, true, '')", sticky},
};

TEST(HiddenCode, NothingEscapes) {
    for (const Case& code : hidden) {
        const Effects found = look(code.sql);
        EXPECT_EQ(found | code.effects, found) << code.sql;
    }
}

// A string 'load' in a function's code must not pin whoever calls it.
TEST(HiddenCode, AStringIsNoLoad) {
    EXPECT_FALSE(look("DO $$BEGIN IF x = 'load' THEN y := 'load more'; END IF; END$$")
                     .contains(Effect::sticky));
}

TEST(UnknownFunctions, OnlyTransactionStatementsAreClean) {
    for (const std::string_view sql :
         {"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "SHOW a", "RELEASE a", "START TRANSACTION",
          "SET LOCAL a.b = 1", " "}) {
        EXPECT_FALSE(look_at(sql, nullptr).contains(Effect::state)) << sql;
    }
    for (const std::string_view sql :
         {"SELECT 1", "(SELECT 1)", "INSERT INTO t VALUES (1)", "UPDATE t SET a = 1",
          "DELETE FROM t", "VALUES (f())", "TABLE t", "BEGIN; SELECT f()", "/* x */ SELECT 1",
          "FETCH c", "EXECUTE s", "EXPLAIN ANALYZE SELECT f()", "COPY (SELECT f()) TO STDOUT"}) {
        EXPECT_TRUE(look_at(sql, nullptr).contains(Effect::state)) << sql;
    }
}

std::vector<std::string_view> all_texts() {
    std::vector<std::string_view> texts;
    for (const Case& one : common) texts.push_back(one.sql);
    for (const Case& one : session_state) texts.push_back(one.sql);
    for (const Case& one : others) texts.push_back(one.sql);
    for (const Case& one : readings) texts.push_back(one.sql);
    for (const Case& one : hidden) texts.push_back(one.sql);
    return texts;
}

TEST(Splits, AnySplitInTwoGivesTheSame) {
    static const NamedEffects names;
    for (const std::string_view text : all_texts()) {
        const Effects whole = look(text);
        for (std::size_t cut = 0; cut <= text.size(); ++cut) {
            StatementLook parts(&names);
            parts.feed(text.substr(0, cut));
            parts.feed(text.substr(cut));
            EXPECT_EQ(parts.finish(), whole) << text << " cut at " << cut;
        }
    }
}

TEST(Splits, ByteByByteGivesTheSame) {
    static const NamedEffects names;
    const std::string number(200, '7');
    std::vector<std::string> texts;
    for (const std::string_view text : all_texts()) texts.emplace_back(text);
    texts.push_back("SELECT " + number + "INTO TEMP t");
    texts.push_back("SELECT 1e" + number + "INTO TEMP t");
    texts.push_back("SELECT " + std::string(200, 'x') + ", currval('s')");
    for (const std::string& text : texts) {
        StatementLook parts(&names);
        for (const char& c : text) parts.feed({&c, 1});
        EXPECT_EQ(parts.finish(), look(text)) << text;
    }
    EXPECT_EQ(look(texts[texts.size() - 3]), state);
    EXPECT_EQ(look(texts[texts.size() - 2]), state);
}

// White space and comments between any two words, and any case, change nothing that must be found.
TEST(Disguise, CaseAndWhiteSpaceDoNotMatter) {
    for (const Case& one : session_state) {
        std::string disguised;
        for (const char c : one.sql)
            disguised += c == ' ' ? std::string("\t\r\n ") : std::string(1, c);
        if (one.sql.find("--") != std::string_view::npos) continue;
        EXPECT_EQ(look(disguised), one.effects) << disguised;
        for (char& c : disguised) {
            if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        }
        EXPECT_EQ(look(disguised), one.effects) << disguised;
    }
}

TEST(Disguise, CommentsHideNothing) {
    for (const std::string_view comment : {"/* update with into */", "-- update set local\n"}) {
        for (const Case& one : session_state) {
            if (one.sql.find("--") != std::string_view::npos) continue;
            std::string disguised(comment);
            for (const char c : one.sql) {
                disguised += c;
                if (c == ' ' || c == ';') disguised += comment;
            }
            const Effects found = look(disguised);
            EXPECT_EQ(found | one.effects, found) << disguised;
        }
    }
}

TEST(EffectWords, EachWordIsFoundAndNoOther) {
    EXPECT_EQ(find_effect_word("setseed")->anywhere, sticky);
    EXPECT_EQ(find_effect_word("pg_temp_17")->anywhere, state);
    EXPECT_EQ(find_effect_word("set_confi"), nullptr);
    EXPECT_EQ(find_effect_word("set_configs"), nullptr);
    EXPECT_EQ(find_effect_word(""), nullptr);
}

// The filter may let other words through, but none that matters may be stopped.
TEST(EffectWords, TheFilterHoldsThemInAnyCase) {
    EXPECT_TRUE(effect_word_filter.may_hold('s', 'e', 3));
    EXPECT_TRUE(effect_word_filter.may_hold('S', 'E', 3));
    EXPECT_TRUE(effect_word_filter.may_hold('U', '&', 1));
    EXPECT_TRUE(effect_word_filter.may_hold('p', 'g', 500));  // pg_temp…
    EXPECT_FALSE(effect_word_filter.may_hold('f', 'r', 4));
    EXPECT_FALSE(effect_word_filter.may_hold('u', 's', 5));
}

}  // namespace
}  // namespace pgweir::protocol
