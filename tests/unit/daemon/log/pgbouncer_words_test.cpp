#include "daemon/log/pgbouncer_words.hpp"

#include <gmock/gmock.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pgweir::daemon::log {
namespace {

using testing::ElementsAre;

using Lines = std::vector<std::string>;

Lines client_closed(std::string_view reason, std::string_view timeout, std::string_view error,
                    std::string_view detail) {
    const std::vector<Field> fields{{"client", std::uint64_t{42}},
                                    {"database", "app"},
                                    {"user", "ann"},
                                    {"addr", "127.0.0.1:5"},
                                    {"reason", reason},
                                    {"timeout", timeout},
                                    {"error", error},
                                    {"detail", detail},
                                    {"age_s", 3}};
    return in_pgbouncer_words("client_closed", fields);
}

std::string closed(std::string_view why) {
    return "C-0x2a: app/ann@127.0.0.1:5 closing because: " + std::string(why) + " (age=3s)";
}

TEST(PgbouncerWords, AClientIsClosedForAReasonThatPgbouncerHas) {
    EXPECT_THAT(client_closed("terminate", "", "", ""),
                ElementsAre(closed("client close request")));
    EXPECT_THAT(client_closed("lost", "", "", ""), ElementsAre(closed("client unexpected eof")));
    EXPECT_THAT(client_closed("shutdown", "", "terminating connection", ""),
                ElementsAre(closed("server shutting down")));
}

TEST(PgbouncerWords, ALimitOfTimeHasPgbouncersName) {
    EXPECT_THAT(client_closed("timeout", "query_timeout", "canceling", "x"),
                ElementsAre(closed("query timeout")));
    EXPECT_THAT(client_closed("timeout", "client_idle_timeout", "idle", ""),
                ElementsAre(closed("client_idle_timeout")));
}

TEST(PgbouncerWords, WhereTheDetailHasPgbouncersWordsTheyAreTaken) {
    EXPECT_THAT(client_closed("refused", "", "sorry, too many clients already",
                              "no more connections allowed (max_client_conn)"),
                ElementsAre(closed("no more connections allowed (max_client_conn)")));
    EXPECT_THAT(client_closed("refused", "", "password authentication failed for user \"ann\"", ""),
                ElementsAre(closed("password authentication failed for user \"ann\"")));
    EXPECT_THAT(client_closed("server_unavailable", "", "no such table", "unreachable for 5 s"),
                ElementsAre(closed("no such table")));
}

TEST(PgbouncerWords, ARefusedLoginToAServerIsTwoLines) {
    const std::vector<Field> fields{
        {"database", "app"},
        {"user", "ann"},
        {"error",
         "connection to server at \"127.0.0.1\", port 1 failed: FATAL:  3D000: database "
         "\"app\" does not exist LOCATION:  InitPostgres, postinit.c:948"}};
    EXPECT_THAT(
        in_pgbouncer_words("server_connect_failed", fields),
        ElementsAre("S-0x0: app/ann@ server login failed: FATAL database \"app\" does not exist",
                    "S-0x0: app/ann@ closing because: database \"app\" does not exist (age=0s)"));
}

TEST(PgbouncerWords, WhatAClientSendsCannotBreakALine) {
    const std::vector<Field> fields{{"client", std::uint64_t{1}},
                                    {"database", "app\n2026-01-01 LOG forged"},
                                    {"user", "a\x1b[31mnn"},
                                    {"addr", "unix"},
                                    {"tls", ""},
                                    {"replication", "none"}};
    EXPECT_THAT(in_pgbouncer_words("client_login", fields),
                ElementsAre("C-0x1: app\\n2026-01-01 LOG forged/a\\x1b[31mnn@unix login attempt: "
                            "db=app\\n2026-01-01 LOG forged user=a\\x1b[31mnn tls=no "
                            "replication=no"));
}

TEST(PgbouncerWords, AnEventOfPgweirsOwnStaysAsItIs) {
    const std::vector<Field> fields{{"reason", "listen"}};
    EXPECT_THAT(in_pgbouncer_words("pin", fields), ElementsAre("pin reason=listen"));
}

}  // namespace
}  // namespace pgweir::daemon::log
