// Who gets a server, and in which state.
#include <array>

#include "lending_fixture.hpp"

namespace pgweir::pool {
namespace {

using protocol::TransactionStatus;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(LendingTest, AnEmptyPoolLendsNothingAtOnceAndConnectsForWhoQueues) {
    make_pool(1);
    TestTenant ann(worker.io);
    EXPECT_FALSE(part().lend(ann));
    settle();
    EXPECT_EQ(postgresql.connections(), 0U) << "lend() alone opens nothing";
    acquire(ann);
    EXPECT_EQ(postgresql.connections(), 1U);
    EXPECT_EQ(ann.server->connection().cancel_key, postgresql.backend(0).key());
    EXPECT_EQ(statistics().servers_active.get(), 1U);
    EXPECT_EQ(pool->budget().open(), 1U);
    EXPECT_TRUE(ann.server->release_if_done());
    EXPECT_EQ(ann.server, nullptr);
}

TEST_F(LendingTest, AnIdleServerIsLentAtOnce) {
    make_pool(1);
    warm_up();
    TestTenant ann(worker.io);
    EXPECT_TRUE(part().lend(ann));
    ASSERT_NE(ann.server, nullptr);
    EXPECT_EQ(ann.server->state(), Server::State::leased);
    EXPECT_EQ(statistics().servers_idle.get(), 0U);
    TestTenant bob(worker.io);
    EXPECT_FALSE(part().lend(bob)) << "nobody gets a server that somebody has";
    EXPECT_TRUE(ann.server->release_if_done());
    EXPECT_TRUE(part().lend(bob));
    EXPECT_TRUE(bob.server->release_if_done());
    settle();
    EXPECT_EQ(postgresql.connections(), 1U);
    EXPECT_FALSE(postgresql.backend(0).has_message()) << "what was not used need not be cleaned";
}

TEST_F(LendingTest, AQueryIsAnsweredAndTheServerGoesBackWhenNothingIsOwed) {
    make_pool(1);
    warm_up();
    TestTenant ann(worker.io);
    ASSERT_TRUE(part().lend(ann));
    ann.query("BEGIN");
    EXPECT_FALSE(ann.server->release_if_done()) << "a reply is owed";
    EXPECT_EQ(next_message(), "QBEGIN");
    postgresql.backend(0).complete("BEGIN", TransactionStatus::in_transaction);
    ASSERT_TRUE(run_until([&] { return ann.finished.size() == 1; }));
    EXPECT_EQ(ann.finished[0], TransactionStatus::in_transaction);
    ASSERT_NE(ann.server, nullptr) << "a transaction is open";
    EXPECT_EQ(ann.received(), ScriptedBackend::message('C', std::string("BEGIN\0", 6)) +
                                  ScriptedBackend::message('Z', "T"));
    ann.query("COMMIT");
    EXPECT_EQ(next_message(), "QCOMMIT");
    postgresql.backend(0).complete("COMMIT");
    EXPECT_TRUE(run_until([&] { return ann.server == nullptr; }));
    EXPECT_EQ(statistics().servers_idle.get(), 1U);
    settle();
    EXPECT_FALSE(postgresql.backend(0).has_message()) << "a client that ends well needs no reset";
}

TEST_F(LendingTest, ATenantThatKeepsItsServerIsAskedFirst) {
    make_pool(1);
    TestTenant ann(worker.io);
    ann.keeps_server = true;
    acquire(ann);
    EXPECT_FALSE(ann.server->release_if_done());
    ann.query("SELECT 1");
    EXPECT_EQ(next_message(), "QSELECT 1");
    postgresql.backend(0).complete("SELECT 0");
    ASSERT_TRUE(run_until([&] { return ann.finished.size() == 1; }));
    ASSERT_NE(ann.server, nullptr);
    ann.keeps_server = false;
    EXPECT_TRUE(ann.server->release_if_done());
}

TEST_F(LendingTest, TheQueueIsServedInItsOrder) {
    make_pool(1);
    Holder holder(*this);
    std::array<TestTenant, 3> waiting{TestTenant(worker.io), TestTenant(worker.io),
                                      TestTenant(worker.io)};
    for (TestTenant& tenant : waiting) part().enqueue(tenant.waiter, Clock::now());
    settle();
    EXPECT_EQ(postgresql.connections(), 1U) << "the pool's limit";
    Server* const only = holder.server;
    ASSERT_TRUE(holder.server->release_if_done());
    for (std::size_t turn = 0; turn < waiting.size(); ++turn) {
        for (std::size_t i = 0; i < waiting.size(); ++i) {
            EXPECT_EQ(waiting[i].server, i == turn ? only : nullptr) << turn << ' ' << i;
        }
        ASSERT_NE(waiting[turn].server, nullptr);
        EXPECT_TRUE(waiting[turn].server->release_if_done());
    }
    EXPECT_EQ(statistics().servers_idle.get(), 1U);
    EXPECT_EQ(postgresql.connections(), 1U);
}

TEST_F(LendingTest, NobodyOvertakesTheQueue) {
    make_pool(2);
    Holder holder(*this);
    TestTenant waiting(worker.io);
    part().enqueue(waiting.waiter, Clock::now());
    TestTenant late(worker.io);
    EXPECT_FALSE(part().lend(late));
    ASSERT_TRUE(holder.server->release_if_done());
    EXPECT_NE(waiting.server, nullptr);
    // The connection that was opened for the one who waited comes all the same, for the next.
    EXPECT_TRUE(run_until([&] { return statistics().servers_idle.get() == 1; }));
    EXPECT_TRUE(part().lend(late));
    EXPECT_TRUE(late.server->release_if_done());
    EXPECT_TRUE(waiting.server->release_if_done());
}

TEST_F(LendingTest, WhoWithdrawsIsPassedOver) {
    make_pool(1);
    Holder holder(*this);
    TestTenant first(worker.io);
    TestTenant second(worker.io);
    part().enqueue(first.waiter, Clock::now());
    part().enqueue(second.waiter, Clock::now());
    part().withdraw(first.waiter);
    part().withdraw(first.waiter);
    EXPECT_EQ(first.waiter.refusal, nullptr);
    ASSERT_TRUE(holder.server->release_if_done());
    EXPECT_EQ(first.leases, 0);
    ASSERT_NE(second.server, nullptr);
    EXPECT_TRUE(second.server->release_if_done());
    EXPECT_TRUE(part().lend(first)) << "it may come again";
    EXPECT_TRUE(first.server->release_if_done());
}

TEST_F(LendingTest, WhoWaitsWhileTheLastWithdrawsKeepsTheServerThatComes) {
    make_pool(1);
    {
        TestTenant impatient(worker.io);
        part().enqueue(impatient.waiter, Clock::now());
        part().withdraw(impatient.waiter);
    }
    EXPECT_TRUE(run_until([&] { return statistics().servers_idle.get() == 1; }))
        << "the connection under way becomes idle";
    EXPECT_FALSE(pool->board().has_waiting());
}

// What a server says unasked while nobody has it.
class Nonsense : public LendingTest, public testing::WithParamInterface<std::string> {};

INSTANTIATE_TEST_SUITE_P(Of, Nonsense,
                         testing::Values(ScriptedBackend::message('Z', "I"),
                                         ScriptedBackend::message('C', "SELECT 1"),
                                         ScriptedBackend::message('?', ""),
                                         ScriptedBackend::message('H', std::string(3, '\0')),
                                         std::string("N\0\0\0\1", 5),
                                         std::string("HTTP/1.1 400 Bad Request\r\n\r\n")));

TEST_P(Nonsense, ClosesAnIdleServer) {
    make_pool(1);
    warm_up();
    postgresql.backend(0).say(GetParam());
    ASSERT_TRUE(run_until([&] { return !observer.closed.empty(); }));
    EXPECT_THAT(observer.closed, ElementsAre(ServerClose::protocol_error));
    EXPECT_EQ(statistics().servers_idle.get(), 0U);
    EXPECT_EQ(pool->budget().open(), 0U) << "its place is free again";
    TestTenant ann(worker.io);
    EXPECT_FALSE(part().lend(ann));
    acquire(ann);
    EXPECT_TRUE(ann.server->release_if_done());
}

TEST_F(LendingTest, ARowThatNobodyAskedForClosesAnIdleServer) {
    make_pool(1);
    warm_up();
    postgresql.backend(0).say(ScriptedBackend::message('D', std::string(2, '\0')));
    settle();
    EXPECT_THAT(observer.closed, ElementsAre(ServerClose::protocol_error));
}

TEST_F(LendingTest, TheRestOfARowThatBeganWhileIdleIsNotTheNextTenants) {
    make_pool(1);
    warm_up();
    const std::string row = ScriptedBackend::message('D', std::string(20, 'x'));
    postgresql.backend(0).say(row.substr(0, 12));
    settle();
    TestTenant ann(worker.io);
    if (part().lend(ann)) {
        postgresql.backend(0).say(row.substr(12));
        settle();
    }
    EXPECT_EQ(ann.received(), "");
}

TEST_F(LendingTest, AServerThatReportsAChangedSettingWhileIdleStays) {
    make_pool(1);
    warm_up();
    std::string news;
    protocol::append_parameter_status(news, "TimeZone", "CET");
    postgresql.backend(0).say(news);
    settle();
    EXPECT_THAT(observer.closed, IsEmpty());
    TestTenant ann(worker.io);
    ASSERT_TRUE(part().lend(ann));
    EXPECT_EQ(ann.server->connection().reported.back(), (Parameter{"TimeZone", "CET"}));
    EXPECT_EQ(ann.received(), "");
    EXPECT_TRUE(ann.server->release_if_done());
}

TEST_F(LendingTest, AnIdleServersLastWordsAreNotForTheNextTenant) {
    make_pool(1);
    warm_up();
    std::string words;
    protocol::append_error_response(words, protocol::ErrorReport::fatal("57P01", "scripted"));
    postgresql.backend(0).say(words);
    EXPECT_TRUE(run_until([&] { return !observer.closed.empty(); }));
    EXPECT_THAT(observer.closed, ElementsAre(ServerClose::lost));
    TestTenant ann(worker.io);
    EXPECT_FALSE(part().lend(ann));
}

TEST_F(LendingTest, AnIdleServerThatDiesIsNoticedAtOnce) {
    make_pool(1);
    warm_up();
    postgresql.backend(0).hang_up();
    EXPECT_TRUE(run_until([&] { return !observer.closed.empty(); }));
    EXPECT_THAT(observer.closed, ElementsAre(ServerClose::lost));
    Holder ann(*this);
    EXPECT_EQ(postgresql.connections(), 2U);
    EXPECT_TRUE(ann.server->release_if_done());
}

TEST_F(LendingTest, AServerThatDiesEndsTheLeaseAndTellsTheTenant) {
    make_pool(1);
    Holder ann(*this);
    ann.query("SELECT 1");
    EXPECT_EQ(next_message(), "QSELECT 1");
    postgresql.backend(0).say("D");  // not even a whole header
    settle();
    postgresql.backend(0).hang_up();
    EXPECT_TRUE(run_until([&] { return ann.server == nullptr; }));
    EXPECT_EQ(ann.lost.size(), 1U);
    EXPECT_EQ(ann.received(), "") << "half a message is kept back";
    EXPECT_EQ(pool->budget().open(), 0U);
    EXPECT_EQ(statistics().servers_active.get(), 0U);
}

}  // namespace
}  // namespace pgweir::pool
