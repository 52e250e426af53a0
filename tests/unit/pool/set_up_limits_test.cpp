// The former client's limits of time go before the settings of the next; and what the next one is
// told of a set-up.
#include <string>
#include <string_view>
#include <vector>

#include "set_up_fixture.hpp"

namespace pgweir::pool {
namespace {

class LimitsTest : public SetUpTest {
  protected:
    const std::string lift = "QSET \"statement_timeout\" TO '0';";

    void SetUp() override {
        SetUpTest::SetUp();
        leave_settings_of_bob({{"statement_timeout", "1"}});
        acquire(ann);
    }
    void lifted() {
        EXPECT_EQ(next_message(), lift);
        backend().complete("SET");
        settle();
    }
};

TEST_F(LimitsTest, OfTheFormerClientAreLiftedFirstAndThatIsWaitedFor) {
    ann.query("select 1");
    EXPECT_EQ(ann.held_back(), 1U);
    EXPECT_TRUE(ann.server->session().works_for_itself());
    EXPECT_EQ(next_message(), lift);
    EXPECT_FALSE(ann.offer_again());
    EXPECT_FALSE(backend().has_message());
    backend().complete("SET");
    settle();
    ASSERT_NE(ann.server, nullptr);
    EXPECT_TRUE(ann.offer_again());
    const std::vector<std::string> set_up = set_up_statements();
    EXPECT_THAT(set_up,
                ElementsAre("BEGIN", "SELECT pg_catalog.set_config('statement_timeout',NULL,false)",
                            "COMMIT"));
    EXPECT_EQ(next_message(), "Qselect 1");
    say_bytes(done(set_up));
    say("CZ");
    EXPECT_EQ(ann.received_types(), "CZ");
    expect_untouched();
}

TEST_F(LimitsTest, AreLiftedBeforeAnExtendedQueryToo) {
    ann.parse("", "select 1");
    ann.sync();
    EXPECT_EQ(ann.held_back(), 2U);
    lifted();
    EXPECT_TRUE(ann.offer_again());
    do_set_up();
    EXPECT_EQ(got(), "P: S");
    say("1Z");
    EXPECT_EQ(ann.received_types(), "1Z");
}

TEST_F(LimitsTest, AreLiftedAtTheLoginToo) {
    ASSERT_TRUE(ann.server->set_up());
    EXPECT_TRUE(ann.server->session().works_for_itself());
    lifted();
    do_set_up();
    EXPECT_EQ(got(), "S");
    EXPECT_EQ(ann.set_ups, 0);
    say("Z");
    EXPECT_EQ(ann.set_ups, 1);
}

TEST_F(LimitsTest, ThatTheNextClientHasNoneOfNeedNothingMore) {
    ann.session().settings = worker.settings.intern({{"statement_timeout", "0"}});
    ASSERT_TRUE(ann.server->set_up());
    lifted();
    EXPECT_EQ(ann.set_ups, 1) << "that is what the client has";
    EXPECT_FALSE(backend().has_message());
}

class Impatient : public LimitsTest, public testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(With, Impatient, testing::Values("57014", "55P03"));

TEST_P(Impatient, TheyAreLiftedAgainWhereTheyHaveHitThat) {
    ann.query("select 1");
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(next_message(), lift);
        backend().fail(GetParam(), TransactionStatus::idle);
        settle();
        ASSERT_NE(ann.server, nullptr);
        EXPECT_FALSE(ann.offer_again());
    }
    lifted();
    EXPECT_TRUE(ann.offer_again());
    do_set_up();
    EXPECT_EQ(next_message(), "Qselect 1");
    say("CZ");
    EXPECT_EQ(ann.received_types(), "CZ") << "of all that the client hears nothing";
    EXPECT_THAT(observer.closed, IsEmpty());
}

TEST_P(Impatient, AtTheLoginTheyAreLiftedAgainToo) {
    ASSERT_TRUE(ann.server->set_up());
    EXPECT_EQ(next_message(), lift);
    backend().fail(GetParam(), TransactionStatus::idle);
    lifted();
    do_set_up();
    EXPECT_EQ(got(), "S");
    say("Z");
    EXPECT_EQ(ann.set_ups, 1);
    EXPECT_FALSE(ann.set_up_error);
}

TEST_P(Impatient, AServerWhoseLimitsStayIsClosed) {
    ann.query("select 1");
    int tries = 0;
    for (; tries < 100 && ann.server != nullptr; ++tries) {
        EXPECT_EQ(next_message(), lift);
        backend().fail(GetParam(), TransactionStatus::idle);
        settle();
        if (ann.server != nullptr) {
            EXPECT_FALSE(ann.offer_again());
        }
    }
    EXPECT_EQ(tries, 21);
    EXPECT_THAT(observer.closed, ElementsAre(ServerClose::dirty));
    EXPECT_EQ(ann.received(), "");
}

TEST_F(LimitsTest, AServerThatRefusesToLiftThemIsClosed) {
    ann.query("select 1");
    EXPECT_EQ(next_message(), lift);
    backend().fail("42501", TransactionStatus::idle);
    settle();
    EXPECT_THAT(observer.closed, ElementsAre(ServerClose::dirty));
    EXPECT_EQ(ann.server, nullptr);
}

// --- what the client is told ---------------------------------------------------------------------

class ReportsTest : public SetUpTest {
  protected:
    // Of a session whose login was told these, and which has the time zone now. The server tells a
    // time zone with the answer to its request.
    std::string told(const Greeting& greeting, std::string_view reported) {
        ann.session().greeting = greeting;
        has(ann, {{"timezone", "CET"}});
        ann.query("select 1");
        do_set_up();
        EXPECT_EQ(got(), "Q");
        std::string bytes = ScriptedBackend::message('C', std::string("SELECT 1\0", 9));
        protocol::append_parameter_status(bytes, "TimeZone", reported);
        protocol::append_ready_for_query(bytes, TransactionStatus::idle);
        say_bytes(bytes);
        return ann.received();
    }
    static Greeting greeting(std::string_view time_zone) {
        return std::make_shared<const std::vector<Parameter>>(
            std::vector<Parameter>{{"TimeZone", std::string(time_zone)}});
    }
};

TEST_F(ReportsTest, WhatItHasAlreadyItIsNotTold) {
    EXPECT_EQ(told(greeting("UTC"), "CET").find("TimeZone"), std::string::npos);
}

TEST_F(ReportsTest, WhatItDoesNotKnowItIsTold) {
    EXPECT_THAT(told(greeting("UTC"), "EST"), HasSubstr(std::string("TimeZone\0EST\0", 13)));
}

TEST_F(ReportsTest, TheServersWayToWriteWhatItGaveAtItsStartItWasToldThen) {
    ann.session().startup = worker.settings.intern({{"timezone", "CET"}});
    EXPECT_EQ(told(greeting("cet"), "cet").find("TimeZone"), std::string::npos);
}

TEST_F(ReportsTest, OfTheSetUpItselfItHearsNothing) {
    ann.session().greeting = greeting("UTC");
    has(ann, {{"timezone", "CET"}});
    ann.query("select 1");
    const std::vector<std::string> set_up = set_up_statements();
    EXPECT_EQ(got(), "Q");
    std::string bytes = done(set_up, 2);
    protocol::append_parameter_status(bytes, "TimeZone", "CET");
    bytes += done(set_up).substr(done(set_up, 2).size());
    say_bytes(bytes);
    EXPECT_EQ(ann.received(), "");
    say("CZ");
    EXPECT_EQ(ann.received_types(), "CZ");
}

}  // namespace
}  // namespace pgweir::pool
