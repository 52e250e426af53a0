// What happens to a server whose tenant has gone, before anybody else gets it.
#include <array>
#include <chrono>
#include <future>
#include <string>

#include "lending_fixture.hpp"

namespace pgweir::pool {
namespace {

using protocol::TransactionStatus;
using testing::ElementsAre;
using testing::IsEmpty;

class CleaningTest : public LendingTest {
  protected:
    // A tenant with a server, and another who waits for it.
    void SetUp() override {
        make_pool(1);
        acquire(ann);
        part().enqueue(bob.waiter, Clock::now());
    }
    void TearDown() override { part().withdraw(bob.waiter); }
    void begin() {
        ann.query("BEGIN");
        EXPECT_EQ(next_message(), "QBEGIN");
        postgresql.backend(0).complete("BEGIN", TransactionStatus::in_transaction);
        ASSERT_TRUE(run_until([&] { return ann.finished.size() == 1; }));
        ASSERT_NE(ann.server, nullptr);
    }
    // A Parse, and no Sync.
    void parse() {
        ann.request(ScriptedBackend::message('P', std::string("\0SELECT 1\0\0\0", 12)));
    }
    // Nobody has the server before this, and bob after it.
    void expect_discard_all_then_lease() {
        EXPECT_EQ(next_message(), "QDISCARD ALL");
        settle();
        EXPECT_EQ(bob.server, nullptr) << "not before it is answered";
        postgresql.backend(0).complete("DISCARD ALL");
        EXPECT_TRUE(run_until([&] { return bob.server != nullptr; }));
        EXPECT_EQ(bob.received(), "") << "the answers to cleaning are nobody's";
        EXPECT_THAT(observer.closed, IsEmpty());
    }

