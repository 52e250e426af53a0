#include "daemon/console/conversation.hpp"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "protocol/wire/extended_query.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::daemon::console {
namespace {

using namespace std::string_literals;
using protocol::Frontend;
using testing::ElementsAre;
using testing::IsEmpty;

// Answers each SHOW with three rows of one name, and notes what was asked.
class FakeHost : public Host {
  public:
    Task<Answer> carry_out(const Command& command) override {
        asked.push_back(command.to_string());
        Answer answer = Answer::done(command.entry->word);
        if (command.show != nullptr) answer.rows = {{"a"}, {"b"}, {"c"}};
        co_return answer;
    }
    [[nodiscard]] Asker asker() const override {
        return {.user = "ann", .database = "pgweir", .pid = 7, .databases = {"pgweir", "app"}};
    }
    std::vector<std::string> asked;
};

class ConsoleConversation : public testing::Test {
  protected:
    // The types of the messages that answer; what they are is in `answer`.
    std::string say(Frontend type, std::string_view body) {
        answer.clear();
        asio::co_spawn(io.get_executor(), conversation.take(type, body, answer), asio::detached);
        io.run();
        io.restart();
        std::string types;
        for (Bytes rest = answer; !rest.empty();) {
            types.push_back(rest.front());
            rest.remove_prefix(1 + protocol::read_uint32(rest.substr(1)));
        }
        return types;
    }
    std::string query(const std::string& sql) { return say(Frontend::query, sql + '\0'); }
    std::string parse(const std::string& name, const std::string& sql) {
        return say(Frontend::parse, name + '\0' + sql + "\0\0\0"s);
    }
    std::string bind(const std::string& portal, const std::string& name) {
        return say(Frontend::bind, portal + '\0' + name + "\0\0\0\0\0\0\0"s);
    }
    std::string execute(const std::string& portal, char rows = 0) {
        return say(Frontend::execute, portal + "\0\0\0\0"s + rows);
    }
    std::string sync() { return say(Frontend::sync, ""); }
    [[nodiscard]] bool says(std::string_view text) const {
        return answer.find(text) != std::string::npos;
    }

