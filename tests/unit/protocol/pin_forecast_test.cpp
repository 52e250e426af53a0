#include "protocol/pin_forecast.hpp"

#include <gtest/gtest.h>

#include <string>

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

// In one word the name may stand as often as the text is long.
TEST(PinForecast, LooksAtALongWordOnce) {
    std::string sql = "select 1 --";
    for (int i = 0; i < 100'000; ++i) sql += "advisory_lock";
    EXPECT_EQ(forecast(sql), "");
    EXPECT_EQ(forecast(sql + "\n, pg_advisory_lock(1)"), "a session-level advisory lock");
}

}  // namespace
}  // namespace pgweir::protocol
