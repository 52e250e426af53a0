#include "pool/session/catalogue.hpp"

#include <gmock/gmock.h>

#include <optional>
#include <string>

namespace pgweir::pool {
namespace {

using namespace std::string_literals;
using protocol::Effect;
using testing::ElementsAre;
using testing::IsEmpty;

std::string row_of(std::string_view name, std::optional<std::string_view> text) {
    std::string body = "\0\2"s;
    for (const std::optional<std::string_view>& value : {std::optional(name), text}) {
        body += value ? "\0\0\0"s + static_cast<char>(value->size()) : "\377\377\377\377"s;
        body += value.value_or("");
    }
    return body;
}

TEST(CatalogueQuery, IsTheOneForTheVersionThatTheServerReports) {
    EXPECT_EQ(catalogue_query("15.10 (Debian 15.10-0+deb12u1)"), protocol::catalogue_query(150000));
    EXPECT_EQ(catalogue_query("13beta1"), protocol::catalogue_query(130000));
    EXPECT_EQ(catalogue_query(""), protocol::catalogue_query(0)) << "the oldest one";
}

TEST(CatalogueReader, OfNoRowsKnowsThatNothingHasEffects) {
    const CataloguePtr catalogue = CatalogueReader().finish();
    ASSERT_NE(catalogue, nullptr);
    EXPECT_TRUE(catalogue->effects.empty());
    EXPECT_THAT(catalogue->custom_settings, IsEmpty());
}

TEST(CatalogueReader, FindsTheEffectsOfEachName) {
    CatalogueReader reader;
    reader.row(row_of("f", "SELECT lastval()"), true);
    reader.row(row_of("g", "SELECT f()"), true);
    reader.row(row_of("pure", "SELECT 1"), true);
    const CataloguePtr catalogue = reader.finish();
    EXPECT_EQ(catalogue->effects.find("f"), Effect::reads_sequence);
    EXPECT_EQ(catalogue->effects.find("g"), Effect::reads_sequence);
    EXPECT_FALSE(catalogue->effects.find("pure").any());
}

TEST(CatalogueReader, WhatTheConfigurationCallsStickyIsSoAndWhatUsesItAsWell) {
    CatalogueReader reader("do_it, Ext.do_more,,");
    reader.row(row_of("caller", "SELECT do_more(1)"), true);
    const CataloguePtr catalogue = reader.finish();
    for (const std::string_view name : {"do_it", "do_more", "caller"}) {
        EXPECT_TRUE(catalogue->effects.find(name).contains(Effect::sticky)) << name;
    }
    EXPECT_FALSE(catalogue->effects.find("ext").any());
    EXPECT_EQ(catalogue->effects.size(), 3U);
}

// The rows that have no name (protocol::catalogue_query()).
TEST(CatalogueReader, KnowsWhatPlansDependOn) {
    const auto fact = [](std::string_view text) {
        return "\0\2\377\377\377\377\0\0\0"s + static_cast<char>(text.size()) + std::string(text);
    };
    CatalogueReader reader;
    reader.row(row_of("keeps_plans", "folds_settings"), true);
    PlanFacts known{
        .functions_keep_plans = false, .folds_settings = false, .asks_for_rights = false};
    EXPECT_EQ(reader.finish()->plans, known);
    reader.row(fact("keeps_plans"), true);
    known.functions_keep_plans = true;
    EXPECT_EQ(reader.finish()->plans, known);
    reader.row(fact("asks_for_rights"), true);
    known.asks_for_rights = true;
    EXPECT_EQ(reader.finish()->plans, known);
    reader.row(fact("folds_settings"), true);
    EXPECT_EQ(reader.finish()->plans, PlanFacts());
}

TEST(CatalogueReader, ATextThatIsNotToldIsSuspect) {
    CatalogueReader reader;
    reader.row(row_of("f", std::nullopt), true);
    reader.row(row_of("empty", ""), true);
    const CataloguePtr catalogue = reader.finish();
    EXPECT_TRUE(catalogue->effects.find("f").contains(Effect::state));
    EXPECT_FALSE(catalogue->effects.find("empty").any());
}

TEST(CatalogueReader, ATextThatIsTooLongToBeHeldIsSuspect) {
    const std::string row = row_of("f", "SELECT 1");
    for (std::size_t size = 0; size < row.size(); ++size) {
        CatalogueReader reader;
        reader.row(std::string_view(row).substr(0, size), false);
        const bool has_name = size >= 7;
        const CataloguePtr catalogue = reader.finish();
        EXPECT_EQ(catalogue->effects.find("f").contains(Effect::state), has_name) << size;
    }
}

TEST(CatalogueReader, KnowsWhichCustomSettingsTheFunctionsSet) {
    CatalogueReader reader;
    reader.row(row_of("f", "BEGIN PERFORM set_config('App.User', u, false); END"), true);
    reader.row(row_of("g", "BEGIN SET app.user = 1; SET app.other = 2; END"), true);
    EXPECT_THAT(reader.finish()->custom_settings, ElementsAre("app.user", "app.other"));
}

}  // namespace
}  // namespace pgweir::pool
