// A set-up behind which nothing may be sent before it is answered.
#include <string>
#include <vector>

#include "set_up_fixture.hpp"

namespace pgweir::pool {
namespace {

TEST_F(SetUpTest, AtTheLoginItStandsAlone) {
    has(ann, {{"search_path", "CET"}});
    ASSERT_TRUE(ann.server->set_up());
    EXPECT_TRUE(ann.server->session().works_for_itself());
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
    EXPECT_TRUE(ann.server->session().works_for_itself());
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
    static_cast<void>(ann.server->requests().write(out.parts()));
    do_set_up();
    EXPECT_EQ(got(), "S");
    say("Z");
    EXPECT_EQ(ann.set_ups, 1);
}

}  // namespace
}  // namespace pgweir::pool
