#include "conf/access/userlist.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "conf/file/loader.hpp"

namespace pgweir::conf {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

struct Parsed {
    Userlist users;
    std::vector<std::string> problems;
};

Parsed parse(std::string_view text) {
    Reporter reporter{"users"};
    Parsed parsed{.users = parse_userlist(text, reporter)};
    for (const Problem& problem : reporter.take()) parsed.problems.push_back(problem.to_string());
    return parsed;
}

TEST(ParseUserlist, ReadsNamesAndSecrets) {
    const Parsed parsed = parse(
        "\"ann\" \"plain\"\n"
        "\"bob\"\t\"md5d9a66ab4a0ce1d4e1b6e0a5d5d5a7d3f\" whatever follows\n"
        "\"eve\" \"\"\r\n"
        "\"last\" \"no line break\"");
    EXPECT_THAT(parsed.problems, IsEmpty());
    EXPECT_THAT(parsed.users, ElementsAre(Pair("ann", "plain"),
                                          Pair("bob", "md5d9a66ab4a0ce1d4e1b6e0a5d5d5a7d3f"),
                                          Pair("eve", ""), Pair("last", "no line break")));
}

TEST(ParseUserlist, TakesTwoQuotesForOne) {
    const Parsed parsed = parse("\"a\"\"b\" \"\"\"c\"\"\"\n");
    EXPECT_THAT(parsed.users, ElementsAre(Pair("a\"b", "\"c\"")));
}

TEST(ParseUserlist, PassesOverWhatDoesNotBeginWithAQuote) {
    const Parsed parsed = parse("; a comment\n\n# another\nann secret\n\"ann\" \"x\"\n");
    EXPECT_THAT(parsed.problems, IsEmpty());
    EXPECT_THAT(parsed.users, ElementsAre(Pair("ann", "x")));
}

TEST(ParseUserlist, NamesEveryProblemWithItsPlaceAndNoSecret) {
    const Parsed parsed = parse(
        "\"ann\" \"hunter2\n"
        "\"bob\" hunter2\n"
        "\"eve\n"
        "\"\" \"hunter2\"\n"
        "\"dup\" \"hunter2\"\n"
        "\"dup\" \"hunter3\"\n"
        "  \"indented\" \"hunter2\"\n"
        "\"only\"\n");
    EXPECT_THAT(
        parsed.problems,
        ElementsAre(
            "users:1:7: expected the secret of user \"ann\" in double quotes, with a closing one",
            "users:2:7: expected the secret of user \"bob\" in double quotes, with a closing one",
            "users:3:1: the name of the user has no closing quote",
            "users:4:1: a name must have 1 to 127 characters",
            "users:6:1: user \"dup\" comes twice",
            "users:7:1: a user must stand at the beginning of the line",
            "users:8:7: expected the secret of user \"only\" in double quotes, with a closing "
            "one"));
}

TEST(ParseUserlist, RefusesWhatNoUserCanHave) {
    EXPECT_THAT(parse('"' + std::string(127, 'n') + "\" \"x\"").problems, IsEmpty());
    EXPECT_EQ(parse('"' + std::string(128, 'n') + "\" \"x\"").problems.size(), 1U);
    EXPECT_THAT(parse("\"n\" \"" + std::string(2047, 'x') + '"').problems, IsEmpty());
    EXPECT_EQ(parse("\"n\" \"" + std::string(2048, 'x') + '"').problems.size(), 1U);
    EXPECT_EQ(parse(std::string_view("\"n\" \"a\0b\"", 9)).problems.size(), 1U);
}

// A file of the test's own that goes with it.
class AuthFile : public testing::Test {
  protected:
    AuthFile() { std::filesystem::create_directories(folder); }
    void TearDown() override { std::filesystem::remove_all(folder); }

    [[nodiscard]] std::string write(const std::string& name, std::string_view text) const {
        std::ofstream{folder / name, std::ios::binary} << text;
        return (folder / name).string();
    }
    static std::vector<std::string> problems_of(const std::string& yaml) {
        std::vector<std::string> texts;
        for (const Problem& problem : load_text(yaml, "f").problems)
            texts.push_back(problem.to_string());
        return texts;
    }

