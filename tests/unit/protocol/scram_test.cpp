// ScramClient against ScramServer, in all combinations; each against malformed messages. What
// PostgreSQL 15 answers to each malformed client message was compared with ScramServer.
#include <gtest/gtest.h>

#include "protocol/scram_client.hpp"
#include "protocol/scram_server.hpp"

namespace pgweir::protocol {
namespace {

using namespace std::string_literals;

// Few iterations where the count does not matter.
const ScramVerifier pencil = make_scram_verifier("pencil", "0123456789abcdef", 3);
const std::vector<std::string> both_mechanisms{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"};
const std::vector<std::string> plain_mechanism{"SCRAM-SHA-256"};

std::string refusal(const ErrorReport& report) {
    EXPECT_EQ(report.severity, "FATAL");
    return report.code + " " + report.message + (report.detail.empty() ? "" : "|" + report.detail);
}

std::string outcome(const ScramReply& reply) {
    if (const auto* const report = std::get_if<ErrorReport>(&reply)) return refusal(*report);
    if (std::holds_alternative<ScramContinue>(reply)) return "continue";
    return std::holds_alternative<ScramSuccess>(reply) ? "success" : "wrong password";
}

std::string sent(const ScramReply& reply) {
    const auto* const next = std::get_if<ScramContinue>(&reply);
    EXPECT_NE(next, nullptr) << outcome(reply);
    return next != nullptr ? next->data : "";
}

std::vector<std::string> offered(const ScramServer& server) {
    return {server.mechanisms().begin(), server.mechanisms().end()};
}

// An exchange up to the server's last word.
ScramReply play(ScramServer& server, ScramClient& client) {
    auto initial = client.start(offered(server));
    if (auto* const report = std::get_if<ErrorReport>(&initial)) return *report;
    const std::string server_first = sent(server.start(std::get<SaslInitialResponse>(initial)));
    auto client_final = client.proceed(server_first);
    if (auto* const report = std::get_if<ErrorReport>(&client_final)) return *report;
    return server.proceed(std::get<std::string>(client_final));
}

// The same to its end, where all has to go well.
ScramSuccess agreed(ScramServerOptions server_options, ScramClientOptions client_options) {
    ScramServer server(std::move(server_options));
    ScramClient client(std::move(client_options));
    ScramReply reply = play(server, client);
    EXPECT_EQ(outcome(reply), "success");
    if (!std::holds_alternative<ScramSuccess>(reply)) return {};
    EXPECT_FALSE(client.finished());
    EXPECT_EQ(client.finish(std::get<ScramSuccess>(reply).data), std::nullopt);
    EXPECT_TRUE(client.finished());
    return std::get<ScramSuccess>(std::move(reply));
}

// RFC 7677, 3. (RFC 5802's vector is of SHA-1.)
const std::string rfc_nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const std::string rfc_client_first = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const std::string rfc_client_final =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

ScramServerOptions rfc_server() {
    static const ScramVerifier verifier =
        make_scram_verifier("pencil", *base64_decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
    return {.user = "user", .secrets = {verifier}, .nonce = rfc_nonce};
}

TEST(Scram, Rfc7677Vector) {
    ScramServer server(rfc_server());
    EXPECT_EQ(sent(server.start({"SCRAM-SHA-256", rfc_client_first})),
              "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
              "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    const ScramReply reply = server.proceed(rfc_client_final);
    ASSERT_EQ(outcome(reply), "success");
    EXPECT_EQ(std::get<ScramSuccess>(reply).data, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    EXPECT_EQ(std::get<ScramSuccess>(reply).keys,
              derive_scram_keys("pencil", *base64_decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096));
}

TEST(Scram, EveryCombinationAgrees) {
    const ScramKeys keys = derive_scram_keys("pencil", pencil.salt, pencil.iterations);
    for (const Secret& secret : {Secret(PlainPassword{"pencil"}), Secret(pencil)}) {
        for (const bool with_keys : {false, true}) {
            // Keys are made with one salt; a plain password's is made of the user's name.
            if (with_keys && std::holds_alternative<PlainPassword>(secret)) continue;
            for (const bool server_binds : {false, true}) {
                for (const bool client_binds : {false, true}) {
                    const auto data = [](bool binds) {
                        return binds ? std::optional(std::string(32, '\0')) : std::nullopt;
                    };
                    ScramClientOptions client{
                        .credentials = "pencil",
                        .channel_binding = data(client_binds),
                        .require_channel_binding = server_binds && client_binds};
                    if (with_keys) client.credentials = keys;
                    const ScramSuccess success = agreed(
                        {.user = "bob", .secrets = {secret}, .channel_binding = data(server_binds)},
                        std::move(client));
                    EXPECT_EQ(success.secret, 0U);
                    if (std::holds_alternative<ScramVerifier>(secret)) {
                        EXPECT_EQ(success.keys, keys);
                    }
                }
            }
        }
    }
}

TEST(Scram, KeysFoundInOneExchangeLogInElsewhere) {
    const ScramSuccess first = agreed({.secrets = {pencil}}, {.credentials = "pencil"});
    agreed({.secrets = {pencil}}, {.credentials = first.keys});
}

TEST(Scram, AnyOfSeveralSecretsLogsIn) {
    const ScramVerifier pen = make_scram_verifier("pen", pencil.salt, pencil.iterations);
    const ScramVerifier other = make_scram_verifier("other", "othersalt", 3);
    const std::vector<Secret> secrets{PlainPassword{""},
                                      parse_secret("md5" + std::string(32, '0')),
                                      PlainPassword{"a"},
                                      pencil,
                                      other,
                                      pen,
                                      PlainPassword{"b"}};
    const std::pair<std::string, std::size_t> right[] = {
        {"a", 2}, {"pencil", 3}, {"pen", 5}, {"b", 6}};
    for (const auto& [password, index] : right) {
        EXPECT_EQ(agreed({.secrets = secrets}, {.credentials = password}).secret, index);
    }
    // Its salt is not that of the first verifier.
    ScramServer server({.secrets = secrets});
    ScramClient client({.credentials = "other"});
    EXPECT_EQ(outcome(play(server, client)), "wrong password");
}

TEST(Scram, PasswordsAreNormalizedOnBothSides) {
    agreed({.secrets = {PlainPassword{"I\u00ADX"}}}, {.credentials = "\u2168"});
    agreed({.secrets = {PlainPassword{"\xff\xfe"}}}, {.credentials = "\xff\xfe"});
}

TEST(Scram, AWrongPasswordIsToldFromAMalformedMessage) {
    for (const std::string& password : {""s, "Pencil"s, "pencil "s, std::string(5000, 'x')}) {
        for (const Secret& secret : {Secret(PlainPassword{"pencil"}), Secret(pencil)}) {
            ScramServer server({.secrets = {secret}});
            ScramClient client({.credentials = password});
            EXPECT_EQ(outcome(play(server, client)), "wrong password");
        }
    }
    ScramServer server({.secrets = {pencil}});
    ScramClient client({.credentials = ScramKeys{}});
    EXPECT_EQ(outcome(play(server, client)), "wrong password");
}

// What a server says first, with the same nonce each time.
std::string first_words(const std::string& user, std::vector<Secret> secrets) {
    ScramServer server(
        {.user = user, .secrets = std::move(secrets), .nonce = std::string(24, 'x')});
    return sent(server.start({"SCRAM-SHA-256", "n,,n=,r=abc"}));
}

TEST(Scram, AnUnknownUserIsMetAsAKnownOne) {
    const std::string bob = first_words("bob", {});
    EXPECT_EQ(first_words("bob", {}), bob);
    EXPECT_EQ(first_words("bob", {PlainPassword{"x"}}), bob);
    EXPECT_EQ(first_words("bob", {PlainPassword{""}, Md5Hash{"md5"}}), bob);
    const std::string eve = first_words("eve", {});
    EXPECT_NE(eve, bob);
    const std::string real =
        first_words("bob", {ScramVerifier{.salt = std::string(scram_salt_length, 's')}});
    EXPECT_EQ(eve.size(), real.size());
    EXPECT_EQ(real.substr(real.size() - 7), ",i=4096");
    EXPECT_EQ(eve.substr(eve.size() - 7), ",i=4096");
    for (const bool mock_plain : {false, true}) {
        ScramServer server({.user = "nobody", .mock_plain = mock_plain});
        ScramClient client({.credentials = "pencil"});
        EXPECT_EQ(outcome(play(server, client)), "wrong password");
    }
}

TEST(Scram, NobodyLogsInWithAVerifierOfNoIterations) {
    ScramVerifier useless = pencil;
    useless.iterations = 0;
    ScramServer server({.secrets = {useless}});
    ScramClient client({.credentials = "pencil"});
    EXPECT_EQ(outcome(play(server, client)), "wrong password");
}

TEST(Scram, NoncesDifferEachTime) {
    EXPECT_EQ(make_scram_nonce().size(), 24U);
    EXPECT_TRUE(is_scram_printable(make_scram_nonce()));
    EXPECT_NE(make_scram_nonce(), make_scram_nonce());
}

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
    ScramServer server(rfc_server());
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
