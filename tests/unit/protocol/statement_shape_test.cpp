#include "protocol/statement_shape.hpp"

#include <gtest/gtest.h>

namespace pgweir::protocol {
namespace {

TEST(ParameterCount, IsTheHighestOfTheNumbers) {
    EXPECT_EQ(parameter_count("select $1"), 1U);
    EXPECT_EQ(parameter_count("select $2::int + $11, $1"), 11U);
    EXPECT_EQ(parameter_count("select $1$2"), 1U);  // one word: the parser refuses it
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
    EXPECT_FALSE(returns_no_rows("delete from t returning *"));
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
          "create unique index CONCURRENTLY i on t (a)", "drop index concurrently i"}) {
        EXPECT_TRUE(runs_alone(sql)) << sql;
    }
    for (const std::string_view sql :
         {"create temp table t (a int)", "create index i on t (a) where b = 'concurrently'",
          "insert into database values (1)", "select 'vacuum'", "call p()", ""}) {
        EXPECT_FALSE(runs_alone(sql)) << sql;
    }
}

}  // namespace
}  // namespace pgweir::protocol