    asio::io_context io{1};
    FakeHost host;
    Conversation conversation{host, Role::stats, {{"application_name", "test"}}};
    std::string answer;
};

TEST_F(ConsoleConversation, ASimpleQueryIsAnsweredWithRows) {
    EXPECT_EQ(query("SHOW VERSION"), "TDDDCZ");
    EXPECT_THAT(host.asked, ElementsAre("SHOW VERSION"));
}

TEST_F(ConsoleConversation, WhatARoleMayNotDoIsNotEvenAsked) {
    EXPECT_EQ(query("PAUSE"), "EZ");
    EXPECT_TRUE(says("42501"));
    EXPECT_THAT(host.asked, IsEmpty());
}

TEST_F(ConsoleConversation, AnExtendedQueryIsDescribedAndExecuted) {
    EXPECT_EQ(parse("s", "SHOW VERSION;"), "1");
    EXPECT_EQ(say(Frontend::describe, "Ss\0"s), "tT");
    EXPECT_EQ(bind("", "s"), "2");
    EXPECT_EQ(say(Frontend::describe, "P\0"s), "T");
    EXPECT_THAT(host.asked, IsEmpty());
    EXPECT_EQ(execute(""), "DDDC");
    EXPECT_EQ(sync(), "Z");
    EXPECT_EQ(say(Frontend::close, "Ss\0"s), "3");
    EXPECT_EQ(bind("", "s"), "E");
}

TEST_F(ConsoleConversation, APortalGivesItsRowsInParts) {
    parse("", "SHOW VERSION");
    bind("p", "");
    EXPECT_EQ(execute("p", 2), "DDs");
    EXPECT_EQ(execute("p", 2), "DC");
    EXPECT_THAT(host.asked, ElementsAre("SHOW VERSION"));
    sync();
    EXPECT_EQ(execute("p"), "E");
}

TEST_F(ConsoleConversation, AfterAnErrorAllIsSkippedUpToTheSync) {
    EXPECT_EQ(parse("", "NONSENSE"), "E");
    EXPECT_EQ(bind("", ""), "");
    EXPECT_EQ(execute(""), "");
    EXPECT_EQ(query("SHOW VERSION"), "");
    EXPECT_EQ(sync(), "Z");
    EXPECT_EQ(query("SHOW VERSION"), "TDDDCZ");
}

TEST_F(ConsoleConversation, ParametersAreRefusedAndEmptyStatementsAreNot) {
    EXPECT_EQ(parse("", "KILL_CLIENT $1"), "E");
    EXPECT_TRUE(says("0A000"));
    sync();
    EXPECT_EQ(parse("", " ; "), "1");
    EXPECT_EQ(bind("", ""), "2");
    EXPECT_EQ(say(Frontend::describe, "P\0"s), "n");
    EXPECT_EQ(execute(""), "I");
}

TEST_F(ConsoleConversation, MessagesThatAreNoneEndTheQueryAndNotTheSession) {
    for (const Frontend type : {Frontend::parse, Frontend::bind, Frontend::describe,
                                Frontend::execute, Frontend::close}) {
        EXPECT_EQ(say(type, "x"), "E");
        EXPECT_TRUE(says("08P01"));
        EXPECT_EQ(sync(), "Z");
    }
    EXPECT_EQ(say(Frontend::query, "no end"), "EZ");
    EXPECT_EQ(say(Frontend::function_call, ""), "EZ");
}

TEST_F(ConsoleConversation, ATransactionBlockIsFollowedThoughItHoldsNothing) {
    EXPECT_EQ(query("BEGIN"), "CZ");
    EXPECT_EQ(answer.back(), 'T');
    query("NONSENSE");
    EXPECT_EQ(answer.back(), 'E');
    EXPECT_EQ(query("SHOW VERSION"), "EZ");
    EXPECT_TRUE(says("25P02"));
    EXPECT_EQ(query("COMMIT"), "CZ");
    EXPECT_TRUE(says("ROLLBACK"));
    EXPECT_EQ(answer.back(), 'I');
}

TEST_F(ConsoleConversation, ASettingIsKeptReportedAndReset) {
    EXPECT_EQ(query("SHOW application_name"), "TDCZ");
    EXPECT_TRUE(says("test"));
    EXPECT_EQ(query("SET application_name TO 'other'"), "CSZ");
    EXPECT_EQ(query("SET extra_float_digits = 3"), "CZ");
    EXPECT_EQ(query("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"), "CZ");
    EXPECT_EQ(query("SHOW TRANSACTION ISOLATION LEVEL"), "TDCZ");
    EXPECT_EQ(query("RESET ALL"), "CSZ");
    EXPECT_TRUE(says("test"));
}

TEST_F(ConsoleConversation, ASelectOfTheSessionIsAnswered) {
    EXPECT_EQ(query("SELECT 1, 'two' AS second, current_user, pg_backend_pid(), nosuch()"), "TDCZ");
    for (const char* const text : {"?column?", "second", "current_user", "ann", "two"}) {
        EXPECT_TRUE(says(text)) << text;
    }
    EXPECT_EQ(query("SELECT * FROM mytable"), "EZ");
    EXPECT_TRUE(says("42P01"));
}

TEST_F(ConsoleConversation, TheCatalogueHasDatabasesAndNothingElse) {
    EXPECT_EQ(query("SELECT d.datname AS \"Name\", pg_get_userbyid(d.datdba) FROM "
                    "pg_catalog.pg_database d ORDER BY 1"),
              "TDDCZ");
    EXPECT_TRUE(says("Name"));
    EXPECT_TRUE(says("app"));
    EXPECT_EQ(query("SELECT c.oid, n.nspname FROM pg_catalog.pg_class c WHERE true"), "TCZ");
    EXPECT_TRUE(says("SELECT 0"));
}

TEST_F(ConsoleConversation, AClientHasSoManyStatementsAndNoMore) {
    std::string types;
    for (int i = 0; i < 101; ++i) types = parse("s" + std::to_string(i), "SHOW POOLS");
    EXPECT_EQ(types, "E");
    EXPECT_TRUE(says("54000"));
}

}  // namespace
}  // namespace pgweir::daemon::console
