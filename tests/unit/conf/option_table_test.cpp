#include "conf/options/option_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "conf/file/loader.hpp"
#include "conf/options/difference.hpp"
#include "conf/options/reference.hpp"
#include "corpus.hpp"

namespace pgweir::conf {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(OptionTable, HasEachNameOnceInEachPlace) {
    std::set<std::string_view> paths;
    std::set<std::string_view> in_databases;
    std::set<std::string_view> in_users;
    for (const Option& option : options()) {
        EXPECT_TRUE(paths.insert(option.path).second) << option.path;
        const std::string_view name = option.name_in_entry();
        EXPECT_TRUE(!option.per_database || in_databases.insert(name).second) << name;
        EXPECT_TRUE(!option.per_user() || in_users.insert(name).second) << name;
    }
}

TEST(OptionTable, HasTheDefaultsOfTheStructures) {
    const Config defaults;
    for (const Option& option : options()) {
        const Result<Value> value = parse_value(option, option.default_text);
        ASSERT_TRUE(value) << option.path << ": " << value.error().message;
        // A Config made by hand listens nowhere; the loader fills this default in.
        if (option.path == "listen") continue;
        EXPECT_TRUE(*value == get(option, defaults)) << option.path;
    }
}

TEST(OptionTable, ExplainsEveryOptionInASentence) {
    for (const Option& option : options()) {
        EXPECT_TRUE(option.sentence.ends_with('.')) << option.path;
        EXPECT_FALSE(type_in_words(option).empty()) << option.path;
    }
}

TEST(OptionTable, OffersToDatabasesOnlyWhatADatabaseCanHold) {
    for (const Option& option : options()) {
        EXPECT_TRUE(!option.per_database || std::holds_alternative<PoolMember>(option.member))
            << option.path;
    }
}

TEST(OptionTable, ReadsBackWhatItFormats) {
    for (const Option& option : options()) {
        const Value value = *parse_value(option, option.default_text);
        EXPECT_TRUE(*parse_value(option, format_value(option, value)) == value) << option.path;
    }
}

TEST(OptionTable, ShowsNothingOfASecretOption) {
    constexpr Option secret{
        .path = "a.key", .member = &Config::max_client_conn, .range = {1, 9}, .secret = true};
    EXPECT_EQ(format_value(secret, Value{5U}), "(secret)");
    EXPECT_EQ(parse_value(secret, "hunter2").error().message, "not a valid value");
}

std::shared_ptr<const Config> load(std::string_view text) {
    const LoadResult result = load_text(text, "f");
    for (const Problem& problem : result.problems) ADD_FAILURE() << problem.to_string();
    return result.config;
}

TEST(Example, LoadsAndEqualsTheDefaults) {
    const auto config = load(example());
    ASSERT_NE(config, nullptr);
    const auto defaults = load("databases: {\"*\": {host: 127.0.0.1, port: 5432}}");
    EXPECT_TRUE(*config == *defaults);
    EXPECT_TRUE(config->pool == PoolOptions{});
}

/// Compares a committed file with what the generator says today; PGWEIR_REGENERATE=1 in the
/// environment writes it instead.
void expect_generated(const std::string& name, const std::string& text) {
    const std::filesystem::path path = std::filesystem::path{PGWEIR_CONF_FOLDER} / name;
    if (std::getenv("PGWEIR_REGENERATE") != nullptr) {
        std::ofstream{path, std::ios::binary} << text;
        return;
    }
    EXPECT_TRUE(corpus::read(path) == text)
        << path << " is not what the option table says. Run: PGWEIR_REGENERATE=1 conf_test "
        << "--gtest_filter='*.MatchesTheCommittedFile'";
}

TEST(Example, MatchesTheCommittedFile) {
    expect_generated("example.yaml", example());
}

TEST(Reference, MatchesTheCommittedFile) {
    expect_generated("reference.md", reference());
}

TEST(Reference, NamesEveryOption) {
    const std::string text = reference();
    for (const Option& option : options()) {
        EXPECT_NE(text.find('`' + std::string{option.path} + '`'), std::string::npos);
    }
}

TEST(Difference, OfEqualConfigurationsIsEmpty) {
    const auto config = load(example());
    EXPECT_TRUE(difference(*config, *config).empty());
}

TEST(Difference, NamesTheFilesOfWhichTheContentHasChanged) {
    const auto before = load(example());
    Config after = *before;
    std::vector<Problem> problems;
    after.userlist["ann"] = "secret";
    after.hba = Hba::parse("local all all trust\n", "hba", problems);
    after.ident_maps = IdentMaps::parse("map root ann\n", "ident", problems);
    EXPECT_THAT(problems, IsEmpty());
    const Difference found = difference(*before, after);
    EXPECT_THAT(found.changes, ElementsAre("auth.auth_file: its content has changed",
                                           "auth.auth_hba_file: its rules have changed",
                                           "auth.auth_ident_file: its maps have changed"));
    EXPECT_THAT(found.needs_restart, IsEmpty());
}

TEST(Difference, NamesEachChangeOnceAndWhatNeedsARestart) {
    const auto before = load(R"(
listen: ["127.0.0.1:6432"]
databases:
  app: {host: a, password: old}
  gone: ""
  slow: {query_timeout: 1h}
users: {ann: {pool_size: 3}}
)");
    const auto after = load(R"(
listen: ["127.0.0.1:6432", /tmp]
workers: 4
timeouts: {query_timeout: 30s}
databases:
  app: {host: b, password: new, user: u, pool_size: 5}
  fresh: ""
  slow: {query_timeout: 2h}
users: {ann: {query_timeout: 5s}, bob: {}}
)");
    const Difference found = difference(*before, *after);
    EXPECT_THAT(
        found.changes,
        ElementsAre("listen: 127.0.0.1:6432 -> 127.0.0.1:6432, /tmp:6432", "workers: auto -> 4",
                    "timeouts.query_timeout: 0 -> 30s", "databases.app.host: a -> b",
                    "databases.app.password: (secret) -> (secret)",
                    "databases.app.user: (unset) -> u", "databases.app.pool_size: 20 -> 5",
                    "databases.fresh: added", "databases.gone: removed",
                    "databases.slow.query_timeout: 1h -> 2h", "users.ann.pool_size: 3 -> (unset)",
                    "users.ann.query_timeout: (unset) -> 5s", "users.bob: added"));
    EXPECT_THAT(
        found.needs_restart,
        ElementsAre("listen: 127.0.0.1:6432 -> 127.0.0.1:6432, /tmp:6432", "workers: auto -> 4"));
    EXPECT_TRUE(found.needs_restart_for("workers: auto -> 4"));
    EXPECT_FALSE(found.needs_restart_for("databases.fresh: added"));
}

}  // namespace
}  // namespace pgweir::conf
