// Which settings plans depend on.
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "pool/session/session_settings.hpp"

namespace pgweir::pool {
namespace {

SessionSettings of(std::vector<Parameter> values) {
    return SessionSettings(normalise(std::move(values)));
}

constexpr PlanFacts harmless{
    .functions_keep_plans = true, .folds_settings = false, .asks_for_rights = false};
constexpr PlanFacts with_rights{
    .functions_keep_plans = true, .folds_settings = false, .asks_for_rights = true};

TEST(PlansMayDiffer, WhereASettingDoesThatPostgresqlDoesNotLookAt) {
    const auto differ = [](std::vector<Parameter> from, std::vector<Parameter> to) {
        return plans_may_differ(of(std::move(from)), of(std::move(to)), harmless);
    };
    EXPECT_TRUE(differ({}, {{"datestyle", "ISO, DMY"}}));
    EXPECT_TRUE(differ({{"timezone", "UTC"}}, {}));
    EXPECT_TRUE(differ({{"timezone", "UTC"}}, {{"timezone", "CET"}}));
    EXPECT_FALSE(differ({{"timezone", "UTC"}}, {{"timezone", "UTC"}}));
    EXPECT_FALSE(differ({{"shop.tenant", "a"}}, {{"shop.tenant", "b"}}));
    EXPECT_FALSE(differ({{"application_name", "x"}, {"role", "a"}, {"search_path", "a"}},
                        {{"session_authorization", "b"}, {"statement_timeout", "1"}}));
}

// What a function called IMMUTABLE reads is in the plan; so is a right that was asked for once.
TEST(PlansMayDiffer, ByWhatTheDatabasesFunctionsDo) {
    for (const std::string_view setting : {"application_name", "role", "shop.tenant"}) {
        const auto from = of({{std::string(setting), "a"}});
        const auto to = of({{std::string(setting), "b"}});
        EXPECT_FALSE(plans_may_differ(from, to, harmless)) << setting;
        EXPECT_EQ(plans_may_differ(from, to, with_rights), setting == "role") << setting;
        EXPECT_TRUE(plans_may_differ(from, to, PlanFacts())) << setting;
    }
}

TEST(MayChangePlans, WhereATextChangesASettingThatTheyDependOnOrAnyOne) {
    const protocol::NamedEffects names;
    const auto may = [&](std::string_view sql, const PlanFacts& facts) {
        return may_change_plans(sql, facts, &names);
    };
    for (const std::string_view sql :
         {"SET search_path TO a", "SET LOCAL statement_timeout = 5", "SET app.tenant = 'a'",
          "SET LOCAL ROLE a", "SET application_name TO x", "RESET search_path",
          "SELECT set_config('role', $1, true), set_config('app.tenant', $2, true)"}) {
        EXPECT_FALSE(may(sql, harmless)) << sql;
        EXPECT_TRUE(may(sql, PlanFacts())) << sql;
        EXPECT_TRUE(may_change_plans(sql, harmless, nullptr)) << sql;
    }
    for (const std::string_view sql :
         {"SET TimeZone TO 'UTC'", "SET LOCAL datestyle = 'German'", "RESET timezone", "RESET ALL",
          "DISCARD ALL", "SELECT set_config('timezone', 'UTC', true)",
          "SELECT set_config($1, '', true)", "SET search_path TO a; SET TimeZone TO 'UTC'"}) {
        EXPECT_TRUE(may(sql, harmless)) << sql;
    }
    EXPECT_TRUE(may("SET LOCAL ROLE a", with_rights));
}

}  // namespace
}  // namespace pgweir::pool
