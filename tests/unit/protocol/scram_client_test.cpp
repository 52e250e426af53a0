// ScramClient against malformed messages, and against servers that do not know the password.
#include "scram_exchange.hpp"

namespace pgweir::protocol {
namespace {

using namespace std::string_literals;
using test::both_mechanisms;
using test::plain_mechanism;
using test::refusal;

std::string answer_to_server_first(const std::string& message, ScramClientOptions options) {
    options.nonce = "abc";
    ScramClient client(std::move(options));
    EXPECT_TRUE(std::holds_alternative<SaslInitialResponse>(client.start(plain_mechanism)));
    const auto answer = client.proceed(message);
    const auto* const report = std::get_if<ErrorReport>(&answer);
    return report != nullptr ? refusal(*report) : "continue";
}

TEST(ScramClient, TheMechanismIsChosenByWhatBothHave) {
    const auto chosen = [](const std::vector<std::string>& mechanisms, bool binds, bool require) {
        ScramClientOptions options{
            .credentials = "pencil", .require_channel_binding = require, .nonce = "abc"};
        if (binds) options.channel_binding = "hash";
        ScramClient client(std::move(options));
        const auto answer = client.start(mechanisms);
        if (const auto* const report = std::get_if<ErrorReport>(&answer)) return report->code;
        const auto& initial = std::get<SaslInitialResponse>(answer);
        return initial.mechanism + " " + initial.response.value_or("absent");
    };
    EXPECT_EQ(chosen(both_mechanisms, true, false),
              "SCRAM-SHA-256-PLUS p=tls-server-end-point,,n=,r=abc");
    EXPECT_EQ(chosen(both_mechanisms, true, true),
              "SCRAM-SHA-256-PLUS p=tls-server-end-point,,n=,r=abc");
    EXPECT_EQ(chosen(both_mechanisms, false, false), "SCRAM-SHA-256 n,,n=,r=abc");
    EXPECT_EQ(chosen(plain_mechanism, true, false), "SCRAM-SHA-256 y,,n=,r=abc");
    EXPECT_EQ(chosen(plain_mechanism, false, false), "SCRAM-SHA-256 n,,n=,r=abc");
    EXPECT_EQ(chosen(plain_mechanism, true, true), "28000");
    EXPECT_EQ(chosen(both_mechanisms, false, true), "28000");
    EXPECT_EQ(chosen({"GS2-KRB5", "scram-sha-256", ""}, false, false), "0A000");
    EXPECT_EQ(chosen({"SCRAM-SHA-256-PLUS"}, false, false), "0A000");
    EXPECT_EQ(chosen({}, true, false), "0A000");
}

TEST(ScramClient, MalformedServerMessagesAreRefused) {
    const std::string malformed = "08P01 malformed SCRAM message|";
    const std::string wrong_nonce =
        malformed + "The server's nonce is not the client's with more behind it.";
    const std::string wrong_salt = malformed + "The salt is not one to 1024 bytes in base64.";
    const std::string wrong_count = malformed + "The iteration count is no positive number.";
    const std::pair<std::string, std::string> cases[] = {
        {"r=abcd,s=c2FsdA==,i=1", "continue"},
        {"", malformed + R"(Expected attribute "r" but found "0x00".)"},
        {"m=x,r=abcd,s=c2FsdA==,i=1", malformed + R"(Expected attribute "r" but found "'m'".)"},
        {"r=abc,s=c2FsdA==,i=1", wrong_nonce},
        {"r=abd1,s=c2FsdA==,i=1", wrong_nonce},
        {"r=,s=c2FsdA==,i=1", wrong_nonce},
        {"r=abc d,s=c2FsdA==,i=1", wrong_nonce},
        {"r=abcd\0,s=c2FsdA==,i=1"s, wrong_nonce},
        {"r=abc" + std::string(1025, 'x') + ",s=c2FsdA==,i=1", wrong_nonce},
        {"r=abcd,s=,i=1", wrong_salt},
        {"r=abcd,s=!,i=1", wrong_salt},
        {"r=abcd,s=" + base64_encode(std::string(1025, 's')) + ",i=1", wrong_salt},
        {"r=abcd,s=c2FsdA==,i=", wrong_count},
        {"r=abcd,s=c2FsdA==,i=0", wrong_count},
        {"r=abcd,s=c2FsdA==,i=-1", wrong_count},
        {"r=abcd,s=c2FsdA==,i=+1", wrong_count},
        {"r=abcd,s=c2FsdA==,i=1x", wrong_count},
        {"r=abcd,s=c2FsdA==,i=2147483648", wrong_count},
        {"r=abcd,s=c2FsdA==,i=99999999999999999999", wrong_count},
        {"r=abcd,s=c2FsdA==,i=1,x=y",
         malformed + "Garbage found at the end of server-first-message."}};
    for (const auto& [message, answer] : cases) {
        EXPECT_EQ(answer_to_server_first(message, {.credentials = "pencil"}), answer) << message;
    }
    const std::string whole = "r=abcd,s=c2FsdA==,i=1";
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_NE(answer_to_server_first(whole.substr(0, size), {.credentials = "pencil"}),
                  "continue");
    }
}

TEST(ScramClient, AServerCannotAskForMuchWork) {
    const auto asked = [](const std::string& count, ScramClientOptions options) {
        return answer_to_server_first("r=abcd,s=c2FsdA==,i=" + count, std::move(options));
    };
    EXPECT_EQ(asked("100001", {.credentials = "pencil"}),
              "54000 server asks for too many SCRAM iterations|It asks for 100001, the most is "
              "100000.");
    EXPECT_TRUE(asked("2147483647", {.credentials = "pencil"}).starts_with("54000"));
    EXPECT_EQ(asked("100000", {.credentials = "pencil"}), "continue");
    EXPECT_EQ(asked("6", {.credentials = "pencil", .max_iterations = 5}).substr(0, 5), "54000");
    // Keys need no work.
    EXPECT_EQ(asked("2147483647", {.credentials = ScramKeys{}}), "continue");
}

TEST(ScramClient, AServerThatDoesNotKnowThePasswordIsNotBelieved) {
    const auto last_word = [](const std::string& message) {
        ScramClient client({.credentials = "pencil", .nonce = "abc"});
        EXPECT_TRUE(std::holds_alternative<SaslInitialResponse>(client.start(plain_mechanism)));
        EXPECT_TRUE(std::holds_alternative<std::string>(client.proceed("r=abcd,s=c2FsdA==,i=1")));
        const auto report = client.finish(message);
        EXPECT_FALSE(client.finished());
        return report ? refusal(*report) : "believed";
    };
    EXPECT_EQ(last_word("v=" + base64_encode(std::string(32, '\0'))),
              "28000 incorrect server signature|The server did not prove that it knows the "
              "password.");
    const std::string malformed = "08P01 malformed SCRAM message|";
    for (const std::string& message :
         {"v="s, "v=AAAA"s, "v=" + base64_encode(std::string(33, '\0')),
          "v=" + base64_encode(std::string(32, '\0')) + ",x=y"}) {
        EXPECT_EQ(last_word(message), malformed + "The server's signature is malformed.");
    }
    EXPECT_TRUE(last_word("").starts_with(malformed));
    EXPECT_EQ(last_word("e=other-error\n"),
              "28000 error received from server in SCRAM exchange: other-error?");
}

TEST(ScramClient, TheOrderIsKept) {
    const std::string out_of_order = "XX000 invalid SCRAM exchange state";
    ScramClient client({.credentials = "pencil"});
    EXPECT_EQ(refusal(*client.finish("v=")), out_of_order);
    EXPECT_EQ(refusal(std::get<ErrorReport>(client.start(plain_mechanism))), out_of_order);
    EXPECT_EQ(refusal(std::get<ErrorReport>(client.proceed("r="))), out_of_order);
    EXPECT_FALSE(client.finished());
}

}  // namespace
}  // namespace pgweir::protocol
