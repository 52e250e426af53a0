// What is known of a server that cannot be reached, and until when.
#include "pool/lending/outage_log.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace pgweir::pool {
namespace {

using protocol::ErrorReport;

constexpr milliseconds retry{1000};
constexpr Clock::time_point begin{std::chrono::hours(1)};

ErrorReport refused(std::string_view code) {
    return ErrorReport::fatal(code, "no");
}

TEST(OutageLog, BeginsWithNoOutageAndNoServerThatLetItIn) {
    OutageLog log;
    EXPECT_FALSE(log.is_down());
    EXPECT_FALSE(log.current().has_value());
    EXPECT_FALSE(log.has_connected());
    EXPECT_FALSE(log.note_success()) << "nothing has ended";
    log.note_connected();
    EXPECT_TRUE(log.has_connected());
}

// Each attempt is a line in the server's log, and may lock the account.
TEST(OutageLog, WhatTheServerRefusesForGoodIsTriedAgainAfterASecond) {
    OutageLog log;
    const auto next = [&](std::string_view code, milliseconds login_retry) {
        log.forget();
        return log.note_failure(refused(code), "no", login_retry, begin).next_try - begin;
    };
    EXPECT_EQ(next("28P01", milliseconds(15'000)), milliseconds(1000));
    EXPECT_EQ(next("28P01", milliseconds(300)), milliseconds(300));
    EXPECT_EQ(next("57P03", milliseconds(15'000)), milliseconds(100)) << "it passes by itself";
}

TEST(OutageLog, ARefusalCanBeForgottenAndAnOutageNot) {
    OutageLog log;
    log.note_failure(refused("28000"), "no", retry, begin);
    log.forget_refusal();
    EXPECT_FALSE(log.is_down());
    log.note_failure({}, "unreachable", retry, begin);
    log.forget_refusal();
    EXPECT_TRUE(log.is_down());
}

TEST(OutageLog, LastsFromTheFirstFailureToTheNextSuccess) {
    OutageLog log;
    EXPECT_EQ(log.note_failure({}, "refused", retry, begin).failures, 1U);
    EXPECT_TRUE(log.is_down());
    const Outage told = log.note_failure({}, "timed out", retry, begin + milliseconds(100));
    EXPECT_EQ(told.failures, 2U);
    EXPECT_EQ(told.since, begin);
    EXPECT_EQ(told.next_try, begin + milliseconds(300)) << "200 ms after the second failure";
    const auto outage = log.current();
    ASSERT_TRUE(outage.has_value());
    EXPECT_EQ(outage->explanation, "timed out") << "the latest one tells";
    EXPECT_EQ(outage->since, begin);
    EXPECT_TRUE(log.note_success());
    EXPECT_FALSE(log.is_down());
    EXPECT_EQ(log.note_failure({}, "refused", retry, begin + retry).since, begin + retry);
}

TEST(OutageLog, KeepsWhatTheServerSaidLastIfItIsComplete) {
    OutageLog log;
    log.note_failure(refused("3D000"), "no such database", retry, begin);
    ASSERT_TRUE(log.current()->from_server.has_value());
    EXPECT_EQ(log.current()->from_server->code, "3D000");
    ErrorReport half;
    half.message = "no";
    ASSERT_FALSE(half.is_complete());
    log.note_failure(half, "nonsense", retry, begin);
    EXPECT_FALSE(log.current()->from_server.has_value());
    EXPECT_EQ(log.current()->explanation, "nonsense");
}

TEST(OutageLog, AnotherConfigurationIsTriedAtOnce) {
    OutageLog log;
    log.note_failure(refused("3D000"), "no such database", retry, begin);
    log.forget();
    EXPECT_FALSE(log.is_down());
}

TEST(OutageLog, AnotherPasswordIsTriedAtOnceWhereOneWasWanted) {
    struct Case {
        std::optional<ErrorReport> said;
        bool still_down;
    };
    for (const Case& each :
         {Case{refused("28P01"), false}, Case{{}, false}, Case{refused("3D000"), true}}) {
        OutageLog log;
        log.note_failure(each.said, "no", retry, begin);
        log.forget_refused_password();
        EXPECT_EQ(log.is_down(), each.still_down) << (each.said ? each.said->code : "nothing");
    }
    OutageLog log;
    log.forget_refused_password();
    EXPECT_FALSE(log.is_down());
}

TEST(OutageLog, ManyThreadsFailAndSucceedAndLookAtOnce) {
    OutageLog log;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&log, i] {
                for (int round = 0; round < 1000; ++round) {
                    if (i % 2 == 0) {
                        EXPECT_GE(log.note_failure({}, "refused", retry, begin).failures, 1U);
                    } else {
                        log.note_success();
                    }
                    const auto outage = log.current();
                    if (outage) {
                        EXPECT_EQ(outage->since, begin);
                    }
                }
            });
        }
    }
    EXPECT_EQ(log.is_down(), log.current().has_value());
}

}  // namespace
}  // namespace pgweir::pool
