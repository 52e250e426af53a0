// Errors in the middle of a pipeline: what was assumed of prepared statements is taken back.
#include "following_fixture.hpp"

namespace pgweir::pool {
namespace {

const std::string nobodys{no_statement};

class UndoingTest : public FollowingFixture {
  protected:
    // Holds the first server until the end of the test.
    void SetUp() override {
        make_pool(1);
        ann.keeps_server = true;
        acquire(ann);
    }
    void prepared(std::string_view name, std::string_view sql) {
        ann.parse(name, sql);
        ann.sync();
        static_cast<void>(got());
        say("1Z");
        ASSERT_EQ(ann.received_types(), "1Z");
    }
    void hand_over_to_bob() {
        ann.keeps_server = false;
        ASSERT_TRUE(ann.server->release_if_done());
        bob.keeps_server = true;
        acquire(bob);
    }

    FollowingTenant ann{worker.io, conf::SessionState::off};
    FollowingTenant bob{worker.io, conf::SessionState::off};
    const std::string one = server_name("select 1");
    const std::string two = server_name("select 2");
};

TEST_F(UndoingTest, AParseThatFails) {
    ann.parse("s1", "select 1");
    ann.sync();
    static_cast<void>(got());
    say("EZ");
    EXPECT_EQ(ann.received_types(), "EZ");
    EXPECT_EQ(ann.session().statements.find("s1"), nullptr);
    ann.parse("s1", "select 1");
    ann.sync();
    EXPECT_EQ(got(), "P:" + one + " S") << "neither the client nor the server has it";
}

TEST_F(UndoingTest, AParseThatIsDiscarded) {
    ann.parse("bad", "selekt");
    ann.parse("s1", "select 1");
    ann.bind("s1");
    ann.sync();
    static_cast<void>(got());
    say("EZ");
    EXPECT_EQ(ann.session().statements.find("s1"), nullptr);
    ann.bind("s1");
    ann.parse("s1", "select 1");
    ann.sync();
    EXPECT_EQ(got(), "B:s1 P:" + one + " S");
}

TEST_F(UndoingTest, AParseOfWhatTheServerHasThatIsDiscarded) {
    prepared("s1", "select 1");
    ann.parse("bad", "selekt");
    ann.parse("s2", "select 1");
    ann.sync();
    static_cast<void>(got());
    say("EZ");
    EXPECT_EQ(ann.session().statements.find("s2"), nullptr);
    ann.parse("s2", "select 1");
    ann.sync();
    EXPECT_EQ(got(), "C:" + one + " P:" + one + " S") << "the server still has it";
}

TEST_F(UndoingTest, ACloseThatIsDiscarded) {
    prepared("s1", "select 1");
    ann.parse("bad", "selekt");
    ann.close_statement("s1");
    ann.sync();
    static_cast<void>(got());
    say("EZ");
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(got(), "B:" + one + " S");
}

TEST_F(UndoingTest, ACloseAndAParseOfTheSameNameThatAreDiscarded) {
    prepared("s1", "select 1");
    ann.parse("bad", "selekt");
    ann.close_statement("s1");
    ann.parse("s1", "select 2");
    ann.sync();
    static_cast<void>(got());
    say("EZ");
    ASSERT_NE(ann.session().statements.find("s1"), nullptr);
    EXPECT_EQ(ann.session().statements.find("s1")->statement->query(), "select 1");
}

TEST_F(UndoingTest, RoomThatWasMadeForWhatIsDiscarded) {
    ann.session().max_prepared_statements = 1;
    prepared("s1", "select 1");
    ann.parse("", "selekt");
    ann.parse("s2", "select 2");
    ann.sync();
    EXPECT_EQ(got(), "P: C:" + one + " P:" + two + " S");
    say("EZ");
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(got(), "B:" + one + " S") << "the server still has it";
}

TEST_F(UndoingTest, RoomThatWasMadeForWhatFailed) {
    ann.session().max_prepared_statements = 1;
    prepared("s1", "select 1");
    ann.parse("s2", "select 2");
    ann.sync();
    static_cast<void>(got());
    say("3EZ");
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(got(), "P:" + one + " B:" + one + " S") << "what was closed is closed";
}

TEST_F(UndoingTest, WhatWasDoneBeforeTheErrorStays) {
    ann.parse("s1", "select 1");
    ann.parse("s2", "select 2");
    ann.sync();
    static_cast<void>(got());
    say("1EZ");
    EXPECT_EQ(ann.received_types(), "1EZ");
    EXPECT_NE(ann.session().statements.find("s1"), nullptr);
    EXPECT_EQ(ann.session().statements.find("s2"), nullptr);
}

TEST_F(UndoingTest, AnUnnamedParseThatFailsHasEndedTheOneBefore) {
    prepared("", "select 1");
    ann.parse("", "selekt");
    ann.sync();
    static_cast<void>(got());
    say("EZ");
    ann.bind("");
    ann.sync();
    EXPECT_EQ(got(), "B: S") << "neither has one: PostgreSQL will say so";
}

TEST_F(UndoingTest, AnUnnamedParseThatIsDiscardedLeavesTheOneBefore) {
    prepared("", "select 1");
    ann.parse("bad", "selekt");
    ann.parse("", "select 2");
    ann.sync();
    static_cast<void>(got());
    say("EZ");
    ASSERT_NE(ann.session().statements.find(""), nullptr);
    EXPECT_EQ(ann.session().statements.find("")->statement->query(), "select 1");
    ann.bind("");
    ann.sync();
    EXPECT_EQ(got(), "B: S") << "the server has it as well";
}

// The second Parse was sent before the first had failed. That failure took back the second as well,
// as far as the server was concerned, and the next client ran it.
TEST_F(UndoingTest, AnUnnamedParseBehindTheSyncIsNotTakenBackWithTheOneBeforeIt) {
    ann.parse("", "selekt");
    ann.sync();
    ann.parse("", "select 1");
    ann.sync();
    static_cast<void>(got());
    say("EZ1Z");
    ASSERT_NE(ann.session().statements.find(""), nullptr);
    hand_over_to_bob();
    bob.bind("");
    bob.sync();
    EXPECT_EQ(got(), "C: B: S") << "bob has none";
}

TEST_F(UndoingTest, ANamedParseBehindTheSyncIsNotTakenBackWithTheOneBeforeIt) {
    ann.parse("bad", "selekt");
    ann.parse("s1", "select 1");
    ann.sync();
    ann.close_statement("s1");
    ann.parse("s1", "select 2");
    ann.sync();
    EXPECT_EQ(ann.held_back(), 3U) << "whether there is an s1 is not known";
    static_cast<void>(got());
    say("EZ");
    EXPECT_TRUE(ann.offer_again());
    EXPECT_EQ(got(), "C:s1 P:" + two + " S");
    say("31Z");
    ASSERT_NE(ann.session().statements.find("s1"), nullptr);
    EXPECT_EQ(ann.session().statements.find("s1")->statement->query(), "select 2");
}

// The server discards a Query as well. It was taken to end the unnamed statement there, which then
// was the next client's.
TEST_F(UndoingTest, AQueryThatIsDiscardedEndsNoUnnamedStatement) {
    prepared("", "select 1");
    ann.parse("bad", "selekt");
    ann.query("select 2");
    ann.sync();
    static_cast<void>(got());
    say("EZ");
    hand_over_to_bob();
    bob.bind("");
    bob.sync();
    EXPECT_EQ(got(), "C: B: S") << "bob has none";
}

// With the error known before the next message: the client's statement was noted though its Parse
// was discarded, and the Parse that came after the Sync was refused as one too many.
TEST_F(UndoingTest, OnceAnErrorIsKnownNothingIsAssumedUpToTheSync) {
    prepared("s1", "select 1");
    ann.parse("bad", "selekt");
    static_cast<void>(got());
    say("E");
    ann.parse("s2", "select 1");
    ann.query("DEALLOCATE s1");
    ann.close_statement("s1");
    ann.sync();
    EXPECT_EQ(got(), "P:s2 Q C:s1 S") << "as they are: the server discards them";
    say("Z");
    EXPECT_EQ(ann.received_types(), "EZ");
    ann.parse("s2", "select 1");
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(got(), "C:" + one + " P:" + one + " B:" + one + " S");
}

// Room was made by a Close that the server discarded: to prepare what it still had was an error.
TEST_F(UndoingTest, OnceAnErrorIsKnownNoRoomIsMadeUpToTheSync) {
    ann.session().max_prepared_statements = 1;
    prepared("s1", "select 1");
    ann.parse("", "selekt");
    static_cast<void>(got());
    say("E");
    ann.parse("s2", "select 2");
    ann.sync();
    static_cast<void>(got());
    say("Z");
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(got(), "B:" + one + " S");
}

// The Close that makes room may be discarded, and what is to be prepared again is still there.
TEST_F(UndoingTest, WhatMayStillBeThereIsClosedBeforeItIsPreparedAgain) {
    ann.session().max_prepared_statements = 1;
    prepared("s1", "select 1");
    ann.parse("s2", "select 2");
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(got(), "C:" + one + " P:" + two + " C:" + two + " C:" + one + " P:" + one +
                         " B:" + one + " S");
    say("313312Z");
    EXPECT_EQ(ann.received_types(), "12Z");
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(got(), "B:" + one + " S");
}

TEST_F(UndoingTest, WhetherRoomWasMadeIsKnownBeforeWhatWentForItIsNeededAgain) {
    ann.session().max_prepared_statements = 1;
    prepared("s1", "select 1");
    ann.parse("", "selekt");
    ann.parse("s2", "select 2");
    ann.sync();
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(ann.held_back(), 2U);
    EXPECT_EQ(got(), "P: C:" + one + " P:" + two + " S");
    say("EZ");
    EXPECT_TRUE(ann.offer_again());
    EXPECT_EQ(got(), "B:" + one + " S") << "it never went";
    say("2Z");
    EXPECT_EQ(ann.received_types(), "EZ2Z");
}

// The names that pgweir gives are no secret. A client's Close of one took the statement from all
// who shared it.
TEST_F(UndoingTest, AClientCannotReachWhatItHasNotPreparedByTheServersName) {
    prepared("s1", "select 1");
    hand_over_to_bob();
    bob.close_statement(one);
    bob.describe(one);
    bob.bind(one);
    bob.sync();
    EXPECT_EQ(got(), "C:" + nobodys + " D:" + nobodys + " B:" + nobodys + " S");
}

}  // namespace
}  // namespace pgweir::pool
