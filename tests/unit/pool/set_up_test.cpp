// A client's settings come before its request on a server that has others, and the server itself
// judges: it runs the request only where they were accepted.
#include <string>
#include <vector>

#include "set_up_fixture.hpp"

namespace pgweir::pool {
namespace {

// --- behind it the request -----------------------------------------------------------------------

TEST_F(SetUpTest, ItGoesBeforeAQueryAndItsAnswersAreKeptBack) {
    has(ann, {{"search_path", "CET"}});
    ann.query("select 1");
    EXPECT_EQ(ann.held_back(), 0U);
    EXPECT_FALSE(ann.server->session().works_for_itself()) << "the request is under way";
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
    EXPECT_TRUE(ann.server->session().works_for_itself());
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
    EXPECT_FALSE(ann.server->session().must_hold_back(part_of_function_call));
    Outgoing out;
    EXPECT_FALSE(ann.server->make_ready(part_of_function_call, out));
    static_cast<void>(ann.server->requests().write(out.parts()));
    EXPECT_THAT(set_up_statements(), SizeIs(3));
    EXPECT_EQ(got(), "S");
}

}  // namespace
}  // namespace pgweir::pool
