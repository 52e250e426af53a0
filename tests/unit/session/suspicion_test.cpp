#include "pool/session/suspicion.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pgweir::pool {
namespace {

using protocol::Effect;
using protocol::Effects;

class SuspicionTest : public testing::Test {
  protected:
    void ask_and_cut_off(unsigned times) {
        for (unsigned i = 0; i < times; ++i) {
            suspicion_.ask();
            ASSERT_TRUE(suspicion_.cut_off());
        }
    }

    Suspicion suspicion_;
};

TEST_F(SuspicionTest, TheQuestionIsAboutAllThatIsSuspected) {
    suspicion_.add(Effect::state, "set app.a to 1");
    suspicion_.add(Effect::sticky, "load 'x'");
    const Inquiry& inquiry = suspicion_.ask();
    EXPECT_EQ(inquiry.effects, Effect::state | Effect::sticky);
    EXPECT_EQ(inquiry.by, "load 'x'");
    EXPECT_FALSE(inquiry.hurried);
    EXPECT_FALSE(suspicion_.effects().any()) << "what comes now is for the next one";
    EXPECT_EQ(suspicion_.text(), "");
}

TEST_F(SuspicionTest, AnEffectOfWhichNoTextIsKnownLeavesTheTextThatThereIs) {
    suspicion_.add(Effect::state, "set app.a to 1");
    suspicion_.add(Effect::reset, {});
    EXPECT_EQ(suspicion_.text(), "set app.a to 1");
    EXPECT_EQ(suspicion_.ask().effects, Effect::state | Effect::reset);
}

TEST_F(SuspicionTest, WhatWasRemovedIsNotAskedAbout) {
    suspicion_.add(Effect::state | Effect::reset, "reset all");
    suspicion_.remove(Effect::reset);
    EXPECT_EQ(suspicion_.ask().effects, Effects(Effect::state));
}

TEST_F(SuspicionTest, TheTextIsWholeUntilTheQuestionCutsIt) {
    const std::string text(3000, 'x');
    suspicion_.add(Effect::state, text);
    EXPECT_EQ(suspicion_.text(), text);
    EXPECT_EQ(suspicion_.ask().by, text.substr(0, 1024));
}

TEST_F(SuspicionTest, AReplyIsToldByTheTextThatItAnswers) {
    suspicion_.add(Effect::state, "reset all", {.request = 4, .unsettled = 4});
    suspicion_.add(Effect::state, "set x to 1", {.request = 5, .unsettled = 4});
    suspicion_.add(Effect::state, "discard all", {.request = 8, .unsettled = 4});
    EXPECT_EQ(suspicion_.text_of({.first = 4, .behind = 5}), "reset all");
    EXPECT_EQ(suspicion_.text_of({.first = 5, .behind = 8}), "set x to 1");
    EXPECT_EQ(suspicion_.text_of({.first = 6, .behind = 8}), "");
    EXPECT_EQ(suspicion_.text_of({.first = 4, .behind = 9}), "discard all");
}

TEST_F(SuspicionTest, WhatIsBoundAnswersNothingBeforeItRuns) {
    suspicion_.add(Effect::state, "reset all", {.request = 4, .unsettled = 4, .runs = false});
    EXPECT_EQ(suspicion_.text_of({.first = 4, .behind = 6}), "");
    suspicion_.executed(4, 5);
    EXPECT_EQ(suspicion_.text_of({.first = 4, .behind = 6}), "reset all");
}

TEST_F(SuspicionTest, TextsThatAreAnsweredAreNotKept) {
    suspicion_.add(Effect::state, "reset all", {.request = 4, .unsettled = 4});
    suspicion_.add(Effect::state, "set x to 1", {.request = 5, .unsettled = 5});
    EXPECT_EQ(suspicion_.text_of({.first = 4, .behind = 5}), "");
}

TEST_F(SuspicionTest, TextsOfALongPipelineAreKeptUpToAMegabyte) {
    const std::string text(400'000, 'x');
    for (std::size_t request = 0; request < 5; ++request)
        suspicion_.add(Effect::state, text, {.request = request, .unsettled = 0});
    EXPECT_EQ(suspicion_.text_of({.first = 1, .behind = 2}), "");
    EXPECT_EQ(suspicion_.text_of({.first = 2, .behind = 3}), text);
}

// S2 of the redesign: who has a short statement_timeout and pins lost the statement.
TEST_F(SuspicionTest, AQuestionThatWasCutOffIsPutAgainAboutTheSame) {
    suspicion_.add(Effect::state, "set app.a to 1");
    suspicion_.ask();
    ASSERT_TRUE(suspicion_.cut_off());
    EXPECT_TRUE(suspicion_.asks_again());
    const Inquiry& again = suspicion_.ask();
    EXPECT_TRUE(again.hurried);
    EXPECT_EQ(again.effects, Effects(Effect::state));
    EXPECT_EQ(again.by, "set app.a to 1");
    EXPECT_FALSE(suspicion_.asks_again());
}

TEST_F(SuspicionTest, WhatIsSuspectedMeanwhileIsAskedAboutWithIt) {
    suspicion_.add(Effect::state, "set app.a to 1");
    suspicion_.ask();
    ASSERT_TRUE(suspicion_.cut_off());
    suspicion_.add(Effect::sticky, "load 'x'");
    const Inquiry& again = suspicion_.ask();
    EXPECT_EQ(again.effects, Effect::state | Effect::sticky);
    EXPECT_EQ(again.by, "load 'x'");
}

TEST_F(SuspicionTest, ItIsPutAgainTwentyTimesInARow) {
    ask_and_cut_off(20);
    suspicion_.ask();
    EXPECT_FALSE(suspicion_.cut_off());
    EXPECT_FALSE(suspicion_.asks_again());
    suspicion_.ask();
    EXPECT_TRUE(suspicion_.cut_off()) << "an answer has come in between";
}

TEST_F(SuspicionTest, WhatTheServerSaidHoldsUpToTheNextRequest) {
    EXPECT_FALSE(suspicion_.is_verified());
    suspicion_.ask();
    EXPECT_TRUE(suspicion_.is_verified());
    suspicion_.requested();
    EXPECT_FALSE(suspicion_.is_verified());
}

TEST_F(SuspicionTest, WhatIsSettledWithoutAQuestionStillTellsItsCause) {
    suspicion_.add(Effect::sticky, "load 'x'");
    suspicion_.settle();
    EXPECT_FALSE(suspicion_.effects().any());
    EXPECT_EQ(suspicion_.inquiry().by, "load 'x'");
    suspicion_.settle();
    EXPECT_EQ(suspicion_.inquiry().by, "load 'x'") << "there was nothing new";
}

TEST_F(SuspicionTest, NothingIsLeftForTheNextClient) {
    suspicion_.add(Effect::state, "set app.a to 1");
    ask_and_cut_off(1);
    suspicion_.add(Effect::sticky, "load 'x'");
    suspicion_.forget();
    EXPECT_FALSE(suspicion_.effects().any());
    EXPECT_FALSE(suspicion_.asks_again());
    EXPECT_EQ(suspicion_.text(), "");
    EXPECT_EQ(suspicion_.inquiry().by, "");
    const Inquiry& next = suspicion_.ask();
    EXPECT_FALSE(next.effects.any());
    EXPECT_FALSE(next.hurried);
}

}  // namespace
}  // namespace pgweir::pool
