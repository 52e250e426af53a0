#include "pool/session/plan_owner.hpp"

#include <gtest/gtest.h>

#include <cstdint>

#include "protocol/sql/named_effects.hpp"

namespace pgweir::pool {
namespace {

using protocol::Effect;

constexpr std::uint64_t ann = 1;
constexpr std::uint64_t bob = 2;
constexpr PlanFacts everything{};
constexpr PlanFacts nothing{
    .functions_keep_plans = false, .folds_settings = false, .asks_for_rights = false};

PlanOwner::Request setting(std::uint64_t client, std::string_view text) {
    return {.client = client,
            .effects = protocol::look_at(text, nullptr),
            .text = text,
            .has_no_transaction = true,
            .facts = everything};
}

TEST(PlanOwner, PlansOfANewSessionAreNobodys) {
    const PlanOwner plans;
    EXPECT_FALSE(plans.are_of_another_than(ann));
}

TEST(PlanOwner, PlansAreOfTheClientThatChangedSettingsForATime) {
    PlanOwner plans;
    plans.changed_by(ann);
    EXPECT_FALSE(plans.are_of_another_than(ann));
    EXPECT_TRUE(plans.are_of_another_than(bob));
    plans.discarded_for(bob);
    EXPECT_FALSE(plans.are_of_another_than(bob));
    EXPECT_FALSE(plans.are_of_another_than(ann)) << "there are none";
    plans.lost_track();
    EXPECT_TRUE(plans.are_of_another_than(ann));
    plans.discarded();
    EXPECT_FALSE(plans.are_of_another_than(ann));
}

TEST(PlanOwner, ClientThatIsAloneDiscardsNothing) {
    PlanOwner plans;
    plans.used_by(ann);
    EXPECT_FALSE(plans.must_discard_for(setting(ann, "set timezone to 'UTC'")));
    plans.used_by(bob);
    EXPECT_TRUE(plans.must_discard_for(setting(ann, "set timezone to 'UTC'")));
    plans.discarded_for(ann);
    EXPECT_FALSE(plans.must_discard_for(setting(ann, "set timezone to 'UTC'")));
    EXPECT_TRUE(plans.must_discard_for(setting(bob, "set timezone to 'UTC'")));
}

TEST(PlanOwner, NothingIsPutInFrontInATransaction) {
    PlanOwner plans;
    plans.used_by(ann);
    PlanOwner::Request request = setting(bob, "set timezone to 'UTC'");
    request.has_no_transaction = false;
    EXPECT_FALSE(plans.must_discard_for(request));
}

TEST(PlanOwner, WhereNothingKeepsAPlanNothingIsDiscarded) {
    PlanOwner plans;
    plans.used_by(ann);
    PlanOwner::Request request = setting(bob, "set timezone to 'UTC'");
    request.has_plans = false;
    EXPECT_FALSE(plans.must_discard_for(request));
    const protocol::NamedEffects none;
    const PlanOwner::Request harmless{.client = bob,
                                      .effects = request.effects,
                                      .text = "set application_name to 'x'",
                                      .has_no_transaction = true,
                                      .facts = nothing,
                                      .names = &none};
    EXPECT_FALSE(plans.must_discard_for(harmless)) << "no plan depends on that";
}

// A backend that has had temporary objects does not look for tables anew when it gets one.
TEST(PlanOwner, FirstTemporaryTableOfAClientOnAUsedBackendDiscardsPlans) {
    PlanOwner plans;
    plans.used_by(ann);
    PlanOwner::Request request = setting(ann, "create temp table t (a int)");
    EXPECT_FALSE(plans.must_discard_for(request)) << "PostgreSQL sees to it";
    request.had_temporary = true;
    EXPECT_TRUE(plans.must_discard_for(request));
    request.status = protocol::TransactionStatus::failed;
    EXPECT_FALSE(plans.must_discard_for(request));
    request.status = protocol::TransactionStatus::in_transaction;
    EXPECT_TRUE(plans.must_discard_for(request));
    request.has_temporary = true;
    EXPECT_FALSE(plans.must_discard_for(request));
}

TEST(PlanOwner, WhatRunsAloneRunsBehindNothing) {
    PlanOwner plans;
    plans.used_by(ann);
    EXPECT_FALSE(plans.must_discard_for(setting(bob, "discard all")));
}

}  // namespace
}  // namespace pgweir::pool
