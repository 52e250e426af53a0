// What a statement means is settled when its text is read: each Parse of a client's is read by the
// server, and others are served by that.
#include <string>

#include "reading_fixture.hpp"

namespace pgweir::pool {
namespace {

TEST_F(ReadingTest, ALaterReadingServesWhoHasPreparedTheSameBefore) {
    keep(ann);
    prepared_by(ann, "s1", "select 1");
    give_back(ann);
    keep(bob);
    bob.parse("b1", "select 1");
    bob.sync();
    EXPECT_EQ(got(), "C:" + one + " P:" + one + " S");
    say("31Z");
    EXPECT_EQ(bob.received_types(), "1Z");
    give_back(bob);
    keep(ann);
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(got(), "B:" + one + " S");
    say("2Z");
}

// What has come into being between the two readings may have changed what the text means.
TEST_F(ReadingTest, AReadingOlderThanTheClientsParseIsReadAgain) {
    keep(ann);
    keep(bob);
    ASSERT_EQ(postgresql.connections(), 2U);
    prepared_by(bob, "b1", "select 1", 1);
    prepared_by(ann, "s1", "select 1");
    give_back(ann);
    keep(carol);
    give_back(bob);
    keep(ann);
    ASSERT_EQ(ann.server->connection().cancel_key, postgresql.backend(1).key());
    ann.bind("s1");
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(got(1), "C:" + one + " P:" + one + " B:" + one + " B:" + one + " S");
    say("3122Z", 1);
    EXPECT_EQ(ann.received_types(), "22Z");
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(got(1), "B:" + one + " S") << "once is enough";
}

TEST_F(ReadingTest, AParseThatFailsAfterItsCloseLeavesNothing) {
    keep(ann);
    prepared_by(ann, "s1", "select 1");
    give_back(ann);
    keep(bob);
    bob.parse("b1", "select 1");
    bob.sync();
    EXPECT_EQ(got(), "C:" + one + " P:" + one + " S");
    say("3EZ");
    EXPECT_EQ(bob.received_types(), "EZ");
    EXPECT_EQ(bob.session().statements.find("b1"), nullptr);
    give_back(bob);
    keep(ann);
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(got(), "P:" + one + " B:" + one + " S") << "the text may be read no more";
    say("EZ");
    EXPECT_EQ(ann.received_types(), "EZ");
}

// The answer to its Parse came while a later one of the same name was assumed; that was taken back,
// and the statement counted as one whose Parse is not answered: on any other server it was read
// again and again, and the client's Bind never went out (random program 696).
TEST_F(ReadingTest, AStatementThatComesBackIsReadOnceOnAnotherServer) {
    keep(ann);
    ann.parse("s1", "select 1");
    ann.describe("nothing");
    ann.close_statement("s1");
    ann.parse("s1", "select 2");
    ann.sync();
    static_cast<void>(got());
    say("1EZ");
    ann.describe("s1");
    ann.sync();
    static_cast<void>(got());
    say_bytes(description(parameters_of({}), ""));
    say("Z");
    ASSERT_EQ(ann.received_types(), "1EZtnZ");
    give_back(ann);
    keep(bob);
    keep(ann);
    ann.bind("s1");
    EXPECT_EQ(got(1), "P:" + one + " D:" + one + " H");
    read_there(parameters_of({}), "");
    ann.sync();
    EXPECT_EQ(got(1), "B:" + one + " S");
}

// In a transaction that may have failed a Parse must not cost the server what it has.
TEST_F(ReadingTest, WhereTheTransactionMayHaveFailedTheTextIsReadAside) {
    prepare_twice_behind("select 1/0");
    say("EZ3EZ", 0, TransactionStatus::failed);
    ann.query("rollback");
    EXPECT_EQ(got(), "Q");
    say("CZ");
    EXPECT_EQ(ann.received_types(), "CZEZEZCZ");
    EXPECT_EQ(ann.session().statements.find("s2"), nullptr);
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(got(), "B:" + one + " S") << "nothing newer was read";
    say("2Z");
    EXPECT_EQ(ann.received_types(), "2Z");
}

TEST_F(ReadingTest, WhatWasReadAsideIsReadInItsPlaceWhenItIsUsed) {
    prepare_twice_behind("select 0");
    say("CZ31Z", 0, TransactionStatus::in_transaction);
    ann.bind("s2");
    ann.sync();
    EXPECT_EQ(got(), "C:" + one + " P:" + one + " B:" + one + " S");
    say("312Z", 0, TransactionStatus::in_transaction);
    EXPECT_EQ(ann.received_types(), "CZCZ1Z2Z");
}

// A function of the database's has deallocated them.
TEST_F(ReadingTest, WhatIsGoneOnTheServerIsPreparedAgainTheNextTime) {
    keep(ann);
    prepared_by(ann, "s1", "select 1");
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(got(), "B:" + one + " S");
    std::string bytes;
    protocol::append_error_response(
        bytes,
        protocol::ErrorReport::error("26000", "prepared statement \"" + one + "\" does not exist"));
    say_bytes(bytes);
    EXPECT_THAT(ann.received(), HasSubstr("prepared statement \"s1\" does not exist"));
    say("Z");
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(got(), "C:" + one + " P:" + one + " B:" + one + " S");
    say("312Z");
}

}  // namespace
}  // namespace pgweir::pool
