// A client's settings come before its request on a server that has others, and the server itself
// judges: it runs the request only where they were accepted.
#include <optional>
#include <string>
#include <vector>

#include "following_fixture.hpp"

namespace pgweir::pool {
namespace {

using protocol::TransactionStatus;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const protocol::Step part_of_function_call{
    .kind = protocol::Step::Kind::frame, .size = 16'384, .type = 'F', .body = {}, .whole = false};

class SetUpTest : public FollowingFixture {
  protected:
    void SetUp() override { make_pool(1); }
    ScriptedBackend& backend() { return postgresql.backend(0); }
    void has(FollowingTenant& tenant, const std::vector<Parameter>& settings) {
        tenant.session().settings = worker.settings.intern(settings);
        acquire(tenant);
    }
    // The server refuses one of these statements.
    void refuse(const std::vector<std::string>& set_up, std::size_t at) {
        std::string bytes = done(set_up, at);
        protocol::append_error_response(bytes, protocol::ErrorReport::error("22023", "scripted"));
        say_bytes(bytes);
    }
    void rolled_back() {
        EXPECT_EQ(next_message(), "QROLLBACK");
        backend().complete("ROLLBACK");
        settle();
    }
    // The server has bob's settings, and nobody has the server.
    void leave_settings_of_bob(const std::vector<Parameter>& settings) {
        has(bob, settings);
        bob.query("select 0");
        do_set_up();
        EXPECT_EQ(got(), "Q");
        say("CZ");
        ASSERT_EQ(bob.server, nullptr);
        EXPECT_EQ(bob.received_types(), "CZ");
    }
    // The server has what its login has.
    void expect_untouched() {
        acquire(carol);
        carol.query("select 1");
        EXPECT_EQ(got(), "Q") << "it has what it had";
        say("CZ");
    }

    FollowingTenant ann{worker.io, conf::SessionState::off};
    FollowingTenant bob{worker.io, conf::SessionState::off};
    FollowingTenant carol{worker.io, conf::SessionState::off};
};

// --- behind it the request -----------------------------------------------------------------------

TEST_F(SetUpTest, ItGoesBeforeAQueryAndItsAnswersAreKeptBack) {
    has(ann, {{"search_path", "CET"}});
    ann.query("select 1");
    EXPECT_EQ(ann.held_back(), 0U);
    EXPECT_FALSE(ann.server->works_for_itself()) << "the request is under way";
    const std::vector<std::string> set_up = set_up_statements();
    EXPECT_THAT(
        set_up,
        ElementsAre("BEGIN", "SELECT pg_catalog.set_config('search_path','CET',false)", "COMMIT"));
    EXPECT_EQ(next_message(), "Qselect 1") << "and no Sync between";
    say_bytes(done(set_up));
    EXPECT_EQ(ann.received(), "");
    EXPECT_THAT(ann.finished, IsEmpty());
    say("CZ");
    EXPECT_EQ(ann.received_types(), "CZ");
    EXPECT_EQ(ann.set_ups, 0) << "nobody has waited for it";
    ASSERT_EQ(ann.server, nullptr);
    acquire(ann);
    ann.query("select 2");
    EXPECT_EQ(got(), "Q") << "once is enough";
    say("CZ");
}

TEST_F(SetUpTest, ItGoesBeforeAnExtendedQuery) {
    has(ann, {{"search_path", "CET"}});
    ann.parse("", "select 1");
    ann.bind("");
    ann.execute();
    ann.sync();
    EXPECT_EQ(ann.held_back(), 0U);
    const std::vector<std::string> set_up = set_up_statements();
    EXPECT_EQ(got(), "P: B: E S");
    say_bytes(done(set_up));
    say("12CZ");
    EXPECT_EQ(ann.received_types(), "12CZ");
    EXPECT_EQ(ann.server, nullptr);
}

// What the set-up leaves of the unnamed statement is nobody's.
TEST_F(SetUpTest, TheUnnamedStatementIsPreparedAgainBehindIt) {
    acquire(ann);
    ann.parse("", "select 1");
    ann.sync();
    EXPECT_EQ(got(), "P: S");
    say("1Z");
    leave_settings_of_bob({{"search_path", "CET"}});
    acquire(ann);
    ann.bind("");
    ann.sync();
    do_set_up();
    EXPECT_EQ(got(), "P: B: S");
    say("12Z");
    EXPECT_EQ(ann.received_types(), "1Z2Z");
}

TEST_F(SetUpTest, EqualSettingsOfAnotherObjectNeedNone) {
    leave_settings_of_bob({{"search_path", "CET"}});
    ann.session().settings =
        std::make_shared<const SessionSettings>(std::vector<Parameter>{{"search_path", "CET"}});
    acquire(ann);
    ann.query("select 1");
    EXPECT_EQ(got(), "Q");
    say("CZ");
}

// --- refused -------------------------------------------------------------------------------------

class Refused : public SetUpTest, public testing::WithParamInterface<std::size_t> {};

INSTANTIATE_TEST_SUITE_P(At, Refused, testing::Values(0, 1, 2));

// PostgreSQL discards the Query, too, as it waits for a Sync.
TEST_P(Refused, BehindAQueryPgweirSendsTheSync) {
    has(ann, {{"search_path", "nowhere"}});
    ann.query("select 1");
    const std::vector<std::string> set_up = set_up_statements();
    EXPECT_EQ(next_message(), "Qselect 1");
    refuse(set_up, GetParam());
    const std::string reply = ann.received();
    EXPECT_THAT(reply, HasSubstr("22023"));
    EXPECT_EQ(reply.front(), 'E');
    EXPECT_EQ(got(), "S");
    EXPECT_TRUE(ann.session().settings_refused);
    say("Z", 0, TransactionStatus::failed);
    EXPECT_EQ(ann.received(), ScriptedBackend::message('Z', "I")) << "the block is pgweir's";
    EXPECT_THAT(ann.finished, ElementsAre(TransactionStatus::idle));
    EXPECT_EQ(ann.server, nullptr);
    rolled_back();
    expect_untouched();
}

TEST_P(Refused, BehindAnExtendedQueryStandsTheClientsSync) {
    has(ann, {{"search_path", "nowhere"}});
    ann.parse("s1", "select 1");
    ann.bind("s1");
    ann.execute();
    ann.sync();
    const std::vector<std::string> set_up = set_up_statements();
    static_cast<void>(got());
    refuse(set_up, GetParam());
    EXPECT_EQ(got(), "") << "no other Sync";
    EXPECT_EQ(ann.received_types(), "E");
    EXPECT_EQ(ann.session().statements.find("s1"), nullptr) << "the Parse was discarded";
    say("Z", 0, TransactionStatus::failed);
    EXPECT_EQ(ann.received(), ScriptedBackend::message('Z', "I"));
    EXPECT_THAT(ann.finished, ElementsAre(TransactionStatus::idle));
    EXPECT_EQ(ann.server, nullptr);
    rolled_back();
    expect_untouched();
}

TEST_P(Refused, BeforeTheClientsSyncTheRestOfTheQueryIsDiscarded) {
    has(ann, {{"search_path", "nowhere"}});
    ann.parse("", "select 1");
    const std::vector<std::string> set_up = set_up_statements();
    EXPECT_EQ(got(), "P:");
    refuse(set_up, GetParam());
    EXPECT_EQ(ann.received_types(), "E") << "the client does not wait for what it may not send";
    ann.bind("");
    ann.sync();
    EXPECT_EQ(ann.held_back(), 0U);
    EXPECT_EQ(got(), "B: S");
    say("Z", 0, TransactionStatus::failed);
    EXPECT_EQ(ann.received_types(), "Z");
    EXPECT_EQ(ann.server, nullptr);
    rolled_back();
    expect_untouched();
}

TEST_P(Refused, AloneItsErrorIsForWhoHasAskedForIt) {
    ann.may_be_refused = true;
    has(ann, {{"search_path", "nowhere"}});
    ASSERT_TRUE(ann.server->set_up());
    EXPECT_TRUE(ann.server->works_for_itself());
    const std::vector<std::string> set_up = set_up_statements();
    EXPECT_EQ(got(), "S") << "it stands alone";
    refuse(set_up, GetParam());
    EXPECT_EQ(ann.set_ups, 0) << "not before the Sync is answered";
    say("Z", 0, TransactionStatus::failed);
    EXPECT_EQ(ann.set_ups, 1);
    ASSERT_TRUE(ann.set_up_error);
    EXPECT_EQ(ann.set_up_error->code, "22023");
    EXPECT_EQ(ann.received(), "");
    EXPECT_EQ(ann.server, nullptr);
    rolled_back();
    expect_untouched();
}

TEST_P(Refused, WhoHasLeftMeanwhileLeavesAServerThatIsSetRight) {
    has(ann, {{"search_path", "nowhere"}});
    ann.query("select 1");
    const std::vector<std::string> set_up = set_up_statements();
    EXPECT_EQ(got(), "Q");
    ann.leave(false, false);
    refuse(set_up, GetParam());
    EXPECT_EQ(got(), "S");
    say("Z", 0, TransactionStatus::failed);
    rolled_back();
    if (backend().has_message()) {
        EXPECT_EQ(next_message(), "QDISCARD ALL");
        backend().complete("DISCARD ALL");
        settle();
    }
    EXPECT_THAT(observer.closed, IsEmpty());
    expect_untouched();
}

// Whose role is gone can give it up.
TEST_F(SetUpTest, WhatTheStatementChangesAnyhowIsLeftOutAfterARefusal) {
    has(ann, {{"role", "gone"}, {"search_path", "CET"}});
    ann.query("select 1");
    const std::vector<std::string> refused = set_up_statements();
    EXPECT_EQ(got(), "Q");
    refuse(refused, 2);
    EXPECT_EQ(got(), "S");
    say("Z", 0, TransactionStatus::failed);
    rolled_back();
    acquire(ann);
    ann.query("RESET ROLE");
    EXPECT_THAT(
        set_up_statements(),
        ElementsAre("BEGIN", "SELECT pg_catalog.set_config('search_path','CET',false)", "COMMIT"));
    EXPECT_EQ(next_message(), "QRESET ROLE");
}

// --- one request at a time -----------------------------------------------------------------------

TEST_F(SetUpTest, ASecondRequestWaitsForIt) {
    has(ann, {{"search_path", "CET"}});
    ann.query("select 1");
    ann.query("select 2");
    EXPECT_EQ(ann.held_back(), 1U);
    const std::vector<std::string> set_up = set_up_statements();
    EXPECT_EQ(got(), "Q");
    say_bytes(done(set_up, 2));
    EXPECT_FALSE(ann.offer_again()) << "its COMMIT may yet fail";
    say_bytes(done(set_up).substr(done(set_up, 2).size()));
    EXPECT_TRUE(ann.offer_again()) << "before the first is answered";
    EXPECT_EQ(next_message(), "Qselect 2");
    say("CZCZ");
    EXPECT_EQ(ann.received_types(), "CZCZ");
    EXPECT_THAT(ann.finished, SizeIs(2));
}

TEST_F(SetUpTest, BehindTheSyncOfAnExtendedQueryNothingGoesEither) {
    has(ann, {{"search_path", "CET"}});
    ann.parse("", "select 1");
    ann.bind("");
    EXPECT_EQ(ann.held_back(), 0U);
    ann.sync();
    ann.parse("", "select 2");
    ann.sync();
    EXPECT_EQ(ann.held_back(), 2U);
    const std::vector<std::string> set_up = set_up_statements();
    EXPECT_EQ(got(), "P: B: S");
    say_bytes(done(set_up));
    EXPECT_TRUE(ann.offer_again());
    EXPECT_EQ(got(), "P: S");
    say("12Z1Z");
    EXPECT_EQ(ann.received_types(), "12Z1Z");
}

TEST_F(SetUpTest, BehindAFunctionCallNothingGoesEither) {
    has(ann, {{"search_path", "CET"}});
    ann.request(ScriptedBackend::message('F', std::string("\0\0\0\1\0\0\0\0\0\0", 10)));
    ann.query("select 2");
    EXPECT_EQ(ann.held_back(), 1U);
    const std::vector<std::string> set_up = set_up_statements();
    EXPECT_EQ(got(), "F");
    refuse(set_up, 1);
    EXPECT_EQ(got(), "S");
    say("Z", 0, TransactionStatus::failed);
    EXPECT_EQ(ann.received_types(), "EZ");
}

TEST_F(SetUpTest, ASecondRequestNeverMeetsARefusal) {
    has(ann, {{"search_path", "nowhere"}});
    ann.query("select 1");
    ann.query("select 2");
    EXPECT_EQ(ann.held_back(), 1U);
    const std::vector<std::string> set_up = set_up_statements();
    EXPECT_EQ(got(), "Q");
    refuse(set_up, 1);
    EXPECT_EQ(got(), "S");
    say("Z", 0, TransactionStatus::failed);
    EXPECT_EQ(ann.received_types(), "EZ");
    rolled_back();
    acquire(ann);
    EXPECT_TRUE(ann.offer_again());
    EXPECT_THAT(set_up_statements()[1], HasSubstr("nowhere")) << "it is tried again";
    EXPECT_EQ(next_message(), "Qselect 2");
}

// Between the set-up and a Query there would be something of pgweir's with a Sync of its own:
// behind that the Query, which ended the failed block, ran with the former client's settings.
TEST_F(SetUpTest, AQueryBehindPartOfAnExtendedQueryWaitsForIt) {
    has(ann, {{"search_path", "CET"}});
    ann.parse("", "select 1");
    ann.query("rollback; deallocate s1");
    EXPECT_EQ(ann.held_back(), 1U);
    const std::vector<std::string> set_up = set_up_statements();
    EXPECT_EQ(got(), "P: H") << "the server is to say how it went";
    refuse(set_up, 1);
    EXPECT_TRUE(ann.offer_again());
    EXPECT_EQ(got(), "Q") << "as it is: the server discards it";
    EXPECT_EQ(ann.received_types(), "E");
}

// The text of the client before had given up everything, and the request ran as nobody in
// particular.
TEST_F(SetUpTest, OnlyTheClientsOwnStatementGivesSettingsUpAfterARefusal) {
    acquire(ann);
    ann.parse("s1", "select 1");
    ann.sync();
    static_cast<void>(got());
    say("1Z");
    acquire(bob);
    bob.query("discard all");
    static_cast<void>(got());
    say("CZ");
    ann.session().settings_refused = true;
    has(ann, {{"search_path", "nowhere"}});
    ann.bind("s1");
    EXPECT_THAT(set_up_statements()[1], HasSubstr("nowhere"));
}

// Its Sync would have come into the middle of the message.
TEST_F(SetUpTest, AFunctionCallThatIsNotAllHereWaits) {
    has(ann, {{"search_path", "CET"}});
    EXPECT_FALSE(ann.server->awaits_outcome(part_of_function_call));
    Outgoing out;
    EXPECT_FALSE(ann.server->make_ready(part_of_function_call, out));
    EXPECT_TRUE(out.empty());
    EXPECT_THAT(set_up_statements(), SizeIs(3));
    EXPECT_EQ(got(), "S");
}

// --- alone ---------------------------------------------------------------------------------------

TEST_F(SetUpTest, AtTheLoginItStandsAlone) {
    has(ann, {{"search_path", "CET"}});
    ASSERT_TRUE(ann.server->set_up());
    EXPECT_TRUE(ann.server->works_for_itself());
    EXPECT_FALSE(ann.server->release_if_done());
    const std::vector<std::string> set_up = set_up_statements();
    EXPECT_EQ(got(), "S");
    say_bytes(done(set_up));
    EXPECT_EQ(ann.set_ups, 0);
    say("Z");
    EXPECT_EQ(ann.set_ups, 1);
    EXPECT_FALSE(ann.set_up_error);
    EXPECT_EQ(ann.received(), "");
    EXPECT_EQ(ann.server, nullptr);
    acquire(ann);
    EXPECT_FALSE(ann.server->set_up()) << "once is enough";
    ann.query("select 1");
    EXPECT_EQ(got(), "Q");
    say("CZ");
}

TEST_F(SetUpTest, InSessionPoolingItLeavesNoUnnamedStatement) {
    TestTenant session(worker.io);
    session.keeps_server = true;
    session.session().settings = worker.settings.intern({{"search_path", "CET"}});
    LendingTest::acquire(session);
    ASSERT_TRUE(session.server->set_up());
    do_set_up();
    EXPECT_EQ(got(), "C: S");
    say("3Z");
    EXPECT_EQ(session.set_ups, 1);
    EXPECT_FALSE(session.server->set_up());
    session.query("select 1");
    EXPECT_EQ(got(), "Q");
}

// What pgweir has to put in front of these ends in a Sync of its own, behind which the request
// would no longer depend on the settings.
class Alone : public SetUpTest, public testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(Before, Alone,
                         testing::Values("EXECUTE s", "DEALLOCATE s", "PREPARE s AS SELECT 1",
                                         "LISTEN c", "UNLISTEN *", "SELECT lastval()",
                                         "SELECT 1; EXECUTE s"));

TEST_P(Alone, AQueryWaitsUntilItIsDone) {
    has(ann, {{"search_path", "CET"}});
    ann.query(GetParam());
    EXPECT_EQ(ann.held_back(), 1U);
    EXPECT_TRUE(ann.server->works_for_itself());
    const std::vector<std::string> set_up = set_up_statements();
    EXPECT_EQ(got(), "S");
    say_bytes(done(set_up));
    EXPECT_FALSE(ann.offer_again());
    say("Z");
    EXPECT_EQ(ann.set_ups, 1);
    ASSERT_NE(ann.server, nullptr) << "the request is still to come";
    EXPECT_TRUE(ann.offer_again());
    EXPECT_EQ(got(), "Q");
    say("CZ");
    EXPECT_EQ(ann.received_types(), "CZ");
}

TEST_P(Alone, AQueryIsNotSentWhereItIsRefused) {
    ann.may_be_refused = true;
    has(ann, {{"search_path", "nowhere"}});
    ann.query(GetParam());
    const std::vector<std::string> set_up = set_up_statements();
    EXPECT_EQ(got(), "S");
    refuse(set_up, 1);
    say("Z", 0, TransactionStatus::failed);
    EXPECT_EQ(ann.set_ups, 1);
    ASSERT_TRUE(ann.set_up_error) << "the client session answers with this";
    EXPECT_EQ(ann.received(), "");
    EXPECT_EQ(ann.server, nullptr);
    rolled_back();
}

// Two clients with different settings took the one server from each other for ever, and none of
// their requests ran.
TEST_F(SetUpTest, NobodyGetsTheServerBetweenASetUpAndTheRequestThatWaitsForIt) {
    has(ann, {{"search_path", "CET"}});
    bob.session().settings = worker.settings.intern({{"search_path", "EST"}});
    part().enqueue(bob.waiter, Clock::now());
    ann.query("EXECUTE s");
    do_set_up();
    EXPECT_EQ(got(), "S");
    say("Z");
    EXPECT_EQ(bob.server, nullptr);
    ASSERT_NE(ann.server, nullptr);
    EXPECT_TRUE(ann.offer_again());
    EXPECT_EQ(got(), "Q");
    say("CZ");
    EXPECT_EQ(ann.received_types(), "CZ");
    ASSERT_NE(bob.server, nullptr);
}

TEST_F(SetUpTest, WhoDoesNotWaitAnyMoreGivesTheServerBack) {
    has(ann, {{"search_path", "CET"}});
    ann.query("EXECUTE s");
    EXPECT_FALSE(ann.server->release_if_done()) << "the set-up is under way";
    do_set_up();
    EXPECT_EQ(got(), "S");
    say("Z");
    EXPECT_EQ(ann.server, nullptr);
}

// Of a long query only the beginning is known.
TEST_F(SetUpTest, AQueryThatIsNotAllHereWaits) {
    has(ann, {{"search_path", "CET"}});
    Outgoing out;
    EXPECT_FALSE(ann.server->make_ready({.kind = protocol::Step::Kind::frame,
                                         .size = 5,
                                         .type = 'Q',
                                         .body = "selec",
                                         .whole = false},
                                        out));
    EXPECT_TRUE(out.own().empty());
    do_set_up();
    EXPECT_EQ(got(), "S");
    say("Z");
    EXPECT_EQ(ann.set_ups, 1);
}

// --- limits --------------------------------------------------------------------------------------

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
    EXPECT_TRUE(ann.server->works_for_itself());
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
    EXPECT_TRUE(ann.server->works_for_itself());
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
