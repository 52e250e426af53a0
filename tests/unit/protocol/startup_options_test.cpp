// The `options` parameter. What PostgreSQL 15 answers to each was seen.
#include <gtest/gtest.h>

#include "protocol/wire/startup_options.hpp"

namespace pgweir::protocol {
namespace {

std::vector<Parameter> settings_of(std::string_view options) {
    std::vector<Parameter> settings;
    const auto problem = parse_options(options, settings);
    EXPECT_FALSE(problem) << options << ": " << problem->message;
    return settings;
}

ErrorReport problem_of(std::string_view options) {
    std::vector<Parameter> settings;
    const auto problem = parse_options(options, settings);
    EXPECT_TRUE(problem) << options << " was accepted";
    return problem.value_or(ErrorReport{});
}

TEST(StartupOptions, EmptyOptionsSetNothing) {
    for (const char* options : {"", " ", " \t\n\v\f\r "}) EXPECT_TRUE(settings_of(options).empty());
}

TEST(StartupOptions, AllFormsOfASettingAreRead) {
    const std::vector<Parameter> one{{"work_mem", "64kB"}};
    for (const char* options : {"-c work_mem=64kB", "-cwork_mem=64kB", "--work_mem=64kB",
                                "--work-mem=64kB", "-c work-mem=64kB", " \t-c\n work_mem=64kB  "}) {
        EXPECT_EQ(settings_of(options), one) << options;
    }
    EXPECT_EQ(settings_of("-c a.b=1 --c.d=2 -ce.f=3"),
              (std::vector<Parameter>{{"a.b", "1"}, {"c.d", "2"}, {"e.f", "3"}}));
}

TEST(StartupOptions, AValueMayBeEmptyAndHoldEqualsSignsAndDashes) {
    EXPECT_EQ(settings_of("-c a.b="), (std::vector<Parameter>{{"a.b", ""}}));
    EXPECT_EQ(settings_of("-c a=b=-c-"), (std::vector<Parameter>{{"a", "b=-c-"}}));
    EXPECT_EQ(settings_of("-c --x=y"), (std::vector<Parameter>{{"__x", "y"}}));
    EXPECT_EQ(settings_of("---=1"), (std::vector<Parameter>{{"_", "1"}}));
}

TEST(StartupOptions, ABackslashTakesTheNextCharacterAsItIs) {
    EXPECT_EQ(settings_of(R"(-c search_path=a,\ b)"),
              (std::vector<Parameter>{{"search_path", "a, b"}}));
    EXPECT_EQ(settings_of(R"(-c a.b=\\x\)"), (std::vector<Parameter>{{"a.b", "\\x"}}));
    EXPECT_EQ(settings_of(R"(\-c\ a.b=x)").size(), 1U);
}

// The whole table is compared with PostgreSQL in tests/integration/test_startup_options.py.
TEST(StartupOptions, SwitchesStandForSettings) {
    using Settings = std::vector<Parameter>;
    EXPECT_EQ(settings_of("-e -S 100"), (Settings{{"datestyle", "euro"}, {"work_mem", "100"}}));
    EXPECT_EQ(settings_of("-eS100 -fs"),
              (Settings{{"datestyle", "euro"}, {"work_mem", "100"}, {"enable_seqscan", "false"}}));
    EXPECT_EQ(settings_of("-tpa -s"),
              (Settings{{"log_parser_stats", "true"}, {"log_statement_stats", "true"}}));
    EXPECT_EQ(settings_of("-d 2"),
              (Settings{{"log_min_messages", "debug2"}, {"log_statement", "all"}}));
    EXPECT_EQ(settings_of("-ec a.b=1"), (Settings{{"datestyle", "euro"}, {"a.b", "1"}}));
    EXPECT_TRUE(settings_of("-n -T -C x -D /nowhere -rx -Ej").empty());
}

TEST(StartupOptions, AnythingElseIsAnInvalidArgument) {
    const auto argument_of = [](std::string_view options) {
        const ErrorReport report = problem_of(options);
        EXPECT_EQ(report.severity, "FATAL");
        EXPECT_EQ(report.code, "42601");
        EXPECT_EQ(report.hint, "Try \"postgres --help\" for more information.");
        const std::string prefix = "invalid command-line argument for server process: ";
        EXPECT_TRUE(report.message.starts_with(prefix)) << report.message;
        return report.message.substr(prefix.size());
    };
    EXPECT_EQ(argument_of("foo"), "foo");
    EXPECT_EQ(argument_of("foo -c a.b=1"), "foo");
    EXPECT_EQ(argument_of("-c a.b=1 x"), "x");
    EXPECT_EQ(argument_of("-x"), "-x");
    EXPECT_EQ(argument_of("-"), "-");
    EXPECT_EQ(argument_of("-c"), "-c");
    EXPECT_EQ(argument_of("-c a.b=1 -c"), "-c");
    EXPECT_EQ(argument_of("-c\\"), "-c");
    EXPECT_EQ(argument_of("\\"), "");
    EXPECT_EQ(argument_of("-- foo"), "foo");
    // What getopt() has ended last: the word of a wrong switch if that was its last letter.
    EXPECT_EQ(argument_of("-ex"), "-ex");
    EXPECT_EQ(argument_of("-xe"), "postgres");
    EXPECT_EQ(argument_of("-S 100 -xe"), "100");
    EXPECT_EQ(argument_of("foo -xe"), "foo");
    EXPECT_EQ(argument_of("-f x"), "x");
    EXPECT_EQ(argument_of("-S"), "-S");
}

TEST(StartupOptions, TwoDashesEndTheOptions) {
    EXPECT_TRUE(settings_of("--").empty());
    EXPECT_EQ(settings_of("-c a.b=1 --").size(), 1U);
}

TEST(StartupOptions, ASettingNeedsAValue) {
    EXPECT_EQ(problem_of("-c foo").message, "-c foo requires a value");
    EXPECT_EQ(problem_of("-cfoo").message, "-c foo requires a value");
    EXPECT_EQ(problem_of("--foo").message, "--foo requires a value");
    EXPECT_EQ(problem_of("-c -c").message, "-c -c requires a value");
    EXPECT_EQ(problem_of("-c \"\"").message, "-c \"\" requires a value");
    EXPECT_EQ(problem_of("--foo").code, "42601");
    EXPECT_EQ(problem_of("--foo").severity, "FATAL");
}

// CVE-2026-107349: an empty option name made PgBouncer spin before login.
TEST(StartupOptions, Cve2026107349AnEmptyNameIsRefused) {
    for (const char* options : {"--=x", "--=", "-c =x", "-c=", "-c =", "-c a.b=1 --=x"}) {
        const ErrorReport report = problem_of(options);
        EXPECT_EQ(report.code, "42704") << options;
        EXPECT_EQ(report.message, "unrecognized configuration parameter \"\"");
    }
}

// Also CVE-2026-107349: whatever the options are, their reading takes time in proportion.
TEST(StartupOptions, Cve2026107349AsMuchAsAPacketHoldsIsReadAtOnce) {
    for (const std::string_view word :
         {" ", "\\", "\\ ", "-c ", "-ca=b ", "--a=b ", "-", "= ", "-d5 ", "-eeeeeeeee "}) {
        std::string options;
        while (options.size() < max_startup_length) options += word;
        std::vector<Parameter> settings;
        (void)parse_options(options, settings);
        EXPECT_LE(settings.size(), options.size() * 5 / 4);
    }
}

TEST(StartupOptions, ABadOptionRefusesTheStartup) {
    using namespace std::string_literals;
    const FirstPacket packet = parse_first_packet("\0\3\0\0user\0bob\0options\0foo\0\0"s);
    EXPECT_EQ(std::get<ErrorReport>(packet).code, "42601");
}

}  // namespace
}  // namespace pgweir::protocol
