// What a client leaves in its session is asked of the server, carried by the client, and given to
// the next server; what cannot be carried keeps the server.
#include <array>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "following_fixture.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {
namespace {

using protocol::TransactionStatus;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;

using Row = std::array<std::optional<std::string_view>, 3>;

class AskingTest : public FollowingFixture {
  protected:
    /// Ann has prepared a statement on another server, and has sent BEGIN here.
    void begin_with_statement(const std::string& name) {
        ClientStatement own;
        own.statement = std::make_shared<const Statement>("SELECT 1", no_types, "");
        ann.session().statements.set(name, own);
        acquire(ann);
        ann.query("BEGIN");
        static_cast<void>(next_message());
    }

    // A pool of one server, whose catalogue is known to have nothing of interest.
    void SetUp() override {
        make_pool(1);
        acquire(ann);
        EXPECT_FALSE(ann.server->release_if_done()) << "the catalogue is asked for first";
        EXPECT_THAT(next_message(), AllOf(StartsWith("Q"), HasSubstr("pg_proc")));
        backend().complete("SELECT 0");
        ASSERT_TRUE(run_until([&] { return ann.server == nullptr; }));
        ASSERT_EQ(ann.received(), "");
    }
    ScriptedBackend& backend() { return postgresql.backend(0); }

    // Has a server run this. The question that follows is still to be answered.
    void run(FollowingTenant& tenant, std::string_view sql, std::string_view tag) {
        if (tenant.server == nullptr) acquire(tenant);
        tenant.query(sql);
        EXPECT_EQ(next_message(), "Q" + std::string(sql));
        backend().complete(tag);
        settle();
        EXPECT_EQ(tenant.received_types(), "CZ") << "the reply does not wait for the question";
    }
    // Takes the question about the state.
    std::string question() {
        std::string sql = next_message();
        EXPECT_THAT(sql, AllOf(StartsWith("Q"), HasSubstr("pg_show_all_settings")));
        return sql;
    }
    // Answers it.
    void answer(std::initializer_list<Row> rows) {
        std::string reply = ScriptedBackend::message('T', std::string("\0\0", 2));
        for (const Row& row : rows) reply += data_row(row);
        backend().say(reply);
        backend().complete("SELECT 1");
        settle();
    }
    static std::string error(std::string_view severity, std::string_view code) {
        std::string message;
        protocol::append_error_response(
            message,
            {.severity = std::string(severity), .code = std::string(code), .message = "scripted"});
        return message;
    }
    static std::string data_row(const Row& row) {
        std::string body("\0\3", 2);
        for (const auto& value : row) {
            body += value ? std::string("\0\0\0", 3) + static_cast<char>(value->size())
                          : "\377\377\377\377";
            body += value.value_or("");
        }
        return ScriptedBackend::message('D', body);
    }
    // The tenant has this pin and no other, and with it the server.
    static void expect_pinned(FollowingTenant& tenant, PinReason reason) {
        Pins expected;
        expected.add(reason);
        EXPECT_EQ(tenant.session().pins, expected) << name(reason);
        EXPECT_NE(tenant.server, nullptr) << name(reason);
    }

