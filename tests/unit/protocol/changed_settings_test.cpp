#include "protocol/sql/changed_settings.hpp"

#include <gmock/gmock.h>

#include "protocol/sql/named_effects.hpp"

namespace pgweir::protocol {
namespace {

using testing::Optional;
using testing::UnorderedElementsAre;

NamedEffects database() {
    return NamedEffects::of_catalogue(std::vector<CatalogueEntry>{
        {.name = "sets", .text = "SELECT set_config('TimeZone', 'UTC', true)"},
        {.name = "orders", .text = "sets"}});
}

auto of(std::string_view sql) {
    static const NamedEffects names = database();
    return changed_settings(sql, &names);
}

TEST(ChangedSettings, AreThoseThatSetAndResetName) {
    EXPECT_THAT(of("SET TimeZone TO 'UTC'"), Optional(UnorderedElementsAre("timezone")));
    EXPECT_THAT(of("SET LOCAL app.tenant = 'a'; reset WORK_MEM;"),
                Optional(UnorderedElementsAre("app.tenant", "work_mem")));
    EXPECT_THAT(of("BEGIN; SET LOCAL ROLE a; SELECT 1"), Optional(UnorderedElementsAre("role")));
    EXPECT_THAT(of("SET TIME ZONE 'UTC'"), Optional(UnorderedElementsAre("timezone")));
}

TEST(ChangedSettings, AreThoseThatSetConfigNamesByAConstant) {
    EXPECT_THAT(of("SELECT set_config('app.tenant', $1, true)"),
                Optional(UnorderedElementsAre("app.tenant")));
    EXPECT_THAT(of("select pg_catalog.set_config(/* of */ E'search\\x5fpath', '', false), "
                   "SET_CONFIG('Role', $1, true) from t"),
                Optional(UnorderedElementsAre("search_path", "role")));
    EXPECT_THAT(of("SELECT 'set_config', \"set\" FROM t"), Optional(UnorderedElementsAre()));
}

TEST(ChangedSettings, AreNotKnownWhereOnlyRunningTheTextWouldShowThem) {
    for (const std::string_view sql :
         {"SELECT set_config('app.' || 'tenant', 'a', false)", "SELECT set_config($1, 'a', false)",
          "SELECT set_config(k, v, false) FROM prefs", "SELECT \"set_config\"('a.b', 'c', false)",
          "SELECT set_config(('a.b'), 'c', false)", "SELECT set_config", "RESET ALL", "DISCARD ALL",
          "DISCARD PLANS", "DO 'BEGIN PERFORM 1; END'", "CALL sets()", "EXECUTE s", "SELECT sets()",
          "SELECT set_limit(0.5)", "UPDATE pg_settings SET setting = '1'", "SELECT * FROM orders",
          "SELECT \"sets\"()", "SELECT 'no end",
          "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET timezone TO 'UTC' AS 'SELECT 1'"}) {
        EXPECT_EQ(of(sql), std::nullopt) << sql;
    }
    EXPECT_EQ(changed_settings("SET timezone TO 'UTC'", nullptr), std::nullopt);
}

TEST(ChangedSettings, AreNotKnownWhereAnyStatementMayChangeThem) {
    const NamedEffects names = NamedEffects::of_catalogue(std::vector<CatalogueEntry>{
        {.name = "", .text = "SELECT set_config('TimeZone', 'UTC', true)"}});
    EXPECT_EQ(changed_settings("SET work_mem = '4MB'", &names), std::nullopt);
}

}  // namespace
}  // namespace pgweir::protocol
