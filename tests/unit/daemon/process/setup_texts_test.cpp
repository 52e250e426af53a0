#include "daemon/process/setup_texts.hpp"

#include <gmock/gmock.h>

#include "conf/file/loader.hpp"

namespace pgweir::daemon {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::shared_ptr<const conf::Config> configuration_for(const FoundServer& server) {
    auto loaded = conf::load_text(setup_configuration(server), "setup");
    EXPECT_THAT(loaded.problems, IsEmpty());
    return loaded.config;
}

TEST(SetupTexts, ConfigureAServerOfTheSameMachineWithoutAPassword) {
    const auto config = configuration_for({});
    EXPECT_EQ(config->auth_type, conf::AuthType::scram_sha_256);
    EXPECT_THAT(config->users, IsEmpty());
    const conf::Database* const lookup = config->find_database(config->pool.auth_dbname);
    ASSERT_NE(lookup, nullptr);
    EXPECT_EQ(*lookup->keyword("host"), "/var/run/postgresql");
    EXPECT_EQ(*config->find_database("any")->keyword("host"), "127.0.0.1");
}

TEST(SetupTexts, GiveTheRoleAPasswordForAServerElsewhere) {
    const FoundServer server{.socket_folder = "", .host = "db1", .encrypts = true};
    EXPECT_THAT(setup_sql(server), HasSubstr("\\password pgweir"));
    EXPECT_THAT(setup_configuration(server),
                HasSubstr("pgweir: {password: \"file:/etc/pgweir/auth.secret\"}"));
    EXPECT_THAT(setup_configuration(server),
                HasSubstr("\"*\": {host: \"db1\", port: 5432, sslmode: require}"));
    EXPECT_THAT(setup_sql({}), Not(HasSubstr("\\password")));
}

TEST(SetupTexts, GoByTheUnixSocketWhereThereIsNoTcp) {
    const auto config = configuration_for({.socket_folder = "/run/pg", .host = ""});
    EXPECT_EQ(*config->find_database("any")->keyword("host"), "/run/pg");
    EXPECT_THAT(setup_configuration({.host = ""}), HasSubstr("scram-sha-256 for `local`"));
}

// What the server says of itself must not become YAML or SQL.
TEST(SetupTexts, TakeNamesAsTheyAre) {
    const FoundServer strange{.socket_folder = "/a\"b\\c${HOME}#: x",
                              .database = "a\nDROP TABLE x",
                              .version = "1\n; DROP TABLE x"};
    const auto config = configuration_for(strange);
    EXPECT_EQ(*config->find_database("pgweir_auth")->keyword("host"), "/a\"b\\c${HOME}#: x");
    EXPECT_THAT(setup_texts(strange), Not(HasSubstr("\nDROP TABLE")));
    EXPECT_THAT(setup_texts(strange), Not(HasSubstr("\n;")));
}

TEST(SetupTexts, ADatabasesNameEndsNoString) {
    const std::string sql = setup_sql({.database = "a'$$;\\"});
    EXPECT_THAT(sql, HasSubstr("<> E'a''\\x24\\x24;\\\\' THEN"));
}

TEST(SetupTexts, HaveTheConfigurationInCommentsOfTheSql) {
    const std::string texts = setup_texts({});
    EXPECT_THAT(texts, HasSubstr("COMMIT;\n"));
    const std::size_t end = texts.find("COMMIT;\n") + 8;
    EXPECT_THAT(texts.substr(end), HasSubstr("\n-- auth:\n--   type: scram-sha-256\n"));
    for (std::size_t at = texts.find('\n', end); at + 1 < texts.size();
         at = texts.find('\n', at + 1)) {
        EXPECT_EQ(texts.substr(at + 1, 2), "--") << texts.substr(at);
    }
}

}  // namespace
}  // namespace pgweir::daemon
