#include <gmock/gmock.h>

#include <random>
#include <string>

#include "pool/connect/login_trace.hpp"

namespace pgweir::pool {
namespace {

using namespace std::string_literals;
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
    EXPECT_EQ(facts.cancel_key, (CancelKey{.pid = 8884, .secret = "\x95\x8f\xd6\xf6"}));
    EXPECT_THAT(facts.reported,
                ElementsAre(Pair("application_name", ""), Pair("client_encoding", "UTF8"),
                            Pair("DateStyle", "ISO, MDY"),
                            Pair("server_version", "15.4 (Debian 15.4-2.pgdg120+1)")));
}

TEST(LoginTrace, ReadsTheWholeRangeOfKeys) {
    const auto key = [](const std::string& numbers) {
        return parse_login_trace("B\t12\tBackendKeyData\t " + numbers + "\n").cancel_key;
    };
    EXPECT_EQ(key("1 2147483647"), (CancelKey{.pid = 1, .secret = "\x7f\xff\xff\xff"}));
    EXPECT_EQ(key("1 -2147483648"), (CancelKey{.pid = 1, .secret = "\x80\0\0\0"s}));
    EXPECT_EQ(key("-1 -1"), (CancelKey{.pid = ~0U, .secret = "\xff\xff\xff\xff"}));
    EXPECT_EQ(key("-2147483648 -2147483648"),
              (CancelKey{.pid = 0x80000000U, .secret = "\x80\0\0\0"s}));
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
    EXPECT_EQ(facts.cancel_key, (CancelKey{.pid = 1, .secret = "\0\0\0\2"s}));
    EXPECT_EQ(facts.reported.size(), 1U);
}

TEST(LoginTrace, WhatTheClientSentIsPassedOver) {
    const LoginFacts facts = parse_login_trace(
        "F\t12\tBackendKeyData\t 666 666\n"
        "F\t22\tParameterStatus\t \"application_name\" \"\"\n");
    EXPECT_EQ(facts.cancel_key, std::nullopt);
    EXPECT_THAT(facts.reported, IsEmpty());
}

// Built with libpq 18 pgweir read no key, and every cancel was lost: libpq 18 writes the secret as
// bytes, as it may have any length.
TEST(TracedKey, InLibpq18sFormHasItsSecretInQuotes) {
    EXPECT_EQ(parse_traced_key(R"(1112 '\x18)\xc0Z')", 12),
              (CancelKey{.pid = 1112, .secret = "\x18)\xc0Z"s}));
    EXPECT_EQ(parse_traced_key("1 ''''''", 12), (CancelKey{.pid = 1, .secret = "''''"}));
    EXPECT_EQ(parse_traced_key("1 '1 -2'", 12), (CancelKey{.pid = 1, .secret = "1 -2"}));
    EXPECT_EQ(parse_traced_key("-5 'abcd'", 12), (CancelKey{.pid = ~0U - 4, .secret = "abcd"}));
    EXPECT_EQ(parse_login_trace("B\t12\tBackendKeyData\t 7 '\\x00\\x0a\\x7f\\xff'\n").cancel_key,
              (CancelKey{.pid = 7, .secret = "\0\n\x7f\xff"s}));
}

TEST(TracedKey, MayHaveAnySecretOfUpTo256Bytes) {
    EXPECT_EQ(parse_traced_key("1 'a'", 9), (CancelKey{.pid = 1, .secret = "a"}));
    for (const std::size_t size : {32U, 256U}) {
        const std::string secret(size, 'k');
        EXPECT_EQ(parse_traced_key("1 '" + secret + "'", 8 + size),
                  (CancelKey{.pid = 1, .secret = secret}));
    }
    EXPECT_EQ(parse_traced_key("1 '" + std::string(257, 'k') + "'", 265), std::nullopt);
}

// As libpq 18 writes it.
std::string traced(const std::string& secret) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text = "1 '";
    for (const char c : secret) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte <= 0x7e) {
            text += c;
        } else {
            text += {'\\', 'x', digits[byte >> 4U], digits[byte & 15U]};
        }
    }
    return text + "'";
}

TEST(TracedKey, OfAnyBytesIsReadBack) {
    for (unsigned byte = 0; byte < 256; ++byte) {
        const std::string secret(32, static_cast<char>(byte));
        EXPECT_EQ(parse_traced_key(traced(secret), 40), (CancelKey{.pid = 1, .secret = secret}));
    }
    // Bytes that look like an escape of libpq's, more or less.
    for (const std::string& secret :
         {R"(\xc0)"s, R"(\xc0\x01)"s, R"(\x41)"s, R"(\xC0)"s, R"(\x4)"s, R"(\\\x)"s}) {
        EXPECT_EQ(parse_traced_key(traced(secret), 8 + secret.size()),
                  (CancelKey{.pid = 1, .secret = secret}));
    }
}

// Which bytes were escaped cannot be known then: another login has another key.
TEST(TracedKey, ThatMayBeTwoIsNone) {
    EXPECT_EQ(parse_traced_key(traced(R"(\x01)"s + '\1'), 13), std::nullopt);
    EXPECT_EQ(parse_traced_key(traced('\xc0' + R"(k\xc0)"s), 14), std::nullopt);
}

TEST(TracedKey, OfAnotherFormIsNotUnderstood) {
    for (const std::string text : {"",
                                   " ",
                                   "1",
                                   "1 ",
                                   "1 x",
                                   "1  2",
                                   "x 2",
                                   "1 2 ",
                                   "1 2 3",
                                   "1 99999999999",
                                   "1 '",
                                   "1 ''",
                                   "1 'abc'",
                                   "1 'abcde'",
                                   "1 'abcd",
                                   "1 abcd'",
                                   "1 \"abcd\"",
                                   R"(1 '\x18)\xc0')",
                                   R"(1 '\x18)\xC0Z')",
                                   "'abcd'",
                                   "99999999999 'abcd'",
                                   "NNNN 'BBBB'"}) {
        EXPECT_EQ(parse_traced_key(text, 12), std::nullopt) << text;
    }
    for (const std::size_t length : {0U, 4U, 8U, 11U, 13U, 40U, ~0U}) {
        EXPECT_EQ(parse_traced_key("1 2", length), std::nullopt) << length;
        EXPECT_EQ(parse_traced_key("1 'abcd'", length), std::nullopt) << length;
    }
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
        EXPECT_EQ(facts.cancel_key, std::nullopt) << line;
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
