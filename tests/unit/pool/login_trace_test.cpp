#include <gmock/gmock.h>

#include <random>
#include <string>

#include "pool/server_connector.hpp"

namespace pgweir::pool {
namespace {

using protocol::CancelKey;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

// A ParameterStatus as PQtrace() writes it: the length counts itself and two zero bytes.
std::string status_line(const std::string& name, const std::string& value) {
    return "B\t" + std::to_string(4 + name.size() + 1 + value.size() + 1) +
           "\tParameterStatus\t \"" + name + "\" \"" + value + "\"\n";
}

// In the form that libpq 15 writes, made by hand.
constexpr std::string_view whole_trace =
    "F\t21\tUnknown message\t 196608 \"user\"\n"
    "B\t23\tAuthentication\t 10 'SCRAM-SHA-256\\x00\\x00'\n"
    "F\t55\tSASLInitialResponse\t \"SCRAM-SHA-256\" 32 'n,,n=,r=abc'\n"
    "B\t8\tAuthentication\t 0\n"
    "B\t22\tParameterStatus\t \"application_name\" \"\"\n"
    "B\t25\tParameterStatus\t \"client_encoding\" \"UTF8\"\n"
    "B\t23\tParameterStatus\t \"DateStyle\" \"ISO, MDY\"\n"
    "B\t50\tParameterStatus\t \"server_version\" \"15.4 (Debian 15.4-2.pgdg120+1)\"\n"
    "B\t12\tBackendKeyData\t 8884 -1785735434\n"
    "B\t5\tReadyForQuery\t I\n";

TEST(LoginTrace, TellsTheKeyAndEveryParameterInOrder) {
    const LoginFacts facts = parse_login_trace(whole_trace);
    EXPECT_EQ(facts.cancel_key, (CancelKey{.pid = 8884, .secret = 2509231862U}));
    EXPECT_THAT(facts.reported,
                ElementsAre(Pair("application_name", ""), Pair("client_encoding", "UTF8"),
                            Pair("DateStyle", "ISO, MDY"),
                            Pair("server_version", "15.4 (Debian 15.4-2.pgdg120+1)")));
}

TEST(LoginTrace, ReadsTheWholeRangeOfKeys) {
    const auto key = [](const std::string& numbers) {
        return parse_login_trace("B\t12\tBackendKeyData\t " + numbers + "\n").cancel_key;
    };
    EXPECT_EQ(key("1 2147483647"), (CancelKey{.pid = 1, .secret = 0x7fffffffU}));
    EXPECT_EQ(key("1 -2147483648"), (CancelKey{.pid = 1, .secret = 0x80000000U}));
    EXPECT_EQ(key("-1 -1"), (CancelKey{.pid = ~0U, .secret = ~0U}));
    EXPECT_EQ(key("-2147483648 -2147483648"),
              (CancelKey{.pid = 0x80000000U, .secret = 0x80000000U}));
}

TEST(LoginTrace, AValueMayHoldQuotesTabsAndNewlines) {
    for (const std::string value :
         {"\"", "\" \"", "a\tb", "a\nb", "\n", "\n\n", "B\t", "ends in \"\n", "\xff\x01"}) {
        const LoginFacts facts =
            parse_login_trace(status_line("before", "1") + status_line("search_path", value) +
                              status_line("after", "2"));
        EXPECT_THAT(facts.reported, ElementsAre(Pair("before", "1"), Pair("search_path", value),
                                                Pair("after", "2")))
            << testing::PrintToString(value);
    }
}

TEST(LoginTrace, AValueThatLooksLikeALineIsNotOne) {
    const LoginFacts facts = parse_login_trace(
        "B\t12\tBackendKeyData\t 1 2\n" +
        status_line("search_path", "x\nB\t12\tBackendKeyData\t 666 666\n" + status_line("a", "b")));
    EXPECT_EQ(facts.cancel_key, (CancelKey{.pid = 1, .secret = 2}));
    EXPECT_EQ(facts.reported.size(), 1U);
}

TEST(LoginTrace, WhatTheClientSentIsPassedOver) {
    const LoginFacts facts = parse_login_trace(
        "F\t12\tBackendKeyData\t 666 666\n"
        "F\t22\tParameterStatus\t \"application_name\" \"\"\n");
    EXPECT_EQ(facts.cancel_key, CancelKey{});
    EXPECT_THAT(facts.reported, IsEmpty());
}

TEST(LoginTrace, WhatIsNotUnderstoodIsPassedOver) {
    for (const std::string line : {"",
                                   "B",
                                   "B\t",
                                   "B\t22",
                                   "B\t22\t",
                                   "\t\t\t",
                                   "B\tx\tParameterStatus\t \"a\" \"b\"",
                                   "B\t-1\tParameterStatus\t \"a\" \"b\"",
                                   "B\t0\tParameterStatus\t \"a\" \"b\"",
                                   "B\t4\tParameterStatus\t \"a\" \"b\"",
                                   "B\t99999999999999999999\tParameterStatus\t \"a\" \"b\"",
                                   "B\t4294967295\tParameterStatus\t \"a\" \"b\"",
                                   "B\t8\tParameterStatus\t \"a",
                                   "B\t8\tParameterStatus\t \"a\" b\"",
                                   "B\t8\tParameterStatus\t ",
                                   "B\t8\tParameterStatus",
                                   "B\t12\tBackendKeyData\t ",
                                   "B\t12\tBackendKeyData\t x y",
                                   "B\t12\tBackendKeyData\t 12",
                                   "C\t8\tParameterStatus\t \"a\" \"b\""}) {
        const LoginFacts facts = parse_login_trace(line + "\n" + status_line("after", "1"));
        EXPECT_EQ(facts.cancel_key, CancelKey{}) << line;
        ASSERT_FALSE(facts.reported.empty()) << line;
        EXPECT_THAT(facts.reported.back(), Pair("after", "1")) << line;
    }
}

std::string reported_line(const std::string& name, const std::string& value) {
    return '"' + name + "\" \"" + value + "\"\n";
}

TEST(LoginTrace, CutShortItTellsWhatIsWhole) {
    for (std::size_t size = 0; size <= whole_trace.size(); ++size) {
        const LoginFacts facts = parse_login_trace(std::string(whole_trace.substr(0, size)));
        EXPECT_LE(facts.reported.size(), 4U);
        for (const auto& [name, value] : facts.reported) {
            EXPECT_NE(whole_trace.find(reported_line(name, value)), std::string_view::npos)
                << "cut after " << size;
        }
    }
}

TEST(LoginTrace, IsTotal) {
    std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same every time
    const std::vector<std::string> pieces{"B\t",  "F\t",
                                          "12",   "22",
                                          "-",    "\t",
                                          "\n",   "ParameterStatus\t \"",
                                          "\"",   "\" \"",
                                          " ",    "BackendKeyData\t ",
                                          "4",    std::string(1, '\0'),
                                          "\xff", "99999999999"};
    for (int i = 0; i < 20'000; ++i) {
        std::string trace;
        for (auto n = random() % 24; n > 0; --n) trace += pieces[random() % pieces.size()];
        for (const auto& [name, value] : parse_login_trace(trace).reported) {
            EXPECT_LE(name.size() + value.size(), trace.size());
        }
    }
}

}  // namespace
}  // namespace pgweir::pool
