// Texts that libpq 15 gave with PQERRORS_VERBOSE, unless a comment says otherwise.
#include <gtest/gtest.h>

#include "protocol/wire/error_report.hpp"

namespace pgweir::protocol {
namespace {

const std::string attempt = "connection to server on socket \"/tmp/pg/.s.PGSQL.5432\" failed: ";
const std::string tcp_attempt = "connection to server at \"db\" (10.0.0.1), port 5432 failed: ";

ErrorReport parsed(const std::string& text) {
    const auto report = parse_verbose_error(text);
    EXPECT_TRUE(report) << text;
    return report.value_or(ErrorReport{});
}

TEST(VerboseError, RefusedLogins) {
    EXPECT_EQ(parsed(attempt + "FATAL:  28000: role \"nope\" does not exist\n"
                               "LOCATION:  InitializeSessionUserId, miscinit.c:768\n"),
              (ErrorReport{.severity = "FATAL",
                           .code = "28000",
                           .message = "role \"nope\" does not exist",
                           .file = "miscinit.c",
                           .line = "768",
                           .routine = "InitializeSessionUserId"}));
    const auto check = [](std::string_view code, std::string_view message) {
        for (const std::string& prefix : {attempt, tcp_attempt, std::string()}) {
            const ErrorReport report =
                parsed(prefix + "FATAL:  " + std::string(code) + ": " + std::string(message) +
                       "\nLOCATION:  InitPostgres, postinit.c:948\n");
            EXPECT_EQ(report.code, code);
            EXPECT_EQ(report.message, message);
            EXPECT_EQ(report.line, "948");
        }
    };
    check("3D000", "database \"nope\" does not exist");
    check("28P01", "password authentication failed for user \"pw\"");
    check("53300", "too many connections for role \"lim\"");
    check("53300", "sorry, too many clients already");
    check("57P03", "the database system is starting up");
    check("55000", "database \"nocon\" is not currently accepting connections");
    check("28000",
          "no pg_hba.conf entry for host \"[local]\", user \"lim\", database \"postgres\", no "
          "encryption");
    check("22023", "1 kB is outside the valid range for parameter \"work_mem\" (64 .. 2147483647)");
}

TEST(VerboseError, DetailAndHint) {
    const ErrorReport report =
        parsed(attempt +
               "FATAL:  42601: invalid command-line argument for server process: foo\n"
               "HINT:  Try \"postgres --help\" for more information.\n"
               "LOCATION:  process_postgres_switches, postgres.c:4001\n");
    EXPECT_EQ(report.message, "invalid command-line argument for server process: foo");
    EXPECT_EQ(report.hint, "Try \"postgres --help\" for more information.");
    EXPECT_EQ(report.file, "postgres.c");
    const ErrorReport detailed = parsed(tcp_attempt +
                                        "FATAL:  XX000: message\nof two lines\nDETAIL:  first\n"
                                        "second\nHINT:  hint\nof two\n");
    EXPECT_EQ(detailed.message, "message\nof two lines");
    EXPECT_EQ(detailed.detail, "first\nsecond");
    EXPECT_EQ(detailed.hint, "hint\nof two");
    EXPECT_EQ(detailed.routine, "");
}

TEST(VerboseError, WhatNoServerSaidIsNone) {
    for (const char* text :
         {"", "\n", "FATAL", "FATAL:  ", "FATAL:  2800", "FATAL:  28000", "FATAL:  28000:x",
          "FATAL:  no code here\n",
          "connection to server on socket \"/tmp/.s.PGSQL.5432\" failed: No such file or "
          "directory\n\tIs the server running locally and accepting connections on that socket?\n",
          "connection to server on socket \"/tmp/.s.PGSQL.5432\" failed: fe_sendauth: no password "
          "supplied\n",
          "connection to server on socket \"/tmp/.s.PGSQL.5432\" failed: server is not in hot "
          "standby mode\n"}) {
        const auto report = parse_verbose_error(text);
        EXPECT_FALSE(report) << text;
    }
}

TEST(VerboseError, OfSeveralHostsTheLastReportIsTold) {
    const std::string starting =
        "FATAL:  57P03: the database system is starting up\n"
        "LOCATION:  ProcessStartupPacket, postmaster.c:2344\n";
    const std::string missing =
        "FATAL:  3D000: database \"nope\" does not exist\n"
        "LOCATION:  InitPostgres, postinit.c:948\n";
    const std::string unreachable =
        "connection to server on socket \"/tmp/nowhere/.s.PGSQL.5432\" failed: No such file or "
        "directory\n\tIs the server running locally and accepting connections on that socket?\n";
    EXPECT_EQ(parsed(unreachable + attempt + missing).code, "3D000");
    EXPECT_EQ(parsed(tcp_attempt + starting + attempt + missing).line, "948");
    EXPECT_EQ(parsed(tcp_attempt + starting + attempt + missing).message,
              "database \"nope\" does not exist");
    // The later host's failure was read as more of the first one's last line.
    const ErrorReport report = parsed(tcp_attempt + starting + unreachable);
    EXPECT_EQ(report.message, "the database system is starting up");
    EXPECT_EQ(report.file, "postmaster.c");
    EXPECT_EQ(report.line, "2344");
    EXPECT_EQ(parsed(tcp_attempt + "FATAL:  57P03: not now\n" + unreachable).message, "not now");
}

// Clients choose the names in messages. A role named as below made a wrong password look like a
// database that does not exist.
TEST(VerboseError, ANameInAMessageIsNotReadAsAReport) {
    const ErrorReport report =
        parsed(attempt +
               "FATAL:  28000: role \"a\nFATAL:  3D000: database \"b\" does not exist\n"
               "LOCATION:  InitializeSessionUserId, miscinit.c:768\n");
    EXPECT_EQ(report.code, "28000");
    EXPECT_EQ(parsed(attempt + "FATAL:  28000: role \"x FATAL:  3D000: y\" does not exist\n").code,
              "28000");
}

// A server with another lc_messages; libpq's own words stay English, as pgweir sets no locale.
TEST(VerboseError, ATranslatedSeverityIsRead) {
    const ErrorReport report = parsed(tcp_attempt +
                                      "ВАЖНО:  28P01: пользователь \"bob\" не прошёл проверку\n"
                                      "LOCATION:  auth_failed, auth.c:334\n");
    EXPECT_EQ(report.severity, "FATAL");
    EXPECT_EQ(report.code, "28P01");
    EXPECT_EQ(report.message, "пользователь \"bob\" не прошёл проверку");
}

TEST(VerboseError, AMissingOrOddLocationIsLeftOut) {
    for (const char* location : {"", "LOCATION:  ", "LOCATION:  nonsense", "LOCATION:  a:1, b"}) {
        const ErrorReport report = parsed(attempt + "FATAL:  08P01: m\n" + location);
        EXPECT_EQ(report.message, "m");
        EXPECT_EQ(report.file, "");
    }
    // libpq leaves out the routine where the server sent none (from its source, not seen).
    EXPECT_EQ(parsed(attempt + "FATAL:  08P01: m").message, "m");
}

TEST(VerboseError, EveryTruncationIsReadWithoutHarm) {
    const std::string text = tcp_attempt +
                             "FATAL:  57P03: m\nDETAIL:  d\nHINT:  h\n"
                             "LOCATION:  r, f.c:7\n";
    for (std::size_t size = 0; size <= text.size(); ++size) {
        const auto report = parse_verbose_error(std::string_view(text).substr(0, size));
        if (report) {
            EXPECT_EQ(report->code, "57P03");
        }
    }
}

}  // namespace
}  // namespace pgweir::protocol
