// What a statement means is settled when its text is read: each Parse of a client's is read by the
// server, others are served by that, and what a client was told of its statement stays true.
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "following_fixture.hpp"

namespace pgweir::pool {
namespace {

using namespace std::string_literals;
using protocol::TransactionStatus;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

const std::string integer = "\0\0\0\x17"s;
const std::string text = "\0\0\0\x19"s;

// The body of a ParameterDescription.
std::string parameters_of(const std::vector<std::string>& types) {
    std::string body{static_cast<char>(types.size() >> 8U), static_cast<char>(types.size())};
    for (const std::string& type : types) body += type;
    return body;
}

// The body of a RowDescription with one column.
std::string row_of(std::string_view name, const std::string& type, char table = 0,
                   char format = 0) {
    return "\0\1"s + std::string(name) + "\0\0\0\0"s + table + "\0\1"s + type + "\0\4"s +
           "\377\377\377\377"s + '\0' + format;
}

class ReadingTest : public FollowingFixture {
  protected:
    // In a transaction ann prepares what it has already once more, behind a query that is not
    // answered: the server has to read it aside.
    void prepare_twice_behind(std::string_view query) {
        const std::string aside{statement_aside};
        keep(ann);
        prepared_by(ann, "s1", "select 1");
        ann.query("begin");
        EXPECT_EQ(got(), "Q");
        say("CZ", 0, TransactionStatus::in_transaction);
        ann.query(query);
        ann.parse("s2", "select 1");
        ann.sync();
        EXPECT_EQ(got(), "Q C:" + aside + " P:" + aside + " S");
    }
    void SetUp() override { make_pool(2); }
    void keep(FollowingTenant& tenant) {
        tenant.keeps_server = true;
        acquire(tenant);
    }
    void give_back(FollowingTenant& tenant) {
        tenant.keeps_server = false;
        ASSERT_TRUE(tenant.server->release_if_done());
    }
    // ann has prepared this on the first server.
    void prepared_by(FollowingTenant& tenant, std::string_view name, std::string_view sql,
                     std::size_t n = 0) {
        tenant.parse(name, sql);
        tenant.sync();
        static_cast<void>(got(n));
        say("1Z", n);
        ASSERT_EQ(tenant.received_types(), "1Z");
    }
    // ann has prepared s1 on the first server, and was told of it; she gets the second one, where
    // it is not.
    void told_and_moved(std::string_view name, const std::string& parameters,
                        const std::string& row) {
        keep(ann);
        prepared_by(ann, name, "select 1");
        ann.describe(name);
        ann.sync();
        static_cast<void>(got());
        say_bytes(description(parameters, row));
        say("Z");
        ASSERT_EQ(ann.received_types(), row.empty() ? "tnZ" : "tTZ");
        give_back(ann);
        keep(bob);
        keep(ann);
        ASSERT_EQ(postgresql.connections(), 2U);
    }
    static std::string description(const std::string& parameters, const std::string& row) {
        return ScriptedBackend::message('t', parameters) +
               (row.empty() ? ScriptedBackend::message('n', "")
                            : ScriptedBackend::message('T', row));
    }
    // The second server reads s1, and describes it like this.
    void read_there(const std::string& parameters, const std::string& row) {
        say_bytes(ScriptedBackend::message('1', "") + description(parameters, row), 1);
        EXPECT_EQ(ann.received(), "") << "nothing of that is the client's";
        EXPECT_TRUE(ann.offer_again());
    }
    // The answer to what names no statement, as the client hears it: behind `parameters`, if it
    // asked for a description (exec_describe_statement_message tells those first).
    void expect_other_result(std::size_t n = 1, const std::string& parameters = "") {
        std::string bytes;
        protocol::append_error_response(
            bytes, protocol::ErrorReport::error(
                       "26000", "prepared statement \"pgweir_none\" does not exist"));
        say_bytes(bytes, n);
        const std::string reply = ann.received();
        EXPECT_THAT(reply, AllOf(StartsWith(parameters + "E"), HasSubstr("C0A000\0"s),
                                 HasSubstr("Mcached plan must not change result type\0"s),
                                 HasSubstr("RRevalidateCachedQuery\0"s)));
        EXPECT_EQ(reply.find("pgweir"), std::string::npos);
        say("Z", n);
        EXPECT_EQ(ann.received_types(), "Z");
    }

