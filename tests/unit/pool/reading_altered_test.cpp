// A client's transaction has changed what its texts mean, or SQL changes what its names mean.
#include <string>
#include <vector>

#include "reading_fixture.hpp"

namespace pgweir::pool {
namespace {

TEST_F(AlteredTest, WhatIsPreparedBehindASetLocalIsTheClientsAlone) {
    run("BEGIN", "BEGIN", TransactionStatus::in_transaction);
    dora.parse("s0", "select 1");
    dora.sync();
    EXPECT_EQ(got(), "P:" + one + " S");
    say("1Z", 0, TransactionStatus::in_transaction);
    static_cast<void>(dora.received());
    run("SET LOCAL search_path = a", "SET", TransactionStatus::in_transaction);
    dora.parse("s1", "select 1");
    dora.sync();
    const std::string own = name_of("s1");
    EXPECT_NE(own, one);
    EXPECT_TRUE(dora.session().statements.find("s1")->statement->is_private());
    EXPECT_EQ(got(), "P:" + own + " S");
    say("1Z", 0, TransactionStatus::in_transaction);
    static_cast<void>(dora.received());
    run("COMMIT", "COMMIT", TransactionStatus::idle);
    ASSERT_EQ(dora.server, nullptr) << "a SET LOCAL leaves nothing to ask about";
    acquire(dora);
    dora.parse("s2", "select 1");
    dora.bind("s1");
    dora.sync();
    EXPECT_EQ(got(), "C:" + one + " P:" + one + " B:" + own + " S") << "others are read as before";
    say("312Z");
    ASSERT_EQ(dora.server, nullptr);
    acquire(dora);
    dora.close_statement("s1");
    dora.close_statement("s2");
    dora.sync();
    EXPECT_EQ(got(), "C:" + own + " C:s2 S") << "nobody else needs it";
    say("33Z");
    EXPECT_EQ(dora.received_types(), "12Z33Z");
    EXPECT_EQ(dora.session().statements.find("s1"), nullptr);
}

TEST_F(AlteredTest, ACloseOfAPrivateStatementThatIsDiscardedLeavesIt) {
    run("BEGIN", "BEGIN", TransactionStatus::in_transaction);
    run("DROP VIEW v", "DROP VIEW", TransactionStatus::in_transaction);
    dora.parse("s1", "select 1");
    dora.sync();
    const std::string own = name_of("s1");
    EXPECT_NE(own, one);
    EXPECT_EQ(got(), "P:" + own + " S");
    say("1Z", 0, TransactionStatus::in_transaction);
    dora.parse("", "selekt");
    dora.close_statement("s1");
    dora.sync();
    EXPECT_EQ(got(), "P: C:" + own + " S");
    say("EZ", 0, TransactionStatus::failed);
    ASSERT_NE(dora.session().statements.find("s1"), nullptr);
    EXPECT_EQ(name_of("s1"), own);
}

class Altering : public AlteredTest, public testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(By, Altering,
                         testing::Values("SET LOCAL role = r", "CREATE VIEW v AS SELECT 1",
                                         "DROP TABLE t", "ALTER TABLE t RENAME TO u",
                                         "SET search_path = a", "CREATE TEMP TABLE t ()",
                                         "DO $$BEGIN SET LOCAL a.b = 1; END$$"));

TEST_P(Altering, WhatIsPreparedBehindItIsTheClientsAlone) {
    run("BEGIN", "BEGIN", TransactionStatus::in_transaction);
    run(GetParam(), "X", TransactionStatus::in_transaction);
    dora.parse("s1", "select 1");
    EXPECT_TRUE(dora.session().statements.find("s1")->statement->is_private());
}

class NotAltering : public AlteredTest, public testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(By, NotAltering,
                         testing::Values("SELECT 1", "UPDATE t SET a = 1", "SAVEPOINT s",
                                         "SET TRANSACTION READ ONLY",
                                         "SET CONSTRAINTS ALL DEFERRED"));

TEST_P(NotAltering, WhatIsPreparedBehindItIsShared) {
    run("BEGIN", "BEGIN", TransactionStatus::in_transaction);
    run(GetParam(), "X", TransactionStatus::in_transaction);
    dora.parse("s1", "select 1");
    EXPECT_EQ(name_of("s1"), one);
}

// --- behind SQL that names statements ------------------------------------------------------------

class Settling : public AlteredTest, public testing::WithParamInterface<const char*> {
  protected:
    [[nodiscard]] bool waits(char type, const std::string& body) const {
        return dora.server->session().must_hold_back({.kind = protocol::Step::Kind::frame,
                                                      .size = body.size() + protocol::header_size,
                                                      .type = type,
                                                      .body = body,
                                                      .whole = true});
    }
};

INSTANTIATE_TEST_SUITE_P(By, Settling,
                         testing::Values("DEALLOCATE s1", "DEALLOCATE ALL", "DISCARD ALL",
                                         "PREPARE s1 AS SELECT 1", "EXECUTE s1"));

TEST_P(Settling, WhatDependsOnItWaits) {
    dora.query(GetParam());
    EXPECT_TRUE(waits('Q', "select 1\0"s));
    EXPECT_TRUE(waits('P', "s2\0select 2\0\0\0"s));
    EXPECT_TRUE(waits('P', "\0select 2\0\0\0"s));
    EXPECT_TRUE(waits('B', "\0s1\0\0\0\0\0\0\0"s));
    EXPECT_TRUE(waits('D', "Ss1\0"s));
    EXPECT_TRUE(waits('C', "Ss1\0"s));
    EXPECT_FALSE(waits('D', "P\0"s)) << "a portal";
    EXPECT_FALSE(waits('C', "P\0"s));
    EXPECT_FALSE(waits('E', "\0\0\0\0\0"s));
    EXPECT_FALSE(waits('S', ""));
    EXPECT_FALSE(waits('H', ""));
}

TEST_P(Settling, ItsAnswerEndsTheWaiting) {
    dora.query("BEGIN");
    static_cast<void>(got());
    postgresql.backend(0).complete("BEGIN", TransactionStatus::in_transaction);
    settle();
    dora.query(GetParam());
    dora.parse("s2", "select 2");
    EXPECT_EQ(dora.held_back(), 1U);
    EXPECT_EQ(got(), "Q");
    postgresql.backend(0).complete("X", TransactionStatus::in_transaction);
    settle();
    EXPECT_TRUE(dora.offer_again());
}

TEST_P(Settling, InAnExtendedQueryItsOwnMessagesGoOn) {
    dora.parse("", GetParam());
    dora.bind("");
    dora.execute();
    dora.sync();
    EXPECT_EQ(dora.held_back(), 0U);
    EXPECT_EQ(got(), "P: B: E S");
    dora.parse("s2", "select 2");
    EXPECT_EQ(dora.held_back(), 1U);
}

class NotSettling : public Settling {};

INSTANTIATE_TEST_SUITE_P(By, NotSettling,
                         testing::Values("SELECT 1", "BEGIN", "SET a.b = 1", "RESET a.b",
                                         "LISTEN c"));

TEST_P(NotSettling, NothingWaits) {
    dora.query(GetParam());
    EXPECT_FALSE(waits('Q', "select 1\0"s));
    EXPECT_FALSE(waits('P', "s2\0select 2\0\0\0"s));
    EXPECT_FALSE(waits('B', "\0s1\0\0\0\0\0\0\0"s));
}

// What restores the settings of the client's start comes behind it.
TEST_F(AlteredTest, BehindAResetOfAClientWithSettingsOfItsStartTheNextWaits) {
    run("BEGIN", "BEGIN", TransactionStatus::in_transaction);
    dora.session().startup = worker.settings.intern({{"search_path", "a"}});
    dora.query("RESET search_path");
    dora.query("select 1");
    EXPECT_EQ(dora.held_back(), 1U);
    EXPECT_EQ(got(), "Q");
    postgresql.backend(0).complete("RESET", TransactionStatus::in_transaction);
    settle();
    EXPECT_TRUE(dora.offer_again());
    settle();
    std::vector<std::string> messages;
    while (postgresql.backend(0).has_message()) messages.push_back(postgresql.backend(0).take());
    ASSERT_GT(messages.size(), 1U);
    EXPECT_EQ(messages.back(), "Qselect 1");
    messages.pop_back();
    EXPECT_THAT(messages, testing::Contains(HasSubstr("set_config('search_path','a'")))
        << "before it";
}

TEST_F(ReadingTest, InSessionPoolingAResetIsWaitedForToo) {
    TestTenant session(worker.io);
    session.keeps_server = true;
    session.session().startup = session.session().settings =
        worker.settings.intern({{"search_path", "a"}});
    LendingTest::acquire(session);
    session.query("select 1");
    session.query("RESET ALL");
    session.query("select 2");
    EXPECT_EQ(session.held_back(), 1U);
    EXPECT_EQ(got(), "Q Q");
}

}  // namespace
}  // namespace pgweir::pool
