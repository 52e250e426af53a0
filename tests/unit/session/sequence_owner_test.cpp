#include "pool/session/sequence_owner.hpp"

#include <gmock/gmock.h>

#include <cstdint>
#include <string>

namespace pgweir::pool {
namespace {

using namespace std::chrono_literals;
using protocol::Effect;
using protocol::Effects;
using Rest = SequenceOwner::Rest;
using TimePoint = SequenceOwner::TimePoint;

constexpr std::uint64_t ann = 1;
constexpr std::uint64_t bob = 2;
constexpr std::uint64_t eve = 3;
constexpr Effects reads = Effect::reads_sequence;
constexpr Effects gets = Effect::advances_sequence;
constexpr Effects runs_code = gets | Effect::state;
constexpr TimePoint start{1h};

// A program of which it is known whether it reads; remembers what it is told.
class Program : public SequenceReader {
  public:
    bool got_value() override {
        told += "got ";
        return may_read_next;
    }
    void may_read() override { told += "may_read "; }
    void has_read() override { told += "has_read "; }
    bool expects() override {
        told += "expects? ";
        return expects_value;
    }
    bool reads_later() override { return is_reader; }

    bool may_read_next = false;
    bool expects_value = false;
    bool is_reader = false;
    std::string told;
};

class SequenceOwnerTest : public testing::Test {
  protected:
    // Whether DISCARD SEQUENCES has to go ahead of this request.
    bool must_discard(std::uint64_t session, SequenceOwner::Request request) {
        const auto decision = owner.before_request(session, request, program);
        left = decision.effects;
        return decision.must_discard;
    }
    // The whole of a transaction of one statement.
    void run(std::uint64_t session, Effects effects) {
        owner.got_value(session, effects);
        owner.transaction_ended();
    }

