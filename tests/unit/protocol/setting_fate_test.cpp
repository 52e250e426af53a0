#include "protocol/sql/setting_fate.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace pgweir::protocol {
namespace {

struct Case {
    std::string_view sql;
    std::string_view name;
    SettingFate fate;
};

class SettingFateOf : public testing::TestWithParam<Case> {};

TEST_P(SettingFateOf, TheSettingIsWhatTheLastStatementAboutItSays) {
    const auto& [sql, name, fate] = GetParam();
    EXPECT_EQ(fate_of_setting(sql, name), fate) << sql;
}

constexpr auto untouched = SettingFate::untouched;
constexpr auto set = SettingFate::set;
constexpr auto reset = SettingFate::reset;

constexpr std::array forms{
    Case{"RESET datestyle", "datestyle", reset},
    Case{"reset \"DateStyle\";", "datestyle", reset},
    Case{"reset work_mem", "datestyle", untouched},
    Case{"-- one\n/* two */ RESET/**/ALL", "datestyle", reset},
    Case{"reset time zone", "timezone", reset},
    Case{"reset app.x", "app.x", reset},
    Case{"discard all", "datestyle", reset},
    Case{"discard temp", "datestyle", untouched},
    Case{"set datestyle to default", "datestyle", reset},
    Case{"SET SESSION datestyle=DEFAULT", "datestyle", reset},
    Case{"set local datestyle to default", "datestyle", reset},
    Case{"set datestyle to 'default'", "datestyle", set},
    Case{"set datestyle to german", "datestyle", set},
    Case{"set time zone local", "timezone", reset},
    Case{"set time zone 'UTC'", "timezone", set},
    Case{"set names", "client_encoding", reset},
    Case{"set names 'LATIN1'", "client_encoding", set},
    Case{"set schema 'a'", "search_path", set},
    Case{"select set_config('datestyle', null, false)", "datestyle", untouched},
    Case{"select 'reset datestyle'", "datestyle", untouched},
    Case{"do $$ begin reset datestyle; end $$", "datestyle", untouched},
    Case{"", "datestyle", untouched},
};
INSTANTIATE_TEST_SUITE_P(Forms, SettingFateOf, testing::ValuesIn(forms));

// These were read without quotes, and with gaps that ended a name.
constexpr std::array lexical{
    Case{"set a /* x */ . b = 1", "a.b", set},
    Case{"reset a . -- x\n b", "a.b", reset},
    Case{"set session . a = 1", "session.a", set},
    Case{"set local/**/.a = 1", "local.a", set},
    Case{"set session/**/authorization/**/default", "role", reset},
    Case{"reset \"all\"", "datestyle", untouched},
    Case{"reset \"time\"", "time", reset},
    Case{"set datestyle to \"default\"", "datestyle", set},
    Case{"set datestyle to \"a;b\"", "datestyle", set},
    Case{R"(select 1 as ";"; reset "a""; reset b; ")", "b", untouched},
    Case{"select 1 as \"; reset b; \"", "b", untouched},
    Case{R"(reset U&"d\0061testyle")", "datestyle", reset},
    Case{R"(set a.b = '\'; reset c; --')", "c", untouched},
    Case{R"(set a.b = 'it\'s; reset c')", "c", untouched},
    Case{R"(set a.b = 'c:\'; reset c)", "c", reset},
    Case{"set a.b = 'x'\n'; reset c'", "c", untouched},
    Case{"set a.b = U&'\\0061'; reset c", "c", reset},
    Case{"select 1$$; reset c;$$", "c", untouched},
    Case{"select /* /* */ ; reset c; */ 1", "c", untouched},
    Case{"set; reset c", "c", reset},
};
INSTANTIATE_TEST_SUITE_P(Lexical, SettingFateOf, testing::ValuesIn(lexical));

constexpr std::array several{
    Case{"select 1; reset datestyle", "datestyle", reset},
    Case{"reset all; select 2", "datestyle", reset},
    Case{"reset all; set datestyle = 'ISO'", "datestyle", set},
    Case{"set datestyle = 'ISO';;reset datestyle;set timezone to utc", "datestyle", reset},
};
INSTANTIATE_TEST_SUITE_P(Several, SettingFateOf, testing::ValuesIn(several));

constexpr std::array identities{
    Case{"reset role", "role", reset},
    Case{"set role none", "role", set},
    Case{"set local role a", "role", set},
    Case{"set session role a", "role", set},
    Case{"reset all", "role", untouched},
    Case{"discard all", "role", reset},
    Case{"reset session authorization", "role", reset},
    Case{"set session authorization default", "role", reset},
    Case{"set session session authorization default", "role", reset},
    Case{"set local session authorization a", "session_authorization", set},
    Case{"set session authorization a", "role", set},
    Case{"set role none; reset work_mem", "role", set},
};
INSTANTIATE_TEST_SUITE_P(Identities, SettingFateOf, testing::ValuesIn(identities));

TEST(SettingFatesOf, OneReadingOfATextAnswersForAllSettings) {
    const SettingFates fates("set a.b = 1; reset c; set role none; reset all; set a.d = 2");
    EXPECT_EQ(fates.of("a.b"), reset) << "by RESET ALL";
    EXPECT_EQ(fates.of("c"), reset);
    EXPECT_EQ(fates.of("a.d"), set);
    EXPECT_EQ(fates.of("role"), set) << "RESET ALL leaves it alone";
    EXPECT_EQ(fates.of("session_authorization"), untouched);
    EXPECT_TRUE(fates.touches_all());
}

TEST(SettingFatesOf, OnlyWhatIsNamedIsTouchedWithoutAResetOfAll) {
    const SettingFates fates("set a.b = 1; set session authorization default");
    std::vector<std::string> named;
    fates.for_each_named([&](const std::string& name) { named.push_back(name); });
    EXPECT_EQ(named, (std::vector<std::string>{"a.b", "role", "session_authorization"}));
    EXPECT_FALSE(fates.touches_all());
}

TEST(SettingScopeOf, OnlyASetOrResetThatStandsAloneHasOne) {
    EXPECT_EQ(scope_of_setting("RESET work_mem"), SettingScope::session);
    EXPECT_EQ(scope_of_setting("/* a */ reset all ; -- b"), SettingScope::session);
    EXPECT_EQ(scope_of_setting("set work_mem to default"), SettingScope::session);
    EXPECT_EQ(scope_of_setting("SET LOCAL work_mem TO DEFAULT;"), SettingScope::transaction);
    EXPECT_EQ(scope_of_setting("set a.x = ';'"), SettingScope::session);
    EXPECT_EQ(scope_of_setting("; reset all"), SettingScope::session) << "one statement only";
    EXPECT_EQ(scope_of_setting("set a.x = \";\""), SettingScope::session);
    EXPECT_EQ(scope_of_setting("set local /**/ . x = 1"), SettingScope::session);
    EXPECT_EQ(scope_of_setting("reset a; reset b"), SettingScope::unknown);
    EXPECT_EQ(scope_of_setting(R"(set a.x = '\' -- ')"), SettingScope::unknown);
    EXPECT_EQ(scope_of_setting("\"reset\" a"), SettingScope::unknown);
    EXPECT_EQ(scope_of_setting("select 1"), SettingScope::unknown);
    EXPECT_EQ(scope_of_setting(""), SettingScope::unknown);
}

TEST(Chains, OnlyAnEndOfATransactionThatStandsAloneDoes) {
    EXPECT_TRUE(chains("rollback and chain"));
    EXPECT_TRUE(chains("-- all\nABORT TRANSACTION AND CHAIN;"));
    EXPECT_TRUE(chains("commit work and chain"));
    EXPECT_TRUE(chains("end and chain"));
    EXPECT_TRUE(chains(";commit/**/and/**/chain -- ;"));
    EXPECT_FALSE(chains("\"rollback\" and chain"));
    EXPECT_FALSE(chains("rollback and no chain"));
    EXPECT_FALSE(chains("rollback"));
    EXPECT_FALSE(chains("rollback to \"and chain\""));
    EXPECT_FALSE(chains("rollback and chain; reset work_mem"));
    EXPECT_FALSE(chains("select 1; rollback and chain"));
}

}  // namespace
}  // namespace pgweir::protocol
