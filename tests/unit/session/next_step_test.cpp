#include "pool/session/next_step.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace pgweir::pool {
namespace {

using protocol::Effect;

Pins pinned() {
    Pins pins;
    pins.add(PinReason::temporary_object);
    return pins;
}

struct Row {
    const char* name;
    Situation situation;
    NextStep step;
    friend std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }
};

class NextStepTest : public testing::TestWithParam<Row> {};

TEST_P(NextStepTest, IsTheHighestRungThatApplies) {
    EXPECT_EQ(next_step(GetParam().situation), GetParam().step);
}

INSTANTIATE_TEST_SUITE_P(
    Situations, NextStepTest,
    testing::Values(
        Row{"NothingIsSuspected", {}, NextStep::settle},
        Row{"AStateThatIsSuspectedIsAskedFor", {.suspected = Effect::state}, NextStep::ask_state},
        Row{"TheCatalogueComesBeforeTheFirstQuestion",
            {.suspected = Effect::state, .catalogue_was_asked = false},
            NextStep::read_catalogue},
        Row{"ACatalogueNeverReadIsClaimedOtherwise",
            {.catalogue_was_asked = false},
            NextStep::claim_catalogue},
        Row{"ServerThatIsKeptNeverComesFreeForTheCatalogue",
            {.pins = pinned()},
            NextStep::claim_catalogue},
        Row{"SettingsMayBeMissing", {.lacks_settings = true}, NextStep::claim_catalogue},
        Row{"AQuestionThatWasCutOffIsPutAgain", {.asks_again = true}, NextStep::ask_state},
        Row{"VerifyAsksInAnyCase", {.verifies = true}, NextStep::ask_state},
        Row{"VerifyAsksAlsoWhereNothingIsTracked",
            {.tracks = false, .verifies = true},
            NextStep::ask_state},
        Row{"NothingIsAskedWhereNothingIsTracked",
            {.tracks = false, .suspected = Effect::state, .has_statements_to_close = true},
            NextStep::settle},
        Row{"StatementsAreClosedBehindTheQuestion",
            {.has_statements_to_close = true, .may_have_channels = true},
            NextStep::close_statements},
        Row{"ChannelsMoveLastOfAll", {.may_have_channels = true}, NextStep::move_channels},
        Row{"AnIdleTimeoutIsPutOff",
            {.has_idle_session_timeout = true},
            NextStep::put_off_idle_session_timeout},
        Row{"ServerThatSomebodyKeepsForCodeKeepsItsIdleTimeout",
            {.suspected = Effect::sticky, .has_idle_session_timeout = true},
            NextStep::settle},
        Row{"InSessionPoolingOnlyAResetIsRestored",
            {.follows = false, .suspected = Effect::state, .catalogue_was_asked = false},
            NextStep::restore_settings}),
    [](const auto& row) { return row.param.name; });

TEST(NextStep, RungsAboveTheOneThatItBeginsAtAreLeftOut) {
    const Situation situation{.suspected = Effect::state, .may_have_channels = true};
    EXPECT_EQ(next_step(situation, NextStep::close_statements), NextStep::move_channels);
    EXPECT_EQ(next_step(situation, NextStep::put_off_idle_session_timeout), NextStep::settle);
    EXPECT_EQ(next_step({.follows = false}, NextStep::settle), NextStep::settle);
}

}  // namespace
}  // namespace pgweir::pool
