#include "protocol/sql/statement_shape.hpp"

#include <gtest/gtest.h>

namespace pgweir::protocol {
namespace {

TEST(ParameterCount, IsTheHighestOfTheNumbers) {
    EXPECT_EQ(parameter_count("select $1"), 1U);
    EXPECT_EQ(parameter_count("select $2::int + $11, $1"), 11U);
    EXPECT_EQ(parameter_count("select $1$2"), 2U);  // the parser refuses it
    EXPECT_EQ(parameter_count("insert into t values ($1,$2,$3)"), 3U);
    EXPECT_EQ(parameter_count("select 1"), 0U);
    EXPECT_EQ(parameter_count(""), 0U);
}

TEST(ParameterCount, LooksIntoNoConstantsCommentsOrNames) {
    EXPECT_EQ(parameter_count("select '$9', $1"), 1U);
    EXPECT_EQ(parameter_count("select $q$ $9 $q$, $1"), 1U);
    EXPECT_EQ(parameter_count("select $$ $9 $$"), 0U);
    EXPECT_EQ(parameter_count("select $1 /* $9 */ -- $8\n, $2"), 2U);
    EXPECT_EQ(parameter_count("select \"a $9\", a$7 from t where b = $3"), 3U);
    // These were taken for a part of a word, or for the end of a string.
    EXPECT_EQ(parameter_count("select 1$$ $9 $$, $1"), 1U);
    EXPECT_EQ(parameter_count("select $1 where 1=1and a=$2"), 2U);
    EXPECT_EQ(parameter_count("select 'a' -- it's\n' $9', $1"), 1U);
    EXPECT_EQ(parameter_count(R"(select 'it\'s $9', $1)"), 1U);
}

TEST(ParameterCount, OfNonsenseIsSomeNumber) {
    EXPECT_EQ(parameter_count("select $99999999999999999999999999"), 0U);
    EXPECT_EQ(parameter_count("$"), 0U);
    EXPECT_EQ(parameter_count("\"$1"), 0U);
}

TEST(ReturnsNoRows, OnlyWhatNeverDoes) {
    EXPECT_TRUE(returns_no_rows("INSERT INTO t VALUES ($1)"));
    EXPECT_TRUE(returns_no_rows("/* a */ update t set a = 'returning'"));
    EXPECT_TRUE(returns_no_rows("set a = 1"));
    EXPECT_TRUE(returns_no_rows("begin;"));
    EXPECT_TRUE(returns_no_rows("CREATE TABLE t ()"));
    EXPECT_TRUE(returns_no_rows("; set a = 1"));
    EXPECT_TRUE(returns_no_rows("update t set \"returning\" = 1, returning_at = 2"));
    EXPECT_FALSE(returns_no_rows(R"(update t set a = '\' -- ')")) << "it hangs on a setting";
    EXPECT_FALSE(returns_no_rows("delete from t returning *"));
    EXPECT_FALSE(returns_no_rows("delete from t where a=1returning *"));
    EXPECT_FALSE(returns_no_rows("select 1"));
    EXPECT_FALSE(returns_no_rows("with a as (select 1) insert into t table a"));
    EXPECT_FALSE(returns_no_rows("fetch c"));
    EXPECT_FALSE(returns_no_rows("call p()"));
    EXPECT_FALSE(returns_no_rows("settle"));
    EXPECT_FALSE(returns_no_rows(""));
}

TEST(RunsAlone, WhatPostgreSQLRunsInNoTransactionBlock) {
    for (const std::string_view sql :
         {"VACUUM t", "/* nightly */ vacuum", "CLUSTER", "REINDEX TABLE t", "DISCARD ALL",
          "CREATE DATABASE d", "drop database if exists d", "ALTER SYSTEM RESET ALL",
          "create tablespace temp location '/x'", "DROP SUBSCRIPTION s",
          "create unique index CONCURRENTLY i on t (a)", "drop index concurrently i", "; vacuum",
          "alter table t detach partition p/**/concurrently"}) {
        EXPECT_TRUE(runs_alone(sql)) << sql;
    }
    for (const std::string_view sql :
         {"create temp table t (a int)", "create index i on t (a) where b = 'concurrently'",
          "create index i on t (\"concurrently\")", "create table concurrently_made (a int)",
          "\"vacuum\"", "insert into database values (1)", "select 'vacuum'", "call p()", ""}) {
        EXPECT_FALSE(runs_alone(sql)) << sql;
    }
}

// Words were cut at white space and brackets only, and those behind a bracket were not seen.
TEST(MayRunCode, WhatBeginsWithSuchAWord) {
    for (const std::string_view sql :
         {"select f()", "/* a */ SELECT f()", "select'a'", "select\"f\"()", "select\ff()",
          "select*from v", "select-f()", "(select f())", "( (select f()))",
          "with\"a\"as(select f()) select 1", "; do $$begin end$$", "do'begin end'", "call p()",
          "insert into t values (f())", "execute s", "merge into t using v on true"}) {
        EXPECT_TRUE(may_run_code(sql)) << sql;
    }
    for (const std::string_view sql :
         {"set a = 'b'", "reset all", "discard all", "begin", "selects", "select$1",
          "do$$begin end$$", "\"select\"", "-- select\n set a = 1", ""}) {
        EXPECT_FALSE(may_run_code(sql)) << sql;
    }
}

// The letters were looked for in all of the text.
TEST(NamesTemporary, OnlyInPlainSight) {
    for (const std::string_view sql :
         {"create temp table t (a int)", "CREATE /* a */ TEMPORARY VIEW v AS SELECT 1",
          "select 1 into temp t", "create table pg_temp.t (a int)", "drop table pg_temp_3.t",
          "create table \"pg_temp\".t (a int)"}) {
        EXPECT_TRUE(names_temporary(sql)) << sql;
    }
    for (const std::string_view sql :
         {"create table attempts (a int)", "create view v as select 'temp'",
          "/* temp */ create table t ()", "-- temp\ncreate table t ()", "create table \"temp\" ()",
          "execute s", ""}) {
        EXPECT_FALSE(names_temporary(sql)) << sql;
    }
}

}  // namespace
}  // namespace pgweir::protocol
