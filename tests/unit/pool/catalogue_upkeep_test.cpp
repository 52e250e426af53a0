#include "pool/lending/catalogue_upkeep.hpp"

#include <gtest/gtest.h>

namespace pgweir::pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// It is read once, within that time. Returns when it was over.
Clock::time_point read_once(CatalogueUpkeep& upkeep, Clock::duration took, bool answered = true) {
    const auto reading = upkeep.claim();
    EXPECT_TRUE(reading);
    if (!reading) return {};
    upkeep.read(*reading, answered, reading->begun + took);
    return reading->begun + took;
}

bool is_due(CatalogueUpkeep& upkeep) {
    const bool due = upkeep.claim().has_value();
    if (due) upkeep.abandoned();
    return due;
}

bool is_due_at(CatalogueUpkeep& upkeep, Clock::time_point now) {
    upkeep.sweep(now);
    return is_due(upkeep);
}

TEST(CatalogueUpkeep, OneAtATimeReads) {
    CatalogueUpkeep upkeep;
    EXPECT_TRUE(upkeep.claim());
    EXPECT_FALSE(upkeep.claim());
    upkeep.abandoned();
    EXPECT_TRUE(upkeep.claim());
}

TEST(CatalogueUpkeep, WhoCannotWaitReadsAtAnyTime) {
    CatalogueUpkeep upkeep;
    EXPECT_TRUE(upkeep.claim());
    EXPECT_EQ(upkeep.begin().version, upkeep.version());
    upkeep.abandoned();
    EXPECT_EQ(upkeep.begin().version, upkeep.version());
    EXPECT_FALSE(upkeep.claim());
}

TEST(CatalogueUpkeep, WhatWasReadIsGoodForFiveMinutes) {
    CatalogueUpkeep upkeep;
    const auto over = read_once(upkeep, milliseconds(5));
    EXPECT_FALSE(is_due_at(upkeep, over + minutes(5) - seconds(1)));
    EXPECT_TRUE(is_due_at(upkeep, over + minutes(5)));
}

TEST(CatalogueUpkeep, WhatWasRefusedIsTriedAgainSoon) {
    CatalogueUpkeep upkeep;
    const auto over = read_once(upkeep, milliseconds(5), false);
    EXPECT_FALSE(is_due_at(upkeep, over + seconds(9)));
    EXPECT_TRUE(is_due_at(upkeep, over + seconds(10)));
}

TEST(CatalogueUpkeep, AChangeMakesItDueAtOnce) {
    CatalogueUpkeep upkeep;
    const auto over = read_once(upkeep, milliseconds(5));
    upkeep.mark_stale(over + seconds(1));
    EXPECT_TRUE(is_due(upkeep));
}

// A migration of a thousand statements must not make PostgreSQL read a large catalogue all the
// time.
TEST(CatalogueUpkeep, AfterALongReadingTheNextHasToWait) {
    CatalogueUpkeep upkeep;
    const auto over = read_once(upkeep, seconds(2));
    upkeep.mark_stale(over + seconds(1));
    EXPECT_FALSE(is_due_at(upkeep, over + seconds(17)));
    EXPECT_TRUE(is_due_at(upkeep, over + seconds(18)));
}

TEST(CatalogueUpkeep, WhatChangedWhileItWasReadIsReadAgain) {
    CatalogueUpkeep upkeep;
    const auto reading = upkeep.claim();
    ASSERT_TRUE(reading);
    upkeep.mark_stale(reading->begun);
    EXPECT_NE(reading->version, upkeep.version());
    upkeep.read(*reading, true, reading->begun + seconds(1));
    EXPECT_FALSE(is_due(upkeep));
    EXPECT_TRUE(is_due_at(upkeep, reading->begun + seconds(10)));
}

}  // namespace
}  // namespace pgweir::pool
