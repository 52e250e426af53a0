// Exact bytes, as the manual's "Message Formats" has them; refusals as PostgreSQL 15 words them.
#include "protocol/auth/authentication.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "protocol/wire/serialize.hpp"

namespace pgweir::protocol {
namespace {

using namespace std::string_literals;

template <typename Append, typename... Arguments>
std::string written(Append append, const Arguments&... arguments) {
    std::string out = "before";
    append(out, arguments...);
    EXPECT_TRUE(out.starts_with("before")) << "a message is appended";
    return out.substr(6);
}

// What parse_authentication() makes of a message that was written.
template <typename Kind>
Kind parsed(const std::string& message) {
    EXPECT_EQ(message[0], 'R');
    EXPECT_EQ(read_uint32(Bytes(message).substr(1)), message.size() - 1);
    const Authentication request = parse_authentication(Bytes(message).substr(header_size));
    EXPECT_TRUE(std::holds_alternative<Kind>(request));
    return std::holds_alternative<Kind>(request) ? std::get<Kind>(request) : Kind{};
}

template <typename Result>
std::string refusal(const Result& result) {
    const auto* const report = std::get_if<ErrorReport>(&result);
    if (report == nullptr) return "accepted";
    return report->severity + " " + report->code + " " + report->message;
}

TEST(Authentication, RequestsAreWritten) {
    EXPECT_EQ(written(append_authentication_cleartext_password), "R\0\0\0\10\0\0\0\3"s);
    EXPECT_EQ(written(append_authentication_md5_password, Md5Salt{1, 2, 3, '\xff'}),
              "R\0\0\0\14\0\0\0\5\1\2\3\xff"s);
    const std::array<std::string_view, 2> mechanisms{"A", "BC"};
    EXPECT_EQ(written(append_authentication_sasl, std::span<const std::string_view>(mechanisms)),
              "R\0\0\0\16\0\0\0\12A\0BC\0\0"s);
    EXPECT_EQ(written(append_authentication_sasl_continue, "r=x"), "R\0\0\0\13\0\0\0\13r=x"s);
    EXPECT_EQ(written(append_authentication_sasl_final, "v=x"), "R\0\0\0\13\0\0\0\14v=x"s);
}

TEST(Authentication, WhatIsWrittenIsReadBack) {
    parsed<AuthenticationOk>(written(append_authentication_ok));
    parsed<AuthenticationCleartextPassword>(written(append_authentication_cleartext_password));
    const Md5Salt salt{'\0', 'a', '\xff', '\n'};
    EXPECT_EQ(
        parsed<AuthenticationMd5Password>(written(append_authentication_md5_password, salt)).salt,
        salt);
    const std::array<std::string_view, 2> mechanisms{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"};
    EXPECT_EQ(parsed<AuthenticationSasl>(written(append_authentication_sasl,
                                                 std::span<const std::string_view>(mechanisms)))
                  .mechanisms,
              (std::vector<std::string>{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"}));
    const std::string next = written(append_authentication_sasl_continue, "a\0b"s);
    EXPECT_EQ(parsed<AuthenticationSaslContinue>(next).data, "a\0b"s);
    const std::string last = written(append_authentication_sasl_final, "");
    EXPECT_EQ(parsed<AuthenticationSaslFinal>(last).data, "");
}

TEST(Authentication, WhatWeDoNotSpeakIsNamedByItsCode) {
    for (const char code : "\1\2\4\6\7\x8\x9\xd\x7f"s) {
        const std::string body{'\0', '\0', '\0', code, 'x'};
        const Authentication request = parse_authentication(body);
        const auto* const unsupported = std::get_if<AuthenticationUnsupported>(&request);
        ASSERT_NE(unsupported, nullptr);
        EXPECT_EQ(unsupported->code, static_cast<std::uint32_t>(code));
    }
}

TEST(Authentication, MalformedRequestsAreViolations) {
    for (const std::string& body :
         {""s, "\0\0\0"s, "\0\0\0\0x"s, "\0\0\0\3x"s, "\0\0\0\5"s, "\0\0\0\5abc"s, "\0\0\0\5abcde"s,
          "\0\0\0\12"s, "\0\0\0\12A"s, "\0\0\0\12A\0"s, "\0\0\0\12A\0\0x"s, "\0\0\0\12\0\0"s}) {
        EXPECT_TRUE(refusal(parse_authentication(body)).starts_with("FATAL 08P01 malformed"));
    }
}

TEST(Authentication, APasswordMessageIsOneStringAndNothingElse) {
    const auto result = parse_password_message("secret\0"s);
    EXPECT_EQ(std::get<std::string_view>(result).size(), 6U);
    for (const std::string& body : {""s, "x"s, "x\0y"s, "x\0\0"s, "\0\0"s}) {
        EXPECT_EQ(refusal(parse_password_message(body)),
                  "FATAL 08P01 invalid password packet size");
    }
    EXPECT_EQ(refusal(parse_password_message("\0"s)),
              "FATAL 28P01 empty password returned by client");
}

TEST(Authentication, ASaslInitialResponseIsTakenApart) {
    const auto read = [](const std::string& body) {
        return std::get<SaslInitialResponse>(parse_sasl_initial_response(body));
    };
    EXPECT_EQ(read("A\0\0\0\0\2xy"s), (SaslInitialResponse{"A", "xy"}));
    EXPECT_EQ(read("A\0\0\0\0\0"s), (SaslInitialResponse{"A", ""}));
    EXPECT_EQ(read("A\0\xff\xff\xff\xff"s), (SaslInitialResponse{"A", std::nullopt}));
    EXPECT_EQ(read("\0\0\0\0\1\0"s), (SaslInitialResponse{"", "\0"s}));
}

TEST(Authentication, EveryTruncationOfASaslInitialResponseIsRefused) {
    const std::string whole = "SCRAM-SHA-256\0\0\0\0\7n,,n=,r"s;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_EQ(refusal(parse_sasl_initial_response(whole.substr(0, size))),
                  size <= 13 ? "FATAL 08P01 invalid string in message"
                             : "FATAL 08P01 insufficient data left in message");
    }
    EXPECT_EQ(refusal(parse_sasl_initial_response(whole + "x")),
              "FATAL 08P01 invalid message format");
    EXPECT_EQ(refusal(parse_sasl_initial_response("A\0\xff\xff\xff\xffx"s)),
              "FATAL 08P01 invalid message format");
    EXPECT_EQ(refusal(parse_sasl_initial_response("A\0\xff\xff\xff\xfe"s)),
              "FATAL 08P01 insufficient data left in message");
    EXPECT_EQ(refusal(parse_sasl_initial_response("A\0\x7f\xff\xff\xff"s)),
              "FATAL 08P01 insufficient data left in message");
}

TEST(Authentication, AnswersAreWritten) {
    EXPECT_EQ(written(append_password_message, "pw"), "p\0\0\0\7pw\0"s);
    EXPECT_EQ(written(append_password_message, "pw\0x"s), "p\0\0\0\7pw\0"s);
    EXPECT_EQ(written(append_sasl_initial_response, SaslInitialResponse{"A", "xy"}),
              "p\0\0\0\14A\0\0\0\0\2xy"s);
    EXPECT_EQ(written(append_sasl_initial_response, SaslInitialResponse{"A", std::nullopt}),
              "p\0\0\0\12A\0\xff\xff\xff\xff"s);
    EXPECT_EQ(written(append_sasl_response, "c=x"), "p\0\0\0\7c=x"s);
}

TEST(Authentication, OpeningPacketsAreWhatTheOtherSideReads) {
    EXPECT_EQ(written(append_ssl_request), "\0\0\0\10\x04\xd2\x16\x2f"s);
    const std::vector<Parameter> parameters{
        {"user", "bob"}, {"database", "app"}, {"work_mem", "1MB\0cut"s}};
    const std::string packet =
        written(append_startup_message, protocol_3_0, std::span<const Parameter>(parameters));
    EXPECT_EQ(read_uint32(packet), packet.size());
    const FirstPacket first = parse_first_packet(Bytes(packet).substr(4));
    const auto& startup = std::get<StartupMessage>(first);
    EXPECT_EQ(startup.version, protocol_3_0);
    EXPECT_EQ(startup.user, "bob");
    EXPECT_EQ(startup.database, "app");
    EXPECT_EQ(startup.settings, (std::vector<Parameter>{{"work_mem", "1MB"}}));
}

}  // namespace
}  // namespace pgweir::protocol
