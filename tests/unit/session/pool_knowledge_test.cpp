// What a pool knows of its database, and when that is out of date.
#include "pool/session/pool_knowledge.hpp"

#include <gmock/gmock.h>

#include <string>

namespace pgweir::pool {
namespace {

using protocol::Effect;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

/// A catalogue with one function that reads a sequence, and one that sets a custom setting.
CataloguePtr catalogue_with(bool keeps_plans) {
    const std::vector<protocol::CatalogueEntry> entries{{.name = "f", .text = "SELECT lastval()"}};
    auto catalogue = std::make_shared<Catalogue>();
    catalogue->effects = protocol::NamedEffects::of_catalogue(entries);
    catalogue->custom_settings = {"app.tenant"};
    catalogue->plans.functions_keep_plans = keeps_plans;
    return catalogue;
}

TEST(PoolKnowledge, BeginsKnowingNothingAndSupposesTheWorst) {
    const PoolKnowledge knowledge;
    EXPECT_EQ(knowledge.function_effects(), nullptr);
    EXPECT_FALSE(knowledge.catalogue_was_asked());
    EXPECT_TRUE(knowledge.plan_facts().functions_keep_plans);
    EXPECT_FALSE(knowledge.lacks_settings());
    EXPECT_FALSE(knowledge.lacks_room_for_settings());
    EXPECT_THAT(knowledge.custom_settings(), IsEmpty());
}

TEST(PoolKnowledge, ACatalogueThatIsCurrentTellsWhatFunctionsDo) {
    PoolKnowledge knowledge;
    knowledge.learn(catalogue_with(false), true);
    EXPECT_TRUE(knowledge.catalogue_was_asked());
    ASSERT_NE(knowledge.function_effects(), nullptr);
    EXPECT_EQ(knowledge.function_effects()->find("f"), Effect::reads_sequence);
    EXPECT_FALSE(knowledge.plan_facts().functions_keep_plans);
    EXPECT_THAT(knowledge.custom_settings(), ElementsAre("app.tenant"));
    knowledge.learn(catalogue_with(true), true);
    EXPECT_TRUE(knowledge.plan_facts().functions_keep_plans);
}

TEST(PoolKnowledge, ACatalogueThatHasChangedMeanwhileTellsNamesOfSettingsAlone) {
    PoolKnowledge knowledge;
    knowledge.learn(catalogue_with(false), true);
    knowledge.learn(catalogue_with(false), false);
    EXPECT_TRUE(knowledge.catalogue_was_asked());
    EXPECT_EQ(knowledge.function_effects(), nullptr);
    EXPECT_TRUE(knowledge.plan_facts().functions_keep_plans);
    EXPECT_THAT(knowledge.custom_settings(), ElementsAre("app.tenant"));
}

TEST(PoolKnowledge, AnAnswerThatFailedCountsAsAskedAndTellsNothing) {
    PoolKnowledge knowledge;
    knowledge.learn(catalogue_with(false), true);
    knowledge.learn(nullptr, true);
    EXPECT_TRUE(knowledge.catalogue_was_asked());
    EXPECT_EQ(knowledge.function_effects(), nullptr);
    EXPECT_TRUE(knowledge.plan_facts().functions_keep_plans);
}

TEST(PoolKnowledge, AChangeMakesOutOfDateWhatWasReadUntilItIsReadAgain) {
    struct Case {
        CatalogueChange how;
        bool lacks_settings;
    };
    for (const Case& each :
         {Case{CatalogueChange::seen, false}, Case{CatalogueChange::unseen, true}}) {
        PoolKnowledge knowledge;
        knowledge.learn(catalogue_with(false), true);
        knowledge.forget_catalogue(each.how);
        EXPECT_EQ(knowledge.function_effects(), nullptr);
        EXPECT_TRUE(knowledge.plan_facts().functions_keep_plans);
        EXPECT_TRUE(knowledge.catalogue_was_asked());
        EXPECT_EQ(knowledge.lacks_settings(), each.lacks_settings);
        knowledge.forget_catalogue(CatalogueChange::seen);
        EXPECT_EQ(knowledge.lacks_settings(), each.lacks_settings) << "a later one mends nothing";
        knowledge.learn(catalogue_with(false), false);
        EXPECT_EQ(knowledge.lacks_settings(), each.lacks_settings) << "it was read too early";
        knowledge.learn(catalogue_with(false), true);
        EXPECT_FALSE(knowledge.lacks_settings());
        EXPECT_NE(knowledge.function_effects(), nullptr);
    }
}

// The catalogue belongs to the effects: whoever has these may go on while the knowledge changes.
TEST(PoolKnowledge, WhatIsInUseOutlivesWhatIsForgotten) {
    PoolKnowledge knowledge;
    knowledge.learn(catalogue_with(false), true);
    const auto in_use = knowledge.function_effects();
    knowledge.forget_catalogue(CatalogueChange::seen);
    EXPECT_EQ(in_use->find("f"), Effect::reads_sequence);
}

TEST(PoolKnowledge, CustomSettingsAreNotedOnceAndTheOldestGiveWayToTooMany) {
    PoolKnowledge knowledge;
    knowledge.note_custom_setting("app.first");
    knowledge.note_custom_setting("app.first");
    EXPECT_THAT(knowledge.custom_settings(), ElementsAre("app.first"));
    for (std::size_t i = 1; i < PoolKnowledge::most_settings; ++i)
        knowledge.note_custom_setting("app.x" + std::to_string(i));
    EXPECT_FALSE(knowledge.lacks_room_for_settings());
    EXPECT_THAT(knowledge.custom_settings(), Contains("app.first"));
    knowledge.note_custom_setting("app.last");
    EXPECT_TRUE(knowledge.lacks_room_for_settings());
    EXPECT_THAT(knowledge.custom_settings(), SizeIs(PoolKnowledge::most_settings));
    EXPECT_THAT(knowledge.custom_settings(), Not(Contains("app.first")));
    EXPECT_THAT(knowledge.custom_settings(), Contains("app.last"));
}

TEST(PoolKnowledge, EqualStatementsAreOneObject) {
    PoolKnowledge knowledge;
    const StatementPtr one = knowledge.statements().intern("SELECT 1", {}, {});
    EXPECT_EQ(knowledge.statements().intern("SELECT 1", {}, {}), one);
}

}  // namespace
}  // namespace pgweir::pool
