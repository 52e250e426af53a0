// ScramClient against ScramServer, in all combinations.
#include "scram_exchange.hpp"

namespace pgweir::protocol {
namespace {

using namespace std::string_literals;
using test::outcome;
using test::pencil;
using test::play;
using test::rfc_client_final;
using test::rfc_client_first;
using test::rfc_server;
using test::sent;

// An exchange to its end, where all has to go well.
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

}  // namespace
}  // namespace pgweir::protocol
