#include "protocol/sql/pin_forecast.hpp"

#include <gtest/gtest.h>

#include <string>

#include "protocol/sql/named_effects.hpp"

namespace pgweir::protocol {
namespace {

std::string_view forecast(std::string_view sql) {
    return forecast_pin(sql, look_at(sql, nullptr) | Effects(Effect::state));
}

TEST(PinForecast, WhatAStatementWillLeaveIsToldByItsText) {
    EXPECT_EQ(forecast("CREATE TEMP TABLE t (a int)"), "a temporary object");
    EXPECT_EQ(forecast("CREATE TEMP TABLE t (a int) ON COMMIT DROP"), "");
    EXPECT_EQ(forecast("PREPARE q AS SELECT 1"), "a statement prepared by SQL");
    EXPECT_EQ(forecast("SELECT pg_advisory_lock(1)"), "a session-level advisory lock");
    EXPECT_EQ(forecast("SET work_mem = '3MB'"), "");
}

// A comment, as drivers put there to say who asks, hid the first word: strict mode ended the
// session afterwards in place of refusing the statement.
TEST(PinForecast, ACommentInFrontHidesNothing) {
    EXPECT_EQ(forecast("/* app:x */ CREATE TEMP TABLE t (a int)"), "a temporary object");
    EXPECT_EQ(forecast("-- app:x\n PREPARE q AS SELECT 1"), "a statement prepared by SQL");
}

TEST(PinForecast, FindsASessionsAdvisoryLock) {
    const std::string_view lock = "a session-level advisory lock";
    EXPECT_EQ(forecast("select pg_advisory_lock(7)"), lock);
    EXPECT_EQ(forecast("select pg_advisory_xact_lock(7), pg_try_advisory_lock_shared(8)"), lock);
    EXPECT_EQ(forecast("select pg_advisory_xact_lock(7)"), "");
    EXPECT_EQ(forecast("select x.my_advisory_lock(7)"), "");
    EXPECT_EQ(forecast("select pg_advisory_lockadvisory_lock()"), lock);
}

std::string_view forecast_knowing_all(std::string_view sql) {
    static const NamedEffects nothing_has_effects;
    return forecast_pin(sql, look_at(sql, &nothing_has_effects) | Effects(Effect::state));
}

// Strict mode refused statements for what stood in their comments, strings and quoted names.
TEST(PinForecast, WhatDoesNotRunLeavesNothing) {
    for (const std::string_view sql :
         {"INSERT INTO notes VALUES ('call pg_advisory_lock(1)')", "UPDATE t SET a = $$with hold$$",
          "SELECT 1 -- pg_advisory_lock(1)", "SELECT 1 /* with hold */",
          "CREATE TABLE \"temp\" (a int)", "CREATE TABLE t (\"temporary\" int)",
          "CREATE VIEW v AS SELECT 'temp'",
          "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$SELECT pg_advisory_lock(1)$$",
          "CREATE TABLE t (a int) -- temp"}) {
        EXPECT_EQ(forecast_knowing_all(sql), "") << sql;
    }
}

TEST(PinForecast, WhatRunsFromAStringDoes) {
    const std::string_view lock = "a session-level advisory lock";
    EXPECT_EQ(forecast_knowing_all("DO $$BEGIN PERFORM pg_advisory_lock(1); END$$"), lock);
    EXPECT_EQ(forecast_knowing_all("/* a */ DO 'BEGIN PERFORM pg_advisory_lock(1); END'"), lock);
    EXPECT_EQ(forecast_knowing_all("SELECT query_to_xml('SELECT pg_advisory_lock(1)', t, t, '')"),
              lock);
    EXPECT_EQ(forecast("SELECT runs('SELECT pg_advisory_lock(1)')"), lock)
        << "of functions nothing is known";
    EXPECT_EQ(forecast(R"(SELECT '\' || pg_advisory_lock(1) -- ')"), lock);
}

// What only looked like ON COMMIT DROP let a statement pass that left a table.
TEST(PinForecast, OnlyThePlainWordsDropATable) {
    EXPECT_EQ(forecast("CREATE TEMP TABLE t AS SELECT 'on commit drop'"), "a temporary object");
    EXPECT_EQ(forecast("CREATE TEMP TABLE t (a int) -- on commit drop"), "a temporary object");
    EXPECT_EQ(forecast("CREATE TEMP TABLE t (\"on commit drop\" int)"), "a temporary object");
    EXPECT_EQ(forecast("CREATE TEMP TABLE t (a int) ON/**/COMMIT/* a */DROP"), "");
}

TEST(PinForecast, NamesMayStandInQuotes) {
    EXPECT_EQ(forecast_knowing_all("SELECT \"pg_advisory_lock\"(1)"),
              "a session-level advisory lock");
    EXPECT_EQ(forecast_knowing_all(R"(SELECT U&"pg\005fadvisory_lock"(1))"),
              "what ends only with its session")
        << "by its effects";
    EXPECT_EQ(forecast_knowing_all("CREATE TABLE \"pg_temp\".t (a int)"), "a temporary object");
}

// In one word the name may stand as often as the text is long.
TEST(PinForecast, LooksAtALongWordOnce) {
    std::string sql = "select 1 --";
    for (int i = 0; i < 100'000; ++i) sql += "advisory_lock";
    EXPECT_EQ(forecast(sql), "");
    EXPECT_EQ(forecast(sql + "\n, pg_advisory_lock(1)"), "a session-level advisory lock");
}

}  // namespace
}  // namespace pgweir::protocol
