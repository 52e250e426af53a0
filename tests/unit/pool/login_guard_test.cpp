#include "pool/connect/login_guard.hpp"

#include <gtest/gtest.h>

#include <string>

#include "protocol/auth/authentication.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {
namespace {

using Kind = LoginVerdict::Kind;

std::string sasl_continue(const std::string& data) {
    std::string message;
    protocol::append_authentication_sasl_continue(message, data);
    return message;
}

TEST(LoginGuard, LetsWhatPostgresqlAsksForPass) {
    std::string messages = sasl_continue("r=nonce,s=c2FsdA==,i=4096");
    protocol::append_authentication_ok(messages);
    protocol::append_parameter_status(messages, "server_version", "15.0");
    EXPECT_EQ(check_login_messages(messages).kind, Kind::go_on);
    EXPECT_EQ(check_login_messages("").kind, Kind::go_on);
    EXPECT_EQ(check_login_messages(sasl_continue("r=nonce,s=c2FsdA==,i=100000")).kind, Kind::go_on);
}

TEST(LoginGuard, RefusesAnEndlessCount) {
    for (const char* count :
         {"100001", "2000000000", "4294967296", "99999999999999999999", "2000000000,x=extension"}) {
        const LoginVerdict verdict =
            check_login_messages(sasl_continue(std::string("r=nonce,s=c2FsdA==,i=") + count));
        EXPECT_EQ(verdict.kind, Kind::refuse) << count;
        EXPECT_NE(verdict.problem.find("100000 SCRAM iterations"), std::string::npos);
    }
}

TEST(LoginGuard, RefusesItBehindOtherMessagesToo) {
    std::string messages;
    protocol::append_parameter_status(messages, "a", "b");
    messages += sasl_continue("r=nonce,s=c2FsdA==,i=2000000000");
    EXPECT_EQ(check_login_messages(messages).kind, Kind::refuse);
}

// A greeting may be longer than what is peeked at, or than a TLS record.
TEST(LoginGuard, DoesNotWaitForTheEndOfAGreeting) {
    std::string messages;
    protocol::append_authentication_ok(messages);
    protocol::append_parameter_status(messages, "search_path", std::string(9000, 'x'));
    for (const std::size_t size : {10, 100, 8192}) {
        EXPECT_EQ(check_login_messages(messages.substr(0, size)).kind, Kind::go_on) << size;
    }
}

TEST(LoginGuard, WaitsForTheRestOfAMessageAtEverySplit) {
    const std::string message = sasl_continue("r=nonce,s=c2FsdA==,i=2000000000");
    for (std::size_t size = 1; size < message.size(); ++size) {
        EXPECT_EQ(check_login_messages(message.substr(0, size)).kind, Kind::incomplete) << size;
    }
}

TEST(LoginGuard, RefusesARequestOfImpossibleLength) {
    using std::string_literals::operator""s;
    EXPECT_EQ(check_login_messages("R\0\0\0\3"s).kind, Kind::refuse);
    EXPECT_EQ(check_login_messages("R\x7f\xff\xff\xff"s).kind, Kind::refuse);
    EXPECT_EQ(check_login_messages("R\0\0\x10\0"s).kind, Kind::refuse);
}

TEST(LoginGuard, LeavesNonsenseToLibpq) {
    EXPECT_EQ(check_login_messages("HTTP/1.1 400 Bad Request\r\n\r\n").kind, Kind::go_on);
    EXPECT_EQ(check_login_messages(sasl_continue("nonsense")).kind, Kind::go_on);
    EXPECT_EQ(check_login_messages(sasl_continue("r=nonce,s=c2FsdA==,i=many")).kind, Kind::go_on);
}

}  // namespace
}  // namespace pgweir::pool