    std::filesystem::path folder = std::filesystem::path{testing::TempDir()} /
                                   ("pgweir-userlist-" + std::to_string(::getpid()));
    const std::string databases = "databases: {app: {host: a}}\n";
};

TEST_F(AuthFile, GivesItsSecretsBehindThoseOfTheConfiguration) {
    const std::string path = write("users", "\"ann\" \"third\"\n\"bob\" \"other\"\n\"nil\" \"\"\n");
    const auto config = load_text("auth: {auth_file: " + path +
                                      "}\nusers: {ann: {password: [first, second]}}\n" + databases,
                                  "f")
                            .config;
    ASSERT_NE(config, nullptr);
    EXPECT_THAT(config->secrets_of("ann"), ElementsAre("first", "second", "third"));
    EXPECT_THAT(config->secrets_of("bob"), ElementsAre("other"));
    EXPECT_THAT(config->secrets_of("nil"), IsEmpty());
    EXPECT_THAT(config->secrets_of("nobody"), IsEmpty());
}

TEST_F(AuthFile, ThatIsWrongIsAProblemOfThatFile) {
    const std::string path = write("users", "\"ann\n");
    EXPECT_THAT(problems_of("auth: {auth_file: " + path + "}\n" + databases),
                ElementsAre(path + ":1:1: the name of the user has no closing quote"));
}

TEST_F(AuthFile, ThatIsNotThereIsAProblemOfTheConfiguration) {
    EXPECT_THAT(
        problems_of("auth: {auth_file: /nowhere/users}\n" + databases),
        ElementsAre(testing::StartsWith("f:1:19: auth_file: cannot read \"/nowhere/users\": ")));
}

TEST_F(AuthFile, PasswordsOfUsersComeFromFilesAndTheEnvironment) {
    const std::string path = write("secret", "from-a-file\n");
    ::setenv("PGWEIR_TEST_PASSWORD", "from the environment", 1);
    const auto config = load_text("users: {ann: {password: [\"file:" + path +
                                      "\", \"${PGWEIR_TEST_PASSWORD}\"]}}\n" + databases,
                                  "f")
                            .config;
    ASSERT_NE(config, nullptr);
    EXPECT_THAT(config->secrets_of("ann"), ElementsAre("from-a-file", "from the environment"));
}

TEST_F(AuthFile, AnEmptyPasswordIsAProblem) {
    EXPECT_THAT(problems_of("users: {ann: {password: \"\"}}\n" + databases),
                ElementsAre("f:1:25: password: the password is empty"));
    EXPECT_THAT(problems_of("users: {ann: {password: {a: b}}}\n" + databases),
                ElementsAre("f:1:25: password: expected a password or a list of passwords, found a "
                            "map"));
}

TEST_F(AuthFile, MethodsAndTlsNeedWhatTheyWorkWith) {
    EXPECT_THAT(problems_of("auth: {type: hba}\n" + databases),
                ElementsAre("f:1:14: type: hba needs auth_hba_file"));
    EXPECT_THAT(problems_of("auth: {type: cert}\n" + databases),
                ElementsAre("f:1:14: type: cert needs TLS for clients with client_tls_ca_file"));
    EXPECT_THAT(problems_of("auth: {type: peer}\n" + databases),
                ElementsAre("f:1:14: type: peer works over Unix sockets, and listen has none"));
    EXPECT_THAT(
        problems_of("tls: {client_tls_sslmode: verify-full}\n" + databases),
        ElementsAre("f:1:27: client_tls_sslmode: TLS for clients needs client_tls_key_file",
                    "f:1:27: client_tls_sslmode: TLS for clients needs client_tls_cert_file",
                    "f:1:27: client_tls_sslmode: TLS for clients needs client_tls_ca_file, to "
                    "verify certificates of clients"));
}

}  // namespace
}  // namespace pgweir::conf
