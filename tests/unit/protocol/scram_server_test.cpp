// ScramServer against malformed messages: its answers were compared with those of PostgreSQL 15.
#include "scram_exchange.hpp"

namespace pgweir::protocol {
namespace {

using namespace std::string_literals;
using test::both_mechanisms;
using test::offered;
using test::outcome;
using test::pencil;
using test::plain_mechanism;
using test::play;
using test::rfc_client_final;
using test::rfc_client_first;
using test::rfc_nonce;
using test::rfc_server;
using test::sent;

TEST(ScramServer, TheFirstMessageMayComeLater) {
    ScramServer server(rfc_server());
    EXPECT_EQ(sent(server.start({"SCRAM-SHA-256", std::nullopt})), "");
    EXPECT_NE(sent(server.proceed(rfc_client_first)), "");
    EXPECT_EQ(outcome(server.proceed(rfc_client_final)), "success");
}

TEST(ScramServer, OnlyWhatIsOfferedCanBeSelected) {
    ScramServerOptions bound{.secrets = {pencil}, .channel_binding = "x"};
    EXPECT_EQ(offered(ScramServer(bound)), both_mechanisms);
    EXPECT_EQ(offered(ScramServer({.secrets = {pencil}})), plain_mechanism);
    for (const std::string& mechanism :
         {""s, "SCRAM-SHA-1"s, "SCRAM-SHA-256-PLUS"s, "scram-sha-256"s}) {
        ScramServer server({.secrets = {pencil}});
        EXPECT_EQ(outcome(server.start({mechanism, "n,,n=,r=abc"})),
                  "08P01 client selected an invalid SASL authentication mechanism");
    }
}

TEST(ScramServer, NothingComesAfterTheEnd) {
    const std::string out_of_order = "XX000 invalid SCRAM exchange state";
    ScramServer early(rfc_server());
    EXPECT_EQ(outcome(early.proceed(rfc_client_first)), out_of_order);
    ScramServer server(rfc_server());
    EXPECT_NE(sent(server.start({"SCRAM-SHA-256", rfc_client_first})), "");
    EXPECT_EQ(outcome(server.proceed(rfc_client_final)), "success");
    EXPECT_EQ(outcome(server.proceed(rfc_client_final)), out_of_order);
    EXPECT_EQ(outcome(server.start({"SCRAM-SHA-256", rfc_client_first})), out_of_order);
    ScramServer failed(rfc_server());
    EXPECT_NE(outcome(failed.start({"SCRAM-SHA-256", "x"})), "continue");
    EXPECT_EQ(outcome(failed.proceed(rfc_client_first)), out_of_order);
}

std::string answer_to_first(const std::string& message, bool plus = false, bool offers = false) {
    ScramServerOptions options = rfc_server();
    if (plus || offers) options.channel_binding = "hash";
    ScramServer server(std::move(options));
    return outcome(server.start({plus ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256", message}));
}

TEST(ScramServer, MalformedFirstMessagesAreRefusedAsPostgresqlRefusesThem) {
    const std::string malformed = "08P01 malformed SCRAM message|";
    const std::pair<std::string, std::string> cases[] = {
        {"", malformed + "The message is empty."},
        {"n,,n=,r=a\0"s, malformed + "Message length does not match input length."},
        {"x", malformed + "Unexpected channel-binding flag \"'x'\"."},
        {"\xff", malformed + "Unexpected channel-binding flag \"0xff\"."},
        {"n", malformed + "Comma expected, but found character \"0x00\"."},
        {"n,x", malformed + "Unexpected attribute \"'x'\" in client-first-message."},
        {"n,", malformed + "Unexpected attribute \"0x00\" in client-first-message."},
        {"n,,", malformed + R"(Expected attribute "n" but found "0x00".)"},
        {"n,,n", malformed + R"(Expected character "=" for attribute "n".)"},
        {"n,,n=", malformed + R"(Expected attribute "r" but found "0x00".)"},
        {"n,,r=a", malformed + R"(Expected attribute "n" but found "'r'".)"},
        {"n,,n=,n=,r=a", malformed + R"(Expected attribute "r" but found "'n'".)"},
        {"n,,n=,r=a,1=2", malformed + "Attribute expected, but found invalid character \"'1'\"."},
        {"n,,n=,r=a,x", malformed + R"(Expected character "=" for attribute "x".)"},
        {"n,,n=,r=a b", "08P01 non-printable characters in SCRAM nonce"},
        {"n,,n=,r=\x80", "08P01 non-printable characters in SCRAM nonce"},
        {"n,a=eve,n=,r=a", "0A000 client uses authorization identity, but it is not supported"},
        {"n,,m=x,n=,r=a", "0A000 client requires an unsupported SCRAM extension"},
        {"p=tls-server-end-point,,n=,r=a",
         malformed + "The client selected SCRAM-SHA-256 without channel binding, but the SCRAM "
                     "message includes channel binding data."},
        {"n,,n=u,r=", "continue"},
        {"n,,n=u,r=a,x=1,y=", "continue"},
        {"y,,n=,r=a", "continue"}};
    for (const auto& [message, answer] : cases) {
        EXPECT_EQ(answer_to_first(message), answer) << message;
    }
}

TEST(ScramServer, ChannelBindingIsNegotiatedAsPostgresqlDoes) {
    EXPECT_EQ(answer_to_first("y,,n=,r=a", false, true),
              "28000 SCRAM channel binding negotiation error|The client supports SCRAM channel "
              "binding but thinks the server does not.  However, this server does support channel "
              "binding.");
    EXPECT_EQ(answer_to_first("n,,n=,r=a", false, true), "continue");
    for (const std::string& message : {"n,,n=,r=a"s, "y,,n=,r=a"s}) {
        EXPECT_EQ(answer_to_first(message, true),
                  "08P01 malformed SCRAM message|The client selected SCRAM-SHA-256-PLUS, but the "
                  "SCRAM message does not include channel binding data.");
    }
    EXPECT_EQ(answer_to_first("p=tls-unique,,n=,r=a", true),
              "08P01 unsupported SCRAM channel-binding type \"tls-unique\"");
    EXPECT_EQ(answer_to_first("p=" + std::string(100, '\x07'), true),
              "08P01 unsupported SCRAM channel-binding type \"" + std::string(30, '?') + "\"");
    EXPECT_EQ(answer_to_first("p=tls-server-end-point,,n=,r=a", true), "continue");
}

TEST(ScramServer, AnotherCertificateFailsTheBinding) {
    ScramServer server({.secrets = {pencil}, .channel_binding = "ours"});
    ScramClient client({.credentials = "pencil", .channel_binding = "theirs"});
    EXPECT_EQ(outcome(play(server, client)), "28000 SCRAM channel binding check failed");
}

std::string answer_to_final(const std::string& message) {
    ScramServer server(rfc_server());
    EXPECT_NE(sent(server.start({"SCRAM-SHA-256", rfc_client_first})), "");
    return outcome(server.proceed(message));
}

TEST(ScramServer, MalformedFinalMessagesAreRefusedAsPostgresqlRefusesThem) {
    const std::string malformed = "08P01 malformed SCRAM message|";
    const std::string nonce = "rOprNGfwEbeRWgbNEkqO" + rfc_nonce;
    const std::pair<std::string, std::string> cases[] = {
        {"", malformed + "The message is empty."},
        {rfc_client_final + "\0"s, malformed + "Message length does not match input length."},
        {"r=x", malformed + R"(Expected attribute "c" but found "'r'".)"},
        {"c=eSws,r=x", "08P01 unexpected SCRAM channel-binding attribute in client-final-message"},
        {"c=biws", malformed + R"(Expected attribute "r" but found "0x00".)"},
        {"c=biws,r=" + nonce, malformed + "Attribute expected, but found end of string."},
        {"c=biws,r=" + nonce + ",", malformed + "Attribute expected, but found end of string."},
        {"c=biws,r=" + nonce + ",p=", malformed + "Malformed proof in client-final-message."},
        {"c=biws,r=" + nonce + ",p=AAAA", malformed + "Malformed proof in client-final-message."},
        {rfc_client_final + ",x=y",
         malformed + "Garbage found at the end of client-final-message."},
        {"c=biws,r=" + nonce + "x" + rfc_client_final.substr(rfc_client_final.find(",p=")),
         "08P01 invalid SCRAM response|Nonce does not match."},
        {rfc_client_final + ",", "success"}};
    for (const auto& [message, answer] : cases) {
        EXPECT_EQ(answer_to_final(message), answer) << message;
    }
}

TEST(ScramServer, NoChangeOfOneByteLogsIn) {
    for (std::size_t i = 0; i < rfc_client_final.size(); ++i) {
        std::string shorter = rfc_client_final;
        shorter.erase(i, 1);
        std::string doubled = rfc_client_final;
        doubled.insert(i, 1, rfc_client_final[i]);
        std::string changed = rfc_client_final;
        changed[i] = changed[i] == 'A' ? 'Z' : 'A';
        for (const std::string& message :
             {rfc_client_final.substr(0, i), shorter, doubled, changed}) {
            EXPECT_NE(answer_to_final(message), "success") << message;
        }
    }
}

TEST(ScramServer, NoFieldsAmissOfTheFirstMessageLogIn) {
    const std::string fields[] = {"n", "", "n=user", "r=rOprNGfwEbeRWgbNEkqO", "x=1"};
    // Every choice of up to five fields, in every order, with repetitions.
    const auto play_first = [](const std::string& first) {
        ScramServer server(rfc_server());
        if (!std::holds_alternative<ScramContinue>(server.start({"SCRAM-SHA-256", first}))) return;
        EXPECT_EQ(outcome(server.proceed(rfc_client_final)),
                  first == rfc_client_first ? "success" : "wrong password")
            << first;
    };
    for (unsigned choice = 0; choice < 6 * 6 * 6 * 6 * 6; ++choice) {
        std::string message;
        unsigned rest = choice;
        for (int place = 0; place < 5; ++place, rest /= 6) {
            if (rest % 6 == 5) break;
            if (place > 0) message += ',';
            message += fields[rest % 6];
        }
        if (message.find("r=") == message.rfind("r=")) play_first(message);
    }
    for (std::size_t size = 0; size <= rfc_client_first.size(); ++size) {
        const std::string cut = rfc_client_first.substr(0, size);
        ScramServer server(rfc_server());
        if (std::holds_alternative<ScramContinue>(server.start({"SCRAM-SHA-256", cut})) &&
            size < rfc_client_first.size()) {
            EXPECT_NE(outcome(server.proceed(rfc_client_final)), "success");
        }
    }
}

TEST(ScramServer, HugeMessagesAreAnswered) {
    const std::string huge(1'000'000, 'a');
    EXPECT_EQ(answer_to_first("n,,n=" + huge + ",r=" + huge), "continue");
    std::string many = "n,,n=,r=a";
    for (int i = 0; i < 100'000; ++i) many += ",x=";
    EXPECT_EQ(answer_to_first(many), "continue");
    EXPECT_NE(answer_to_final("c=biws,r=" + huge + ",p=" + huge), "success");
}

}  // namespace
}  // namespace pgweir::protocol