    FollowingTenant ann{worker.io, conf::SessionState::track};
    FollowingTenant bob{worker.io, conf::SessionState::track};
};

TEST_F(AskingTest, AnInnocentQueryIsFollowedByNoQuestion) {
    run(ann, "SELECT 1", "SELECT 1");
    EXPECT_EQ(ann.server, nullptr);
    EXPECT_FALSE(backend().has_message());
}

TEST_F(AskingTest, AfterASetTheSessionIsAskedForAndTheAnswerIsNotTheClients) {
    run(ann, "SET search_path = a", "SET");
    static_cast<void>(question());
    EXPECT_NE(ann.server, nullptr) << "until the answer is there";
    answer({{"s", "search_path", "a"}});
    EXPECT_EQ(ann.received(), "");
    EXPECT_EQ(ann.server, nullptr);
    EXPECT_THAT(ann.session().settings->values(), ElementsAre(Pair("search_path", "a")));
    EXPECT_EQ(statistics().state_questions.get(), 1U);
    EXPECT_EQ(ann.pin_changes, 0);
}

TEST_F(AskingTest, TheNextClientGetsItsOwnSettingsAndTheFirstItsAgain) {
    run(ann, "SET search_path = a", "SET");
    static_cast<void>(question());
    answer({{"s", "search_path", "a"}});
    acquire(bob);
    bob.query("SELECT 1");
    const std::vector<std::string> set_up = set_up_statements();
    EXPECT_THAT(
        set_up,
        ElementsAre("BEGIN", "SELECT pg_catalog.set_config('search_path',NULL,false)", "COMMIT"));
    EXPECT_EQ(next_message(), "QSELECT 1");
    backend().say(done(set_up));
    backend().complete("SELECT 1");
    ASSERT_TRUE(run_until([&] { return bob.server == nullptr; }));
    EXPECT_EQ(bob.received_types(), "CZ");
    acquire(ann);
    ann.query("SELECT 2");
    EXPECT_THAT(set_up_statements()[1], HasSubstr("set_config('search_path','a',false)"));
    EXPECT_EQ(next_message(), "QSELECT 2");
}

TEST_F(AskingTest, CustomSettingsAreAskedForOnceTheirNamesAreSeen) {
    run(ann, "SET app.user = 'x'", "SET");
    EXPECT_THAT(question(), HasSubstr("'app.user'"));
    answer({{"s", "app.user", "x"}});
    EXPECT_THAT(ann.session().settings->values(), ElementsAre(Pair("app.user", "x")));
    run(ann, "SET search_path = a", "SET");
    EXPECT_THAT(question(), HasSubstr("'app.user'")) << "it may still be there";
}

// The names that a pool remembers are bounded. A client's own setting was not asked for any more
// once others had named enough: it lost it, and the server's next client had it.
TEST_F(AskingTest, ACustomSettingThatTheServerHasIsAskedForHoweverManyAreNamed) {
    run(ann, "SET app.user = 'x'", "SET");
    static_cast<void>(question());
    answer({{"s", "app.user", "x"}});
    for (int i = 0; i < 300; ++i) part().knowledge().note_custom_setting("a.x" + std::to_string(i));
    run(ann, "SET search_path = a", "SET");
    EXPECT_THAT(question(), HasSubstr("'app.user'"));
}

TEST_F(AskingTest, EachPinKeepsTheServerUntilAnAnswerWithoutIt) {
    run(ann, "LISTEN news", "LISTEN");
    static_cast<void>(question());
    answer({{"n", std::nullopt, "news"}});
    expect_pinned(ann, PinReason::listen);
    ASSERT_NE(ann.session().pinned, nullptr);
    EXPECT_EQ(ann.session().pinned->by, "LISTEN news");
    for (const auto& [kind, reason] : std::initializer_list<std::pair<std::string_view, PinReason>>{
             {"t", PinReason::temporary_object},
             {"l", PinReason::advisory_lock},
             {"c", PinReason::cursor_with_hold},
             {"q", PinReason::sql_prepared},
             {"r", PinReason::replication_slot}}) {
        run(ann, "SELECT pg_advisory_lock(1)", "SELECT 1");
        static_cast<void>(question());
        answer({{kind, std::nullopt, std::nullopt}});
        expect_pinned(ann, reason);
    }
    EXPECT_EQ(ann.pin_changes, 6);
    run(ann, "UNLISTEN *", "UNLISTEN");
    static_cast<void>(question());
    answer({});
    EXPECT_EQ(ann.server, nullptr) << "nothing keeps it any more";
    EXPECT_FALSE(ann.session().pins.any());
    EXPECT_EQ(ann.session().pinned, nullptr);
}

TEST_F(AskingTest, AQuestionThatFailsPins) {
    run(ann, "SET search_path = a", "SET");
    static_cast<void>(question());
    backend().fail("XX000", TransactionStatus::idle);
    settle();
    expect_pinned(ann, PinReason::unknown);
    EXPECT_EQ(ann.received(), "") << "the error is not the client's";
    EXPECT_THAT(observer.closed, IsEmpty());
}

// PostgreSQL sends an error before it ends the transaction, so that the ReadyForQuery comes later:
// the server was closed for it, and the next one asked the same.
TEST_F(AskingTest, AServerOutlivesARefusedReadingOfTheCatalogueBetweenTenants) {
    pool->catalogue_upkeep().mark_stale(Clock::now() + std::chrono::hours(1));
    acquire(ann);
    ann.query("SELECT 1");
    EXPECT_EQ(next_message(), "QSELECT 1");
    backend().complete("SELECT 1");
    EXPECT_THAT(next_message(), AllOf(StartsWith("Q"), HasSubstr("pg_proc")));
    ASSERT_EQ(ann.server, nullptr);
    backend().say(error("ERROR", "55P03"));
    settle();
    EXPECT_THAT(observer.closed, IsEmpty());
    backend().say(ScriptedBackend::message('Z', "I"));
    settle();
    EXPECT_THAT(observer.closed, IsEmpty());
    EXPECT_EQ(statistics().servers_idle.get(), 1U);
}

// 57P01 by an administrator, in the moment after the reply.
TEST_F(AskingTest, TheLastWordsOfAServerDuringAQuestionAreTheClients) {
    run(ann, "SET search_path = a", "SET");
    static_cast<void>(question());
    ann.session().greeting = std::make_shared<const std::vector<Parameter>>();
    backend().say(error("FATAL", "57P01"));
    backend().hang_up();
    settle();
    EXPECT_THAT(ann.received(), HasSubstr("57P01"));
    EXPECT_THAT(ann.lost, ElementsAre(false)) << "it has heard of it";
}

TEST_F(AskingTest, AQuestionThatATimeoutCancelsIsPutAgainWithoutIt) {
    run(ann, "SET statement_timeout = 1", "SET");
    static_cast<void>(question());
    backend().fail("57014", TransactionStatus::idle);
    EXPECT_THAT(question(), HasSubstr("SET LOCAL statement_timeout=0"));
    answer({{"s", "statement_timeout", "1ms"}});
    EXPECT_EQ(ann.server, nullptr);
    EXPECT_THAT(ann.session().settings->values(), ElementsAre(Pair("statement_timeout", "1ms")));
}

TEST_F(AskingTest, APinNamesItsStatementThoughTheQuestionWasPutAgain) {
    run(ann, "create temp table t (a int)", "CREATE TABLE");
    static_cast<void>(question());
    backend().fail(protocol::sqlstate::query_canceled, TransactionStatus::idle);
    static_cast<void>(question());
    answer({{"t", std::nullopt, std::nullopt}});
    ASSERT_NE(ann.session().pinned, nullptr);
    EXPECT_EQ(ann.session().pinned->by, "create temp table t (a int)");
}

TEST_F(AskingTest, NothingIsTakenFromTheClientDuringTheQuestion) {
    const protocol::Step query{.kind = protocol::Step::Kind::frame, .size = 6, .type = 'Q'};
    run(ann, "CREATE TEMP TABLE t ()", "CREATE TABLE");
    static_cast<void>(question());
    EXPECT_TRUE(ann.server->session().works_for_itself());
    EXPECT_TRUE(ann.server->session().must_hold_back(query));
    answer({{"t", std::nullopt, std::nullopt}});
    expect_pinned(ann, PinReason::temporary_object);
    EXPECT_FALSE(ann.server->session().works_for_itself());
    EXPECT_FALSE(ann.server->session().must_hold_back(query)) << "it keeps the server";
}

TEST_F(AskingTest, WhoLeavesDuringTheQuestionLeavesAServerThatIsReset) {
    run(ann, "SET search_path = a", "SET");
    static_cast<void>(question());
    ann.leave(false, false);
    settle();
    EXPECT_FALSE(backend().has_message()) << "the question is answered first";
    answer({{"s", "search_path", "a"}});
    EXPECT_EQ(next_message(), "QDISCARD ALL");
    backend().complete("DISCARD ALL");
    acquire(bob);
    bob.query("SELECT 1");
    EXPECT_EQ(next_message(), "QSELECT 1") << "nothing of ann's is left to be set back";
}

TEST_F(AskingTest, WhoLeavesWithoutAnythingToAskLeavesAServerAsItIs) {
    acquire(ann);
    ann.query("BEGIN");
    EXPECT_EQ(next_message(), "QBEGIN");
    backend().complete("BEGIN", TransactionStatus::in_transaction);
    settle();
    ann.leave(false, false);
    EXPECT_EQ(next_message(), "QROLLBACK");
    backend().complete("ROLLBACK");
    settle();
    EXPECT_FALSE(backend().has_message()) << "it keeps its prepared statements";
    EXPECT_EQ(statistics().servers_idle.get(), 1U);
}

// In a failed transaction the server cannot prepare what EXECUTE names. That it was not there
// afterwards was taken for a DEALLOCATE, and the client lost its statement.
TEST_F(AskingTest, AStatementThatCouldNotBePreparedForSqlIsStillTheClients) {
    begin_with_statement("s1");
    backend().complete("BEGIN", TransactionStatus::in_transaction);
    ann.query("SELECT 1/0");
    ann.query("EXECUTE s1");
    EXPECT_EQ(got(), "Q C:s1 P:s1 S Q");
    backend().fail("22012", TransactionStatus::failed);
    backend().fail("25P02", TransactionStatus::failed);
    backend().fail("25P02", TransactionStatus::failed);
    settle();
    ann.query("ROLLBACK");
    EXPECT_EQ(next_message(), "QROLLBACK");
    backend().complete("ROLLBACK");
    static_cast<void>(question());
    answer({});
    EXPECT_NE(ann.session().statements.find("s1"), nullptr);
}

// The server refuses the first message that is no part of the COPY, and tells its type.
TEST_F(AskingTest, NothingIsPutInFrontOfAQueryInTheMiddleOfACopy) {
    begin_with_statement("s1");
    backend().complete("BEGIN", TransactionStatus::in_transaction);
    ann.query("COPY t FROM STDIN");
    static_cast<void>(next_message());
    backend().say(std::string_view("G\0\0\0\7\0\0\0", 8));
    settle();
    ann.query("EXECUTE s1");
    EXPECT_EQ(got(), "Q");
}

// Nothing that EXECUTE names could be prepared there, and without it the server says the same.
TEST_F(AskingTest, NothingIsPreparedForSqlWhereTheTransactionHasFailed) {
    begin_with_statement("s1");
    backend().fail("22012", TransactionStatus::failed);
    settle();
    ann.query("EXECUTE s1");
    EXPECT_EQ(got(), "Q");
}

// RESET goes to the server's login; the client's own start is what it is to see.
TEST_F(AskingTest, AfterAResetTheClientIsToldItsOwnStart) {
    ann.session().startup = worker.settings.intern({{"timezone", "CET"}});
    ann.session().settings = worker.settings.intern({{"timezone", "EST"}});
    acquire(ann);
    ann.query("RESET timezone");
    const std::vector<std::string> set_up = set_up_statements();
    EXPECT_THAT(set_up[1], HasSubstr("set_config('timezone','EST',false)"));
    EXPECT_EQ(next_message(), "QRESET timezone");
    backend().say(done(set_up));
    std::string reply = ScriptedBackend::message('C', std::string("RESET\0", 6));
    protocol::append_parameter_status(reply, "TimeZone", "UTC");
    protocol::append_ready_for_query(reply, TransactionStatus::idle);
    backend().say(reply);
    settle();
    const std::string told = ann.received();
    EXPECT_THAT(told, HasSubstr(std::string("TimeZone\0CET\0", 13)));
    EXPECT_EQ(told.find("UTC"), std::string::npos);
    EXPECT_THAT(question(), AllOf(HasSubstr("'timezone','CET'"), HasSubstr("set_config")));
    backend().complete("SELECT 0");
    settle();
    EXPECT_THAT(ann.session().settings->values(), ElementsAre(Pair("timezone", "CET")));
}

}  // namespace
}  // namespace pgweir::pool
