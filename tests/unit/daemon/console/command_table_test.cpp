#include "daemon/console/command_table.hpp"

#include <gmock/gmock.h>

namespace pgweir::daemon::console {
namespace {

using protocol::ErrorReport;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> texts(std::string_view sql) {
    std::vector<std::string> texts;
    for (const Tokens& statement : split_statements(sql)) {
        std::string text;
        for (const Token& token : statement) text += (text.empty() ? "" : " ") + token.text;
        texts.push_back(std::move(text));
    }
    return texts;
}

Command parse(std::string_view sql) {
    auto parsed = parse_command(split_statements(sql).front());
    if (const auto* problem = std::get_if<ErrorReport>(&parsed)) {
        ADD_FAILURE() << sql << ": " << problem->message;
        return {.entry = command_table().data()};
    }
    return std::get<Command>(parsed);
}

ErrorReport problem(std::string_view sql) {
    auto parsed = parse_command(split_statements(sql).front());
    if (const auto* report = std::get_if<ErrorReport>(&parsed)) return *report;
    ADD_FAILURE() << sql << " is a command";
    return {};
}

TEST(ConsoleLexer, StatementsAreSplitOutsideOfQuotesAndComments) {
    EXPECT_THAT(texts("show pools; -- a;b\n pause \"a;b\" /* ; */;;"),
                ElementsAre("show pools", "pause a;b"));
    EXPECT_THAT(texts(" ;\n; -- nothing"), IsEmpty());
}

TEST(ConsoleLexer, QuotesAreTakenAwayAndMayBeOpen) {
    EXPECT_THAT(texts("a 'it''s' \"x\"\"y\" 'open"), ElementsAre("a it's x\"y open"));
    EXPECT_THAT(texts("/* open"), IsEmpty());
}

TEST(ConsoleLexer, SignsStandAlone) {
    EXPECT_THAT(texts("set a=1,b ( -5"), ElementsAre("set a = 1 , b ( -5"));
}

TEST(ConsoleCommands, EachWordOfTheTableIsUnderstoodInAnyCase) {
    for (const CommandEntry& entry : command_table()) {
        std::string sql = in_lower_case(entry.word);
        if (entry.argument == Argument::database) sql += " app";
        if (entry.argument == Argument::client) sql += " 7";
        if (entry.argument == Argument::show) sql += " pools";
        if (entry.argument == Argument::assignment) sql += " x = 1";
        EXPECT_EQ(parse(sql).entry->verb, entry.verb) << sql;
    }
}

TEST(ConsoleCommands, ArgumentsAreNamesAsTheyAreWritten) {
    EXPECT_EQ(parse("PAUSE App").argument, "App");
    EXPECT_EQ(parse("PAUSE \"my db\"").argument, "my db");
    EXPECT_EQ(parse("PAUSE my-db.x").argument, "my-db.x");
    EXPECT_EQ(parse("PAUSE").argument, "");
    EXPECT_EQ(parse("KILL_CLIENT 12").argument, "12");
    EXPECT_EQ(parse("shutdown wait_for_servers").argument, "WAIT_FOR_SERVERS");
    const Command shown = parse("SHOW stats_totals");
    ASSERT_NE(shown.show, nullptr);
    EXPECT_EQ(shown.show->name, "STATS_TOTALS");
}

TEST(ConsoleCommands, AnAssignmentMayBeWrittenInBothWays) {
    for (const char* const sql :
         {"SET query_timeout = '5s'", "SET query_timeout TO 5s", "set query_timeout=5s"}) {
        const Command command = parse(sql);
        EXPECT_EQ(command.argument, "query_timeout");
        EXPECT_EQ(command.value, "5s");
    }
}

TEST(ConsoleCommands, TheLogHasNoSecretOfAnAssignment) {
    for (const char* const sql : {"SET Auth_LDAP_Options = 'ldapbindpasswd=hunter2'",
                                  "SET auth_ldap_option = 'ldapbindpasswd=hunter2'"}) {
        EXPECT_THAT(parse(sql).to_string(), testing::EndsWith(" = (secret)")) << sql;
    }
    EXPECT_EQ(parse("SET verbose = 1").to_string(), "SET verbose = 1");
}

TEST(ConsoleCommands, WhatIsWrongIsSaidWithTheWayToWriteIt) {
    EXPECT_THAT(problem("PAUS").message, HasSubstr("did you mean \"PAUSE\"?"));
    EXPECT_THAT(problem("SHOW POLLS").message, HasSubstr("did you mean \"POOLS\"?"));
    EXPECT_EQ(problem("DISABLE").hint, "Write: DISABLE database;");
    EXPECT_EQ(problem("PAUSE a b").code, "42601");
    EXPECT_EQ(problem("KILL_CLIENT").code, "42601");
    EXPECT_EQ(problem("PAUSE =").code, "42601");
    EXPECT_EQ(problem("SET a =").code, "42601");
}

TEST(ConsoleCommands, HelpNamesEachOfThem) {
    for (const CommandEntry& entry : command_table()) {
        EXPECT_THAT(help_text(), HasSubstr(std::string(entry.help)));
    }
    for (const Show& show : show_table()) {
        EXPECT_THAT(help_text(), HasSubstr(std::string(show.name)));
    }
}

}  // namespace
}  // namespace pgweir::daemon::console
