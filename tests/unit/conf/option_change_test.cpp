#include "conf/option_change.hpp"

#include <gmock/gmock.h>

#include "conf/loader.hpp"

namespace pgweir::conf {
namespace {

using testing::HasSubstr;

std::shared_ptr<const Config> loaded() {
    return load_text(
               "databases: {one: 'host=x', two: {host: x, pool_size: 7}}\n"
               "pool: {min_pool_size: 3}\n",
               "test")
        .config;
}

const Option& option(std::string_view path) {
    return *find_option(path);
}

TEST(OptionChange, ADatabaseWithoutAValueOfItsOwnTakesItOver) {
    const auto changed = with_option(*loaded(), option("pool.default_pool_size"), "9");
    ASSERT_TRUE(changed);
    EXPECT_EQ((*changed)->pool.default_pool_size, 9U);
    EXPECT_EQ((*changed)->databases[0].options.default_pool_size, 9U);
    EXPECT_EQ((*changed)->databases[1].options.default_pool_size, 7U);
}

TEST(OptionChange, AnOptionOfAllIsChangedAsWell) {
    const auto changed = with_option(*loaded(), option("limits.max_client_conn"), "5");
    ASSERT_TRUE(changed);
    EXPECT_EQ((*changed)->max_client_conn, 5U);
}

TEST(OptionChange, WhatTheFileCouldNotHaveIsRefused) {
    const auto not_a_duration = with_option(*loaded(), option("timeouts.query_timeout"), "soon");
    ASSERT_FALSE(not_a_duration);
    const auto too_small = with_option(*loaded(), option("pool.default_pool_size"), "2");
    ASSERT_FALSE(too_small);
    EXPECT_THAT(too_small.error().message, HasSubstr("min_pool_size"));
}

TEST(OptionChange, WhoComesInAndWhatNeedsARestartIsNotChangedByHand) {
    for (const char* const path : {"auth.type", "auth.auth_file", "listen", "workers", "http",
                                   "console.admin_users", "tls.client_tls_sslmode"}) {
        EXPECT_FALSE(can_be_changed(option(path))) << path;
    }
    for (const char* const path : {"pool.mode", "timeouts.query_timeout", "log.level",
                                   "limits.max_client_conn", "console.stats_period"}) {
        EXPECT_TRUE(can_be_changed(option(path))) << path;
    }
}

}  // namespace
}  // namespace pgweir::conf