    TestTenant ann{worker.io};
    TestTenant bob{worker.io};
};

TEST_F(CleaningTest, AnIdleSessionIsReset) {
    ann.leave(false, true);
    expect_discard_all_then_lease();
}

TEST_F(CleaningTest, AnOpenTransactionIsRolledBackThenReset) {
    begin();
    ann.leave(false, true);
    EXPECT_EQ(next_message(), "QROLLBACK");
    settle();
    EXPECT_EQ(bob.server, nullptr);
    EXPECT_FALSE(postgresql.backend(0).has_message()) << "one step at a time";
    postgresql.backend(0).complete("ROLLBACK");
    expect_discard_all_then_lease();
    EXPECT_EQ(postgresql.connections(), 1U) << "nothing ran, so that nothing was cancelled";
}

TEST_F(CleaningTest, ARunningQueryIsCancelledRolledBackAndReset) {
    begin();
    ann.query("SELECT pg_sleep(1000)");
    EXPECT_EQ(next_message(), "QSELECT pg_sleep(1000)");
    ann.leave(false, true);
    ASSERT_TRUE(run_until(
        [&] { return postgresql.connections() == 2 && postgresql.backend(1).is_cancel(); }));
    EXPECT_EQ(postgresql.backend(1).cancels(), postgresql.backend(0).key());
    postgresql.backend(0).fail("57014", TransactionStatus::failed);
    settle();
    EXPECT_FALSE(postgresql.backend(0).has_message())
        << "the cancel is still on its way and could hit the next statement";
    postgresql.backend(1).hang_up();
    EXPECT_EQ(next_message(), "QROLLBACK");
    postgresql.backend(0).complete("ROLLBACK");
    expect_discard_all_then_lease();
    EXPECT_EQ(statistics().cancels.get(), 1U);
}

TEST_F(CleaningTest, ACancelThatIsThereBeforeTheAnswerDoesNotFreeTheServer) {
    ann.query("SELECT pg_sleep(1000)");
    EXPECT_EQ(next_message(), "QSELECT pg_sleep(1000)");
    ann.leave(false, true);
    ASSERT_TRUE(run_until(
        [&] { return postgresql.connections() == 2 && postgresql.backend(1).is_cancel(); }));
    postgresql.backend(1).hang_up();
    settle();
    EXPECT_FALSE(postgresql.backend(0).has_message());
    EXPECT_EQ(bob.server, nullptr);
    postgresql.backend(0).fail("57014", TransactionStatus::idle);
    expect_discard_all_then_lease();
}

TEST_F(CleaningTest, AfterATerminateWhatWasAskedIsDoneFirst) {
    ann.query("INSERT INTO t VALUES (1)");
    EXPECT_EQ(next_message(), "QINSERT INTO t VALUES (1)");
    ann.leave(false, false);
    settle();
    EXPECT_EQ(postgresql.connections(), 1U) << "no cancel";
    EXPECT_FALSE(postgresql.backend(0).has_message());
    postgresql.backend(0).complete("INSERT 0 1");
    expect_discard_all_then_lease();
    EXPECT_EQ(ann.received(), "") << "who left hears nothing";
}

TEST_F(CleaningTest, ExtendedQueriesWithoutSyncAreNotCommittedForTheirClient) {
    parse();
    EXPECT_EQ(next_message().front(), 'P');
    ann.leave(false, false);
    EXPECT_THAT(observer.closed, ElementsAre(ServerClose::dirty));
    EXPECT_EQ(next_message(), "X") << "a Sync would commit";
    ASSERT_TRUE(run_until([&] { return bob.server != nullptr; }));
    EXPECT_EQ(bob.server->connection().cancel_key, postgresql.backend(1).key());
}

TEST_F(CleaningTest, AServerThatDiscardsMessagesAfterAnErrorGetsASync) {
    parse();
    EXPECT_EQ(next_message().front(), 'P');
    std::string reply;
    protocol::append_error_response(reply, protocol::ErrorReport::error("42601", "scripted"));
    postgresql.backend(0).say(reply);
    ASSERT_TRUE(run_until([&] { return !ann.received().empty(); }));
    ann.leave(false, false);
    EXPECT_EQ(next_message(), "S");
    reply.clear();
    protocol::append_ready_for_query(reply, TransactionStatus::idle);
    postgresql.backend(0).say(reply);
    expect_discard_all_then_lease();
}

TEST_F(CleaningTest, ACopyIsFailed) {
    ann.query("COPY t FROM STDIN");
    EXPECT_EQ(next_message(), "QCOPY t FROM STDIN");
    postgresql.backend(0).say(ScriptedBackend::message('G', std::string("\0\0\0", 3)));
    ASSERT_TRUE(run_until([&] { return !ann.received().empty(); }));
    ann.leave(false, true);
    EXPECT_EQ(next_message(), "fthe client is gone");
    postgresql.backend(0).fail("57014", TransactionStatus::idle);
    expect_discard_all_then_lease();
    EXPECT_EQ(postgresql.connections(), 1U) << "a COPY that waits for data needs no cancel";
}

TEST_F(CleaningTest, AServerThatGotHalfAMessageIsClosed) {
    ann.leave(true, true);
    EXPECT_THAT(observer.closed, ElementsAre(ServerClose::dirty));
    EXPECT_TRUE(run_until([&] { return postgresql.backend(0).ended(); }));
    ASSERT_TRUE(run_until([&] { return bob.server != nullptr; })) << "a new one takes its place";
    EXPECT_EQ(postgresql.connections(), 2U);
}

TEST_F(CleaningTest, ALeaseThatIsDroppedClosesTheServer) {
    {
        Lease lease(*ann.server);
        Lease moved = std::move(lease);
        EXPECT_TRUE(moved);
    }
    EXPECT_THAT(observer.closed, ElementsAre(ServerClose::dirty));
}

TEST_F(CleaningTest, AServerWhoseResetFailsIsClosed) {
    ann.leave(false, true);
    EXPECT_EQ(next_message(), "QDISCARD ALL");
    postgresql.backend(0).fail("XX000", TransactionStatus::idle);
    EXPECT_TRUE(run_until([&] { return !observer.closed.empty(); }));
    EXPECT_THAT(observer.closed, ElementsAre(ServerClose::dirty));
    EXPECT_EQ(bob.leases, 0);
    ASSERT_TRUE(run_until([&] { return bob.server != nullptr; }));
    EXPECT_EQ(bob.server->connection().cancel_key, postgresql.backend(1).key());
}

TEST_F(CleaningTest, ARollbackThatDoesNotEndTheTransactionClosesTheServer) {
    begin();
    ann.leave(false, true);
    EXPECT_EQ(next_message(), "QROLLBACK");
    postgresql.backend(0).complete("ROLLBACK", TransactionStatus::in_transaction);
    EXPECT_TRUE(run_until([&] { return !observer.closed.empty(); }));
    EXPECT_THAT(observer.closed, ElementsAre(ServerClose::dirty));
    ASSERT_TRUE(run_until([&] { return bob.server != nullptr; }));
}

TEST_F(CleaningTest, ACancelledQueryThatIsNeverAnsweredClosesTheServer) {
    ann.query("SELECT pg_sleep(1000)");
    EXPECT_EQ(next_message(), "QSELECT pg_sleep(1000)");
    ann.leave(false, true);
    ASSERT_TRUE(run_until(
        [&] { return postgresql.connections() == 2 && postgresql.backend(1).is_cancel(); }));
    postgresql.backend(1).hang_up();
    settle();
    worker.deadlines.sweep(Clock::now() + pool->setup()->options.cancel_wait_timeout);
    EXPECT_THAT(observer.closed, ElementsAre(ServerClose::dirty));
    ASSERT_TRUE(run_until([&] { return bob.server != nullptr; }));
}

TEST_F(CleaningTest, TheResetItselfHasALimitOfTime) {
    ann.leave(false, true);
    EXPECT_EQ(next_message(), "QDISCARD ALL");
    worker.deadlines.sweep(Clock::now() + pool->setup()->options.cancel_wait_timeout);
    EXPECT_THAT(observer.closed, ElementsAre(ServerClose::dirty));
}

// PQfinish() waits until it can say Terminate unless it is told not to, and all clients of the
// worker waited with it.
TEST_F(CleaningTest, AServerThatReadsNothingIsNotWaitedForWhenItIsClosed) {
    const std::string much(1U << 16U, 'd');
    std::array<iovec, 1> part{protocol::to_iovec(much)};
    while (ann.server->requests().write(part).size == much.size()) {
    }
    std::promise<void> closed;
    std::future<bool> was_waited_for =
        std::async(std::launch::async, [this, is_closed = closed.get_future()] {
            if (is_closed.wait_for(std::chrono::seconds(5)) == std::future_status::ready)
                return false;
            postgresql.backend(0).hang_up();
            return true;
        });
    ann.leave(true, false);
    closed.set_value();
    EXPECT_FALSE(was_waited_for.get());
    EXPECT_THAT(observer.closed, ElementsAre(ServerClose::dirty));
}

}  // namespace
}  // namespace pgweir::pool
