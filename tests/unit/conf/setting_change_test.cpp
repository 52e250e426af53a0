#include "conf/options/setting_change.hpp"

#include <gmock/gmock.h>

#include "conf/file/loader.hpp"

namespace pgweir::conf {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::shared_ptr<const Config> loaded() {
    return load_text(
               "databases: {one: 'host=x sslmode=require', two: {host: x, pool_size: 7}}\n"
               "pool: {min_pool_size: 3}\n",
               "test")
        .config;
}

Result<SettingChange> changed(std::string_view name, std::string_view text) {
    return with_setting(*loaded(), *find_named_setting(name), text);
}

TEST(SettingChange, ADatabaseWithoutAValueOfItsOwnTakesItOver) {
    const auto change = changed("default_pool_size", "9");
    ASSERT_TRUE(change);
    EXPECT_EQ(change->config->pool.default_pool_size, 9U);
    EXPECT_EQ(change->config->databases[0].options.default_pool_size, 9U);
    EXPECT_EQ(change->config->databases[1].options.default_pool_size, 7U);
}

TEST(SettingChange, TheNameDecidesWhichNotationComesFirst) {
    using std::chrono::milliseconds;
    EXPECT_EQ(changed("server_lifetime", "2")->config->pool.server_lifetime, milliseconds(2'000));
    EXPECT_EQ(changed("server_lifetime", "2min")->config->pool.server_lifetime,
              milliseconds(120'000));
    EXPECT_EQ(changed("server_lifetime", "0")->config->pool.server_lifetime, milliseconds(1));
    EXPECT_EQ(changed("timeouts.server_lifetime", "0")->config->pool.server_lifetime,
              milliseconds(0));
    EXPECT_EQ(changed("verbose", "2")->config->log_level, LogLevel::trace);
    EXPECT_EQ(changed("log.level", "debug")->config->log_level, LogLevel::debug);
    EXPECT_FALSE(changed("log_connections", "0")->config->log_connections);
}

TEST(SettingChange, AKeywordIsChangedInEveryDatabase) {
    const auto change = changed("server_tls_sslmode", "Verify-Full");
    ASSERT_TRUE(change);
    for (const Database& database : change->config->databases) {
        ASSERT_NE(database.keyword("sslmode"), nullptr);
        EXPECT_EQ(*database.keyword("sslmode"), "verify-full");
    }
    const auto versions = changed("server_tls_protocols", "tlsv1.2");
    EXPECT_EQ(*versions->config->databases[0].keyword("ssl_max_protocol_version"), "TLSv1.2");
    EXPECT_EQ(changed("server_tls_sslmode", "")->config->databases[0].keyword("sslmode"), nullptr);
}

TEST(SettingChange, WhatTheFileCouldNotHaveIsRefused) {
    EXPECT_THAT(changed("query_timeout", "soon").error().message, HasSubstr("soon"));
    EXPECT_THAT(changed("auth_type", "ldap").error().message, HasSubstr("ldap"));
    EXPECT_THAT(changed("auth_type", "gss").error().message, HasSubstr("gss"));
    EXPECT_THAT(changed("auth_type", "hba").error().message, HasSubstr("auth_hba_file"));
    EXPECT_THAT(changed("auth_file", "/none").error().message, HasSubstr("cannot read"));
    EXPECT_THAT(changed("client_tls_sslmode", "require").error().message, HasSubstr("key_file"));
    EXPECT_THAT(changed("server_tls_sslmode", "maybe").error().message, HasSubstr("sslmode"));
    EXPECT_FALSE(changed("reserve_pool_size", "some"));
}

// It made a configuration of pgweir's own strict, which had not asked for that.
TEST(SettingChange, WhatIsHbaAlreadyStaysAsStrictAsItWas) {
    Config config = *loaded();
    config.auth_type = AuthType::hba;
    config.hba = std::make_shared<const Hba>();
    const auto change = with_setting(config, *find_named_setting("auth_type"), "hba");
    ASSERT_TRUE(change) << change.error().message;
    EXPECT_FALSE(change->config->known_users_only);
}

TEST(SettingChange, WhatHasNoEffectSaysSoWhereSomethingIsMissing) {
    EXPECT_THAT(changed("scram_iterations", "5000")->warning, HasSubstr("not supported"));
    EXPECT_THAT(changed("auth_dbname", "none")->warning, HasSubstr("not configured"));
    EXPECT_THAT(changed("listen_port", "7000")->warning, HasSubstr("restart"));
    EXPECT_THAT(changed("scram_iterations", "4096")->warning, IsEmpty());
    EXPECT_THAT(changed("pkt_buf", "2048")->warning, IsEmpty());
    EXPECT_THAT(changed("query_timeout", "1")->warning, IsEmpty());
}

// It reached databases only where they may have the option themselves, and these cannot.
TEST(SettingChange, AUsersLimitReachesTheDatabases) {
    const auto config = changed("max_user_client_connections", "2")->config;
    EXPECT_EQ(config->databases.at(0).options.max_user_client_connections, 2U);
}

TEST(SettingChange, WhatNeedsARestartIsNotChangedByPgweirsName) {
    for (const char* const name : {"listen", "workers", "http"}) {
        EXPECT_FALSE(can_be_changed(*find_named_setting(name))) << name;
    }
    for (const char* const name : {"pool.mode", "query_timeout", "verbose", "auth_type"}) {
        EXPECT_TRUE(can_be_changed(*find_named_setting(name))) << name;
    }
    EXPECT_FALSE(find_named_setting("mode"));
}

TEST(SettingChange, WhatMayLetSomebodyInIsKnown) {
    for (const char* const name :
         {"auth_type", "auth_user", "auth_hba_file", "auth.auth_failure_limit", "admin_users",
          "stats_users", "client_tls_sslmode", "tls.client_tls_crl_file"}) {
        EXPECT_TRUE(decides_who_comes_in(*find_named_setting(name))) << name;
    }
    for (const char* const name : {"pool_mode", "server_tls_sslmode", "reserve_pool_size"}) {
        EXPECT_FALSE(decides_who_comes_in(*find_named_setting(name))) << name;
    }
}

}  // namespace
}  // namespace pgweir::conf