    FollowingTenant ann{worker.io, conf::SessionState::off};
    FollowingTenant bob{worker.io, conf::SessionState::off};
    FollowingTenant carol{worker.io, conf::SessionState::off};
    const std::string one = server_name("select 1");
    const std::string none{no_statement};
    const std::string no_parameters = parameters_of({});
    const std::string an_integer = row_of("a", integer);
};

// --- who is served by which reading --------------------------------------------------------------

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

// --- what the client was told --------------------------------------------------------------------

TEST_F(ReadingTest, WhoWasToldNothingIsNotMadeToWait) {
    keep(ann);
    prepared_by(ann, "s1", "select 1");
    give_back(ann);
    keep(bob);
    keep(ann);
    ann.bind("s1");
    EXPECT_EQ(ann.held_back(), 0U);
    ann.sync();
    EXPECT_EQ(got(1), "P:" + one + " B:" + one + " S");
    say("12Z", 1);
}

class Told : public ReadingTest, public testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(Of, Told, testing::Values("s1", ""),
                         [](const auto& run) { return *run.param == 0 ? "Unnamed" : "Named"; });

TEST_P(Told, ABindWaitsUntilTheServerHasSaidThatItIsStillSo) {
    const std::string there = *GetParam() == 0 ? "" : one;
    told_and_moved(GetParam(), no_parameters, an_integer);
    ann.bind(GetParam());
    ann.sync();
    EXPECT_EQ(ann.held_back(), 2U);
    EXPECT_FALSE(ann.server->works_for_itself());
    EXPECT_EQ(got(1), "P:" + there + " D:" + there + " H");
    EXPECT_FALSE(ann.offer_again());
    EXPECT_EQ(got(1), "") << "it is asked once";
    // The table may have been made anew, and the formats are no matter.
    read_there(no_parameters, row_of("a", integer, 5, 1));
    EXPECT_EQ(got(1), "B:" + there + " S");
    say("2Z", 1);
    EXPECT_EQ(ann.received_types(), "2Z");
    ann.bind(GetParam());
    ann.sync();
    EXPECT_EQ(got(1), "B:" + there + " S") << "now it is known";
    say("2Z", 1);
}

TEST_P(Told, ABindOfWhatGivesOtherRowsFails) {
    told_and_moved(GetParam(), no_parameters, an_integer);
    ann.bind(GetParam());
    ann.sync();
    static_cast<void>(got(1));
    read_there(no_parameters, row_of("a", text));
    EXPECT_EQ(got(1), "B:" + none + " S");
    expect_other_result();
    ann.bind(GetParam());
    ann.sync();
    EXPECT_EQ(ann.held_back(), 0U) << "it is known";
    EXPECT_EQ(got(1), "B:" + none + " S");
    expect_other_result();
}

TEST_P(Told, ADescribeOfWhatGivesOtherRowsFails) {
    told_and_moved(GetParam(), no_parameters, an_integer);
    ann.describe(GetParam());
    ann.sync();
    static_cast<void>(got(1));
    read_there(no_parameters, "");
    EXPECT_EQ(got(1), "D:" + none + " S");
    expect_other_result(1, ScriptedBackend::message('t', no_parameters));
}

TEST_P(Told, WhoPreparesItAnewIsToldAnew) {
    const std::string there = *GetParam() == 0 ? "" : one;
    told_and_moved(GetParam(), no_parameters, an_integer);
    ann.bind(GetParam());
    ann.sync();
    static_cast<void>(got(1));
    read_there(no_parameters, row_of("b", integer));
    static_cast<void>(got(1));
    expect_other_result();
    ann.close_statement(GetParam());
    ann.parse(GetParam(), "select 1");
    ann.bind(GetParam());
    ann.sync();
    EXPECT_EQ(ann.held_back(), 0U);
    EXPECT_THAT(got(1), HasSubstr("P:" + there + " B:" + there + " S"));
    EXPECT_EQ(ann.session().statements.find(GetParam())->told, nullptr);
}

TEST_P(Told, ParametersAreKeptWhenTheTextIsReadAgain) {
    told_and_moved(GetParam(), parameters_of({integer, text}), an_integer);
    ann.bind(GetParam());
    const std::string there = *GetParam() == 0 ? "" : one;
    EXPECT_EQ(next_message(1), "P" + there + "\0select 1\0\0\2"s + integer + text);
}

// A description longer than the buffer was remembered as an empty one, and no Parse with that is
// read.
TEST_P(Told, TypesThatAreTooManyToBeKeptAreThoseOfTheParse) {
    const std::vector<std::string> many(5'000, integer);
    told_and_moved(GetParam(), parameters_of(many), an_integer);
    ann.bind(GetParam());
    const std::string there = *GetParam() == 0 ? "" : one;
    EXPECT_EQ(next_message(1), "P" + there + "\0select 1\0\0"s) << "no type is given";
}

TEST_P(Told, AParseThatFailsEndsTheWaiting) {
    told_and_moved(GetParam(), no_parameters, an_integer);
    ann.bind(GetParam());
    ann.sync();
    EXPECT_EQ(ann.held_back(), 2U);
    static_cast<void>(got(1));
    say("E", 1);
    EXPECT_EQ(ann.received_types(), "E") << "the error is that of the Bind";
    EXPECT_TRUE(ann.offer_again());
    static_cast<void>(got(1));
    say("Z", 1);
    EXPECT_EQ(ann.received_types(), "Z");
    EXPECT_EQ(ann.held_back(), 0U);
    ann.bind(GetParam());
    EXPECT_EQ(ann.held_back(), 1U) << "and the next is asked for again";
    EXPECT_THAT(got(1), HasSubstr("D:"));
}

TEST_P(Told, AStatementWithoutRowsIsToldAsWell) {
    told_and_moved(GetParam(), no_parameters, "");
    ann.bind(GetParam());
    ann.sync();
    EXPECT_EQ(ann.held_back(), 2U);
    static_cast<void>(got(1));
    read_there(no_parameters, an_integer);
    EXPECT_EQ(got(1), "B:" + none + " S");
    expect_other_result();
}

TEST_F(ReadingTest, APortalsDescriptionTellsItsRowsNotItsParameters) {
    keep(ann);
    prepared_by(ann, "s1", "select 1");
    ann.bind("s1");
    ann.describe_portal();
    ann.sync();
    EXPECT_EQ(got(), "B:" + one + " D: S");
    say_bytes(ScriptedBackend::message('2', "") +
              ScriptedBackend::message('T', row_of("a", integer, 3, 1)));
    say("Z");
    EXPECT_EQ(ann.received_types(), "2TZ");
    const ClientStatement* const own = ann.session().statements.find("s1");
    ASSERT_NE(own->told, nullptr);
    EXPECT_EQ(own->told->row, shape_of_row(an_integer));
    EXPECT_FALSE(own->told->parameters);
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(ann.held_back(), 0U) << "it was the server's present reading";
    EXPECT_EQ(got(), "B:" + one + " S");
    say("2Z");
    EXPECT_EQ(ann.received_types(), "2Z");
    give_back(ann);
    keep(bob);
    keep(ann);
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(got(1), "P:" + one + " D:" + one + " H");
    read_there(no_parameters, row_of("a", text));
    EXPECT_EQ(got(1), "B:" + none + " S");
    expect_other_result();
}

// bob has it read anew where ann was told; his own Describe tells what it is now.
TEST_F(ReadingTest, ADescribeOfAnothersServesTheComparison) {
    keep(ann);
    prepared_by(ann, "s1", "select 1");
    ann.describe("s1");
    ann.sync();
    static_cast<void>(got());
    say_bytes(description(no_parameters, an_integer));
    say("Z");
    give_back(ann);
    static_cast<void>(ann.received());
    keep(bob);
    bob.parse("b1", "select 1");
    bob.describe("b1");
    bob.sync();
    EXPECT_EQ(got(), "C:" + one + " P:" + one + " D:" + one + " S");
    say("31");
    say_bytes(description(no_parameters, row_of("a", text)));
    say("Z");
    EXPECT_EQ(bob.received_types(), "1tTZ");
    give_back(bob);
    keep(ann);
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(ann.held_back(), 0U) << "the description is there";
    EXPECT_EQ(got(), "B:" + none + " S");
    expect_other_result(0);
}

// With other parameters the client's values would be misread: its own are given to the server.
TEST_F(ReadingTest, WhatTakesOtherParametersIsReadAgainWithThoseOfTheClient) {
    keep(ann);
    prepared_by(ann, "s1", "select 1");
    ann.describe("s1");
    ann.sync();
    static_cast<void>(got());
    say_bytes(description(parameters_of({integer}), an_integer));
    say("Z");
    give_back(ann);
    static_cast<void>(ann.received());
    keep(bob);
    bob.parse("b1", "select 1");
    bob.describe("b1");
    bob.sync();
    static_cast<void>(got());
    say("31");
    say_bytes(description(parameters_of({text}), an_integer));
    say("Z");
    give_back(bob);
    keep(ann);
    ann.bind("s1");
    ann.sync();
    EXPECT_EQ(ann.held_back(), 2U);
    settle();
    EXPECT_EQ(next_message(), "CS" + one);
    EXPECT_EQ(next_message(), "P" + one + "\0select 1\0\0\1"s + integer);
    EXPECT_EQ(got(), "D:" + one + " H");
    say("31");
    say_bytes(description(parameters_of({integer}), an_integer));
    EXPECT_TRUE(ann.offer_again());
    EXPECT_EQ(got(), "B:" + one + " S");
    say("2Z");
    EXPECT_EQ(ann.received_types(), "2Z");
}

// --- in a transaction that has changed what texts mean -------------------------------------------

class AlteredTest : public ReadingTest {
  protected:
    // A pool of one server, whose catalogue is known to have nothing of interest.
    void SetUp() override {
        make_pool(1);
        acquire(dora);
        EXPECT_FALSE(dora.server->release_if_done());
        EXPECT_THAT(next_message(), HasSubstr("pg_proc"));
        postgresql.backend(0).complete("SELECT 0");
        ASSERT_TRUE(run_until([&] { return dora.server == nullptr; }));
        acquire(dora);
    }
    void run(std::string_view sql, std::string_view tag, TransactionStatus status) {
        dora.query(sql);
        EXPECT_EQ(next_message(), "Q" + std::string(sql));
        postgresql.backend(0).complete(tag, status);
        settle();
        EXPECT_EQ(dora.received_types(), "CZ");
    }
    // The name that the server has for what dora has under this one.
    std::string name_of(std::string_view name) {
        return dora.session().statements.find(name)->statement->server_name();
    }

    FollowingTenant dora{worker.io, conf::SessionState::track};
};

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
        return dora.server->awaits_outcome({.kind = protocol::Step::Kind::frame,
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
