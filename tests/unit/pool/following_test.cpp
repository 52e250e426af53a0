// Prepared statements that follow their client from server to server.
#include "following_fixture.hpp"

namespace pgweir::pool {
namespace {

class FollowingTest : public FollowingFixture {
  protected:
    void SetUp() override { make_pool(2); }
    // What a client has asked is answered, and it gives back its server.
    void answer(FollowingTenant& tenant, std::string_view types, std::size_t n = 0) {
        say(types, n);
        EXPECT_EQ(tenant.server, nullptr) << "nothing is owed any more";
    }
    // `ann` has prepared this on the first server, which is idle.
    void prepared_by_ann(std::string_view name, std::string_view sql) {
        acquire(ann);
        ann.parse(name, sql);
        ann.sync();
        static_cast<void>(got());
        answer(ann, "1Z");
        ASSERT_EQ(ann.received_types(), "1Z");
    }

    FollowingTenant ann{worker.io, conf::SessionState::off};
    FollowingTenant bob{worker.io, conf::SessionState::off};
    const std::string one = server_name("select 1");
    const std::string two = server_name("select 2");
};

TEST_F(FollowingTest, ANamedStatementIsPreparedUnderTheServersName) {
    acquire(ann);
    ann.parse("s1", "select 1");
    ann.bind("s1");
    ann.describe("s1");
    ann.sync();
    EXPECT_EQ(got(), "P:" + one + " B:" + one + " D:" + one + " S");
    answer(ann, "12tnZ");
    EXPECT_EQ(ann.received_types(), "12tnZ");
}

// What the text means now, only the server knows.
TEST_F(FollowingTest, WhatTheServerHasAlreadyIsReadAnewForWhoPreparesIt) {
    prepared_by_ann("s1", "select 1");
    acquire(bob);
    bob.parse("other", "select 1");
    bob.bind("other");
    bob.sync();
    EXPECT_EQ(got(), "C:" + one + " P:" + one + " B:" + one + " S");
    answer(bob, "312Z");
    EXPECT_EQ(bob.received_types(), "12Z") << "to the client its Parse is answered";
}

TEST_F(FollowingTest, OnAnotherServerTheStatementIsPreparedFirst) {
    prepared_by_ann("s1", "select 1");
    acquire(bob);
    acquire(ann);
    ASSERT_EQ(postgresql.connections(), 2U);
    ann.bind("s1");
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(got(1), "P:" + one + " B:" + one + " B:" + one + " S");
    answer(ann, "122Z", 1);
    EXPECT_EQ(ann.received_types(), "22Z");
    ASSERT_TRUE(bob.server->release_if_done());
}

TEST_F(FollowingTest, ADescribePreparesToo) {
    prepared_by_ann("s1", "select 1");
    acquire(bob);
    acquire(ann);
    ann.describe("s1");
    ann.sync();
    EXPECT_EQ(got(1), "P:" + one + " D:" + one + " S");
    answer(ann, "1tnZ", 1);
    EXPECT_EQ(ann.received_types(), "tnZ");
    ASSERT_TRUE(bob.server->release_if_done());
}

TEST_F(FollowingTest, AnErrorOfWhatIsPreparedFirstIsTheClients) {
    prepared_by_ann("s1", "select 1");
    acquire(bob);
    acquire(ann);
    ann.bind("s1");
    ann.sync();
    static_cast<void>(got(1));
    answer(ann, "EZ", 1);
    EXPECT_EQ(ann.received_types(), "EZ");
    acquire(ann);
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(got(1), "P:" + one + " B:" + one + " S") << "it is not there yet";
    answer(ann, "12Z", 1);
    ASSERT_TRUE(bob.server->release_if_done());
}

TEST_F(FollowingTest, TheServerKeepsWhatItsClientCloses) {
    prepared_by_ann("s1", "select 1");
    acquire(ann);
    ann.close_statement("s1");
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(got(), "C:s1 B:s1 S") << "for PostgreSQL to say that there is none";
    answer(ann, "3EZ");
    EXPECT_EQ(ann.received_types(), "3EZ");
    acquire(ann);
    ann.parse("s1", "select 1");
    ann.sync();
    EXPECT_EQ(got(), "C:" + one + " P:" + one + " S") << "it is still there, and read anew";
    answer(ann, "31Z");
    EXPECT_EQ(ann.received_types(), "1Z");
}

TEST_F(FollowingTest, AStatementReadUnderOtherSettingsIsAnother) {
    prepared_by_ann("s1", "select 1");
    acquire(bob);
    bob.session().settings = worker.settings.intern({{"search_path", "other"}});
    bob.parse("s1", "select 1");
    const std::string other = bob.session().statements.find("s1")->statement->server_name();
    EXPECT_NE(other, one);
    bob.sync();
    do_set_up();
    EXPECT_EQ(got(), "P:" + other + " S");
    answer(bob, "1Z");
}

TEST_F(FollowingTest, TheLeastRecentlyUsedMakesRoom) {
    ann.session().max_prepared_statements = 2;
    prepared_by_ann("s1", "select 1");
    prepared_by_ann("s2", "select 2");
    acquire(ann);
    ann.bind("s1");
    ann.parse("s3", "select 3");
    ann.sync();
    const std::string three = server_name("select 3");
    EXPECT_EQ(got(), "B:" + one + " C:" + two + " P:" + three + " S");
    answer(ann, "231Z");
    EXPECT_EQ(ann.received_types(), "21Z") << "what makes room is not the client's";
    acquire(ann);
    ann.bind("s2");
    ann.sync();
    EXPECT_EQ(got(), "C:" + one + " P:" + two + " B:" + two + " S");
    answer(ann, "312Z");
}

TEST_F(FollowingTest, ANameThatIsTakenIsRefusedByTheServer) {
    prepared_by_ann("s1", "select 1");
    acquire(ann);
    ann.parse("s1", "select 2");
    ann.sync();
    EXPECT_EQ(got(), "C:s1 P:s1 P:s1 S") << "all but the last are pgweir's, for that to fail";
    answer(ann, "31EZ");
    EXPECT_EQ(ann.received_types(), "EZ");
    EXPECT_EQ(ann.session().statements.find("s1")->statement->query(), "select 1");
}

// What is on its way cannot be called back when somebody else comes.
TEST_F(FollowingTest, OfAPipelineOfTransactionsFewAreOnTheirWay) {
    acquire(ann);
    for (int i = 0; i < 300; ++i) ann.query("select 1");
    EXPECT_EQ(ann.held_back(), 44U);
    std::string ten;
    for (int i = 0; i < 10; ++i) ten += "CZ";
    say(ten);
    EXPECT_FALSE(ann.offer_again());
    EXPECT_EQ(ann.held_back(), 34U);
}

TEST_F(FollowingTest, OneTransactionIsSentAsAWhole) {
    acquire(ann);
    for (int i = 0; i < 300; ++i) {
        ann.parse("", "select 1");
        postgresql.poll();  // a socket takes fewer that are not read
    }
    ann.sync();
    EXPECT_EQ(ann.held_back(), 0U);
    ann.parse("", "select 1");
    EXPECT_EQ(ann.held_back(), 1U);
}

TEST_F(FollowingTest, WithoutPreparedStatementsNamesPassAsTheyAre) {
    ann.session().max_prepared_statements = 0;
    acquire(ann);
    ann.parse("s1", "select 1");
    ann.bind("s1");
    ann.close_statement("s1");
    ann.sync();
    EXPECT_EQ(got(), "P:s1 B:s1 C:s1 S");
    answer(ann, "123Z");
}

TEST_F(FollowingTest, TheUnnamedStatementFollowsToo) {
    prepared_by_ann("", "select 1");
    acquire(bob);
    acquire(ann);
    ann.bind("");
    ann.sync();
    EXPECT_EQ(got(1), "P: B: S");
    answer(ann, "12Z", 1);
    EXPECT_EQ(ann.received_types(), "2Z");
    ASSERT_TRUE(bob.server->release_if_done());
}

TEST_F(FollowingTest, WhoHasNoUnnamedStatementDoesNotMeetAnothers) {
    prepared_by_ann("", "select 1");
    acquire(bob);
    bob.bind("");
    bob.sync();
    EXPECT_EQ(got(), "C: B: S");
    answer(bob, "3EZ");
    EXPECT_EQ(bob.received_types(), "EZ");
}

TEST_F(FollowingTest, ASimpleQueryEndsTheUnnamedStatement) {
    prepared_by_ann("", "select 1");
    acquire(ann);
    ann.query("select 2");
    ann.bind("");
    ann.sync();
    EXPECT_EQ(got(), "Q B: S") << "the server has none either";
    answer(ann, "CZEZ");
}

}  // namespace
}  // namespace pgweir::pool
