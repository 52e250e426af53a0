#include "pool/session/latest_statement.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pgweir::pool {
namespace {

class LatestStatementTest : public testing::Test {
  protected:
    void SetUp() override { latest_.begin(); }

    LatestStatement latest_;
};

TEST_F(LatestStatementTest, AQueryIsKnownIfAllOfItIsHere) {
    latest_.query("select 1", true);
    EXPECT_TRUE(latest_.is_known());
    EXPECT_EQ(latest_.text(), "select 1");
    latest_.query("select 2, ", false);
    EXPECT_FALSE(latest_.is_known());
}

TEST_F(LatestStatementTest, OneStatementIsAlone) {
    latest_.query("select 1", true);
    EXPECT_TRUE(latest_.is_alone());
    latest_.bind();
    EXPECT_FALSE(latest_.is_alone());
    latest_.begin();
    latest_.bind();
    EXPECT_TRUE(latest_.is_alone());
}

TEST_F(LatestStatementTest, AParseOnAQuietServerIsWhatRuns) {
    latest_.parse("select 1", true, true);
    EXPECT_TRUE(latest_.is_known());
}

TEST_F(LatestStatementTest, AParseBehindSomethingElseMayNeverRun) {
    latest_.query("select 1", true);
    latest_.parse("select 2", true, false);
    EXPECT_FALSE(latest_.is_known());
    latest_.bind();
    latest_.runs("select 2");
    EXPECT_TRUE(latest_.is_known());
}

TEST_F(LatestStatementTest, ABindOfAnUnknownStatementRunsNoTextThatIsKnown) {
    latest_.parse("select 2", true, true);
    latest_.bind();
    latest_.runs_unknown();
    EXPECT_FALSE(latest_.is_known());
}

TEST_F(LatestStatementTest, WhereNamesAreNotLookedUpTheStatementThatWasJustParsedIsKnown) {
    latest_.parse_unseen("s1", "select 1", true, true);
    latest_.bind_unseen("s1");
    EXPECT_EQ(latest_.shown(), "select 1");
    EXPECT_TRUE(latest_.is_known());
    EXPECT_FALSE(latest_.is_alone());
}

TEST_F(LatestStatementTest, WhereNamesAreNotLookedUpOthersAreNotKnown) {
    latest_.parse_unseen("s1", "select 1", true, true);
    latest_.bind_unseen("s0");
    EXPECT_EQ(latest_.shown(), "");
    EXPECT_FALSE(latest_.is_known());
    latest_.parse_unseen("s1", "select 1", true, true);
    latest_.bind_unseen(std::nullopt);
    EXPECT_EQ(latest_.shown(), "") << "a Bind that makes no sense";
}

TEST_F(LatestStatementTest, AQueryIsTheTextOfNoName) {
    latest_.parse_unseen("", "select 1", true, true);
    latest_.query("select 2", true);
    latest_.bind_unseen("");
    EXPECT_EQ(latest_.shown(), "");
}

TEST_F(LatestStatementTest, WhatIsShownIsCutAndBeginsWithTheStatement) {
    latest_.query("  /* route='/a' */ select " + std::string(1000, '1'), true);
    EXPECT_EQ(latest_.shown(), "select " + std::string(249, '1'));
}

TEST_F(LatestStatementTest, AShortTextIsKept) {
    latest_.query("select 1", true);
    latest_.forget_long_text();
    EXPECT_TRUE(latest_.is_known());
    EXPECT_EQ(latest_.text(), "select 1");
}

TEST_F(LatestStatementTest, OfALongTextTheBeginningIsKept) {
    latest_.parse_unseen("s1", "select " + std::string(LatestStatement::longest_kept, '1'), true,
                         true);
    latest_.forget_long_text();
    EXPECT_FALSE(latest_.is_known());
    EXPECT_EQ(latest_.shown(), "select " + std::string(249, '1'));
    EXPECT_LT(latest_.text().capacity(), LatestStatement::longest_kept);
    latest_.bind_unseen("s1");
    EXPECT_EQ(latest_.shown(), "") << "it is not whole any more";
}

}  // namespace
}  // namespace pgweir::pool
