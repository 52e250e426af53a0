// Clients that prepare statements, on servers that are scripted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "following_fixture.hpp"

namespace pgweir::pool {

using namespace std::string_literals;
using protocol::TransactionStatus;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

inline const std::string integer = "\0\0\0\x17"s;
inline const std::string text = "\0\0\0\x19"s;

// The body of a ParameterDescription.
inline std::string parameters_of(const std::vector<std::string>& types) {
    std::string body{static_cast<char>(types.size() >> 8U), static_cast<char>(types.size())};
    for (const std::string& type : types) body += type;
    return body;
}

// The body of a RowDescription with one column.
inline std::string row_of(std::string_view name, const std::string& type, char table = 0,
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

}  // namespace pgweir::pool
