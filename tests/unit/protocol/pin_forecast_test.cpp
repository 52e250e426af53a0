#include "protocol/pin_forecast.hpp"

#include <gtest/gtest.h>

namespace pgweir::protocol {
namespace {

std::string_view forecast(std::string_view sql) {
    return forecast_pin(sql, look_at(sql, nullptr));
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

}  // namespace
}  // namespace pgweir::protocol