    Program program;
    SequenceOwner owner;
    Effects left;  // of the latest request
};

// --- whose values are there ----------------------------------------------------------------------

TEST(SequenceEffects, OnlyWhatReadsOrGetsAValueConcernsSequences) {
    EXPECT_TRUE(SequenceOwner::concerns(reads));
    EXPECT_TRUE(SequenceOwner::concerns(gets | Effect::state));
    EXPECT_FALSE(SequenceOwner::concerns(Effect::state | Effect::listens));
    EXPECT_FALSE(SequenceOwner::concerns({}));
}

TEST_F(SequenceOwnerTest, ANewServerHasNobodysValues) {
    EXPECT_FALSE(owner.has_values_of(ann));
    EXPECT_FALSE(must_discard(ann, {.effects = reads}));
    EXPECT_FALSE(owner.may_have_to_discard(ann, gets));
}

TEST_F(SequenceOwnerTest, ASessionThatGetsAValueOwnsIt) {
    EXPECT_FALSE(owner.got_value(ann, reads | Effect::state));
    EXPECT_FALSE(owner.has_values_of(ann));
    EXPECT_TRUE(owner.got_value(ann, gets));
    EXPECT_TRUE(owner.has_values_of(ann));
    EXPECT_TRUE(owner.got_value(ann, gets));
    EXPECT_TRUE(owner.has_values_of(ann));
    EXPECT_FALSE(owner.has_values_of(bob));
}

TEST_F(SequenceOwnerTest, ValuesOfSeveralAreNobodysOwn) {
    run(ann, gets);
    run(bob, gets);
    EXPECT_FALSE(owner.has_values_of(ann));
    EXPECT_FALSE(owner.has_values_of(bob));
    run(ann, gets);
    EXPECT_FALSE(owner.has_values_of(ann)) << "bob's are still there";
    EXPECT_TRUE(must_discard(ann, {.effects = reads}));
    EXPECT_FALSE(must_discard(ann, {.effects = reads})) << "they have gone";
    run(ann, gets);
    EXPECT_TRUE(owner.has_values_of(ann));
}

TEST_F(SequenceOwnerTest, ADiscardByAnybodyLeavesNothing) {
    run(ann, gets);
    owner.discarded_by_client();
    EXPECT_FALSE(owner.has_values_of(ann));
    run(ann, gets);
    owner.discarded();
    EXPECT_FALSE(owner.has_values_of(ann));
    EXPECT_FALSE(must_discard(bob, {.effects = reads}));
}

// --- what goes ahead of a request ----------------------------------------------------------------

struct Ahead {
    std::string name;
    std::uint64_t session;
    SequenceOwner::Request request;
    bool expects = false;  // the program may read a value that it gets now
    bool must_discard;
    Effects left;
    std::string told;
};

class AheadTest : public SequenceOwnerTest, public testing::WithParamInterface<Ahead> {};

// The server has ann's values.
TEST_P(AheadTest, IsDecided) {
    const Ahead& row = GetParam();
    owner.got_value(ann, gets);
    owner.lease_ended();
    program.expects_value = row.expects;
    EXPECT_EQ(must_discard(row.session, row.request), row.must_discard);
    EXPECT_EQ(left, row.left);
    EXPECT_EQ(program.told, row.told);
    EXPECT_EQ(owner.has_values_of(ann), !row.must_discard);
}

INSTANTIATE_TEST_SUITE_P(
    Requests, AheadTest,
    testing::Values(
        Ahead{"OwnValueIsRead", ann, {.effects = reads}, false, false, reads, "has_read "},
        Ahead{"OwnNextValue", ann, {.effects = gets}, false, false, gets, ""},
        Ahead{"OwnValueOfATextThatIsCut",
              ann,
              {.effects = reads, .is_whole = false},
              false,
              false,
              {},
              "may_read "},
        Ahead{"OwnNextValueIsReadAtOnce",
              ann,
              {.effects = reads | gets},
              false,
              false,
              gets,
              "may_read "},
        Ahead{"OthersValueIsRead", bob, {.effects = reads}, false, true, {}, "has_read "},
        Ahead{"OthersValueMayBeReadByATextThatIsCut",
              bob,
              {.effects = reads | Effect::state, .is_whole = false},
              false,
              true,
              Effect::state,
              "may_read "},
        Ahead{"OthersValueMayBeReadByUnseenCode",
              bob,
              {.effects = runs_code},
              false,
              true,
              runs_code,
              "may_read "},
        Ahead{"AValueThatNobodyReads", bob, {.effects = gets}, false, false, gets, "expects? "},
        Ahead{
            "AValueThatIsExpectedToBeRead", bob, {.effects = gets}, true, true, gets, "expects? "},
        Ahead{"AValueOfAClientThatKeepsTheServer",
              bob,
              {.effects = gets, .is_pinned = true},
              false,
              true,
              gets,
              ""},
        Ahead{"NothingRunsInAFailedTransaction",
              bob,
              {.effects = reads, .in_failed = true},
              false,
              false,
              {},
              "has_read "},
        Ahead{"NothingGoesAheadOfWhatRunsAlone",
              bob,
              {.effects = reads | Effect::state, .text = "VACUUM"},
              false,
              false,
              Effect::state,
              "has_read "}),
    [](const auto& row) { return row.param.name; });

TEST_F(SequenceOwnerTest, WhatTheSameTransactionGotIsNotReadLater) {
    owner.got_value(ann, gets);
    EXPECT_FALSE(must_discard(ann, {.effects = reads}));
    EXPECT_EQ(left, Effects());
    EXPECT_EQ(program.told, "may_read ");
    owner.transaction_ended();
    EXPECT_FALSE(must_discard(ann, {.effects = reads}));
    EXPECT_EQ(left, reads) << "of an earlier transaction";
    EXPECT_EQ(program.told, "may_read has_read ");
}

TEST_F(SequenceOwnerTest, ATransactionEndsWithItsLease) {
    owner.got_value(ann, gets);
    owner.lease_ended();
    EXPECT_FALSE(must_discard(ann, {.effects = reads}));
    EXPECT_EQ(left, reads);
}

TEST_F(SequenceOwnerTest, OnlyAValueOnAServerWithOthersMayNeedADiscard) {
    run(ann, gets);
    EXPECT_FALSE(owner.may_have_to_discard(ann, gets));
    EXPECT_FALSE(owner.may_have_to_discard(bob, reads | Effect::state));
    EXPECT_TRUE(owner.may_have_to_discard(bob, gets));
    run(bob, gets);
    EXPECT_TRUE(owner.may_have_to_discard(ann, gets)) << "bob's are there too";
    EXPECT_TRUE(owner.may_have_to_discard(eve, gets));
}

// --- who keeps the server ------------------------------------------------------------------------

struct Resting {
    std::string name;
    Rest rest;
    bool may_read_next = false;  // says the program
    bool stays;
    bool uses;  // a value, now
};

class RestingTest : public SequenceOwnerTest, public testing::WithParamInterface<Resting> {};

TEST_P(RestingTest, IsDecided) {
    const Resting& row = GetParam();
    program.may_read_next = row.may_read_next;
    const SequenceOwner::Wish wish = owner.at_rest(row.rest, start, program);
    EXPECT_EQ(wish.stays, row.stays);
    EXPECT_EQ(wish.ends_in.has_value(), row.uses);
}

INSTANTIATE_TEST_SUITE_P(
    Rests, RestingTest,
    testing::Values(
        Resting{"WithoutAValueItGoes", {}, true, false, false},
        Resting{"ItStaysIfItStayed", {.is_kept = true}, false, true, false},
        Resting{"WithAReadingItStays", {.effects = reads}, false, true, true},
        Resting{"WithAValueThatMayBeReadItStays", {.effects = gets}, true, true, true},
        Resting{"WithAValueThatIsNotReadItGoes", {.effects = gets}, false, false, false},
        Resting{"WithAnotherThatIsNotReadItStaysIfItStayed",
                {.effects = gets, .is_kept = true},
                false,
                true,
                false},
        Resting{"InStrictModeAValueKeepsNothing",
                {.effects = gets, .is_strict = true},
                true,
                false,
                false},
        Resting{
            "InStrictModeAReadingDoes", {.effects = reads, .is_strict = true}, true, true, true}),
    [](const auto& row) { return row.param.name; });

TEST_F(SequenceOwnerTest, TheProgramLearnsOfEachValueThatIsNotRead) {
    static_cast<void>(owner.at_rest({.effects = gets}, start, program));
    EXPECT_EQ(program.told, "got ");
    static_cast<void>(owner.at_rest({.effects = gets | reads}, start, program));
    static_cast<void>(owner.at_rest({.effects = gets, .is_strict = true}, start, program));
    EXPECT_EQ(program.told, "got ");
}

TEST_F(SequenceOwnerTest, AClientThatDiscardsItsValuesStaysNoMore) {
    owner.discarded_by_client();
    EXPECT_FALSE(owner.at_rest({.is_kept = true}, start, program).stays);
    EXPECT_TRUE(owner.at_rest({.is_kept = true}, start, program).stays) << "asked once";
    owner.discarded_by_client();
    EXPECT_TRUE(owner.at_rest({.effects = reads, .is_kept = true}, start, program).stays);
    owner.discarded_by_client();
    owner.lease_ended();
    EXPECT_TRUE(owner.at_rest({.is_kept = true}, start, program).stays) << "somebody else's";
}

struct Keeping {
    std::string name;
    bool is_reader;
    bool kept_anyway;
    std::chrono::milliseconds after;  // it got its latest value
    std::optional<std::chrono::milliseconds> waiting;
    bool may_stay;
};

class KeepingTest : public SequenceOwnerTest, public testing::WithParamInterface<Keeping> {};

TEST_P(KeepingTest, IsDecided) {
    const Keeping& row = GetParam();
    program.is_reader = row.is_reader;
    static_cast<void>(owner.at_rest({.effects = reads}, start, program));
    const TimePoint now = start + row.after;
    std::optional<TimePoint> oldest_waiting;
    if (row.waiting) oldest_waiting = now - *row.waiting;
    EXPECT_EQ(owner.may_stay(row.kept_anyway, now, oldest_waiting, program), row.may_stay);
}

INSTANTIATE_TEST_SUITE_P(
    Stays, KeepingTest,
    testing::Values(Keeping{"OfOneNotKnownForAMoment", false, false, 19ms, {}, true},
                    Keeping{"OfOneNotKnownNoLonger", false, false, 20ms, {}, false},
                    Keeping{"OfAReaderForLong", true, false, 9'999ms, {}, true},
                    Keeping{"OfAReaderNotForEver", true, false, 10'000ms, {}, false},
                    Keeping{"OthersThatHaveJustComeCanWait", true, false, 0ms, 999ms, true},
                    Keeping{"NotWhereOthersWaitForLong", true, false, 0ms, 1'000ms, false},
                    Keeping{"ThePinOfOneNotKnownNeedsNoOther", false, true, 0ms, {}, false},
                    Keeping{"AReadersIsKeptBesidesOthers", true, true, 0ms, {}, true}),
    [](const auto& row) { return row.param.name; });

TEST_F(SequenceOwnerTest, AWishIsLookedAtAnewWhenItEnds) {
    EXPECT_EQ(owner.at_rest({.effects = reads}, start, program).ends_in, 20ms);
    EXPECT_EQ(owner.kept_until(program), start + 20ms);
    program.is_reader = true;
    EXPECT_EQ(owner.at_rest({.effects = reads}, start + 1s, program).ends_in, 10s);
    EXPECT_EQ(owner.kept_until(program), start + 2s);
}

TEST_F(SequenceOwnerTest, TheNextValueLengthensTheStay) {
    static_cast<void>(owner.at_rest({.effects = reads}, start, program));
    static_cast<void>(owner.at_rest({.is_kept = true}, start + 10ms, program));
    EXPECT_FALSE(owner.may_stay(false, start + 20ms, {}, program)) << "nothing was used";
    static_cast<void>(owner.at_rest({.effects = reads}, start + 20ms, program));
    EXPECT_TRUE(owner.may_stay(false, start + 30ms, {}, program));
}

TEST_F(SequenceOwnerTest, WhatIsDiscardedCountsAsThereUntilItsTagHasCome) {
    ASSERT_TRUE(owner.got_value(2, Effect::advances_sequence));
    const SequenceOwner::Request request{.effects = reads, .number = 7};
    ASSERT_TRUE(owner.before_request(1, request, program).must_discard);
    EXPECT_FALSE(owner.has_values_of_others(1));
    owner.segment_ended(7);
    EXPECT_FALSE(owner.has_values_of_others(1)) << "the ReadyForQuery of an earlier request";
    owner.segment_ended(8);
    EXPECT_TRUE(owner.has_values_of_others(1)) << "it stood behind an error";
}

TEST_F(SequenceOwnerTest, WhatWasDiscardedIsGoneForGood) {
    ASSERT_TRUE(owner.got_value(2, Effect::advances_sequence));
    const SequenceOwner::Request request{.effects = reads, .number = 7};
    ASSERT_TRUE(owner.before_request(1, request, program).must_discard);
    owner.confirm_discard();
    owner.segment_ended(8);
    EXPECT_FALSE(owner.has_values_of_others(1));
}

}  // namespace
}  // namespace pgweir::pool
