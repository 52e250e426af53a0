// Conversations without COPY. What the server answers in them was seen with PostgreSQL 15.
#include "protocol/wire/request_tracker.hpp"

#include <gtest/gtest.h>

#include "conversation.hpp"

namespace pgweir::protocol {
namespace {

using test::play;

TEST(RequestTracker, ANewServerIsReleasable) {
    play("=> releasable quiet owed:0 I not_wants_sync");
}

TEST(RequestTracker, ASimpleQueryOwesUntilReadyForQuery) {
    play("> Q => busy owed:1 < T => busy < D D C => busy < Z:I => releasable");
}

TEST(RequestTracker, AMultiStatementQueryOwesOneReady) {
    play("> Q < T D C C T D => busy < C Z:I => releasable");
}

TEST(RequestTracker, AnEmptyQueryIsAnswered) {
    play("> Q < I => busy < Z:I => releasable");
}

TEST(RequestTracker, AFailedQueryStillOwesItsReady) {
    play("> Q < T D E => busy owed:1 < Z:I => releasable");
}

TEST(RequestTracker, PipelinedQueriesOweOneReadyEach) {
    play("> Q Q Q => owed:3 < C Z:I => busy owed:2 < E Z:I => busy < C Z:I => releasable");
}

TEST(RequestTracker, AnOpenTransactionIsQuietButNotReleasable) {
    play(
        "> Q < C Z:T => quiet not_releasable T > Q < E Z:E => quiet not_releasable E "
        "> Q < C Z:I => releasable I");
}

TEST(RequestTracker, AFunctionCallIsAnsweredOrFails) {
    play(
        "> F => busy < V Z:I => releasable > F < E Z:I => releasable > F F < E Z:I V Z:I "
        "=> releasable");
}

// What stands behind a Query may still be discarded up to the Sync, if what was before it fails.
TEST(RequestTracker, MessagesWithoutASyncMayStillHaveAllDiscarded) {
    play("=> not_may_discard > Q => not_may_discard < C Z:I > P B E => may_discard");
    play("> P B E Q => may_discard not_wants_sync < 1 2 => may_discard < C => not_may_discard");
    play("> P B E Q F => may_discard < 1 2 E => wants_sync may_discard > S => not_may_discard");
    play("> P B E S => not_may_discard < 1 2 E => not_may_discard");
}

TEST(RequestTracker, EachExtendedRequestHasItsReply) {
    play("> P B D E S < 1 2 T D C => busy < Z:I => releasable");
    play("> P D S < 1 t T Z:I => releasable");
    play("> P D S < 1 t n Z:I => releasable");
    play("> C S < 3 Z:I => releasable");
    play("> P B D E S < 1 2 n I Z:I => releasable");
}

TEST(RequestTracker, ASyncAloneIsAnswered) {
    play("> S S < Z:I => busy < Z:I => releasable");
}

TEST(RequestTracker, ASuspendedPortalIsNotReleasedBeforeSync) {
    play("> P B E H < 1 2 D s => busy wants_sync owed:0 > E < D s > E S < C Z:I => releasable");
}

TEST(RequestTracker, FlushDoesNotMakeUpForSync) {
    play("> P H < 1 => busy owed:0 wants_sync > S => busy not_wants_sync < Z:I => releasable");
    play("> C H < 3 => busy > S < Z:I => releasable");
}

TEST(RequestTracker, WhatIsBehindAnEarlierSegmentMayMeetAFailedTransaction) {
    play("=> not_may_have_failed > P => not_may_have_failed > S => may_have_failed");
    play("> Q < C Z:T => not_may_have_failed > Q => may_have_failed < E Z:E => may_have_failed");
    play("> Q < C Z:T > P S P < 1 Z:T => not_may_have_failed < 1 => not_may_have_failed");
}

TEST(RequestTracker, APoolsOwnQuestionFailsNoTransactionOfTheClient) {
    play(">> Q => not_may_have_failed > Q => may_have_failed");
}

TEST(RequestTracker, AQueryAfterUnsyncedMessagesSyncsThem) {
    play("> P Q < 1 T D C Z:I => releasable");
    play("> P F < 1 V Z:I => releasable");
}

TEST(RequestTracker, UnsyncedMessagesBehindASyncCount) {
    play("> P B E S P < 1 2 C Z:I 1 => busy owed:0 wants_sync > S < Z:I => releasable");
}

TEST(RequestTracker, AnErrorAtAnyPositionSkipsToItsSync) {
    play("> P B D E S < E => busy owed:1 < Z:I => releasable");
    play("> P B D E S < 1 E Z:I => releasable");
    play("> P B D E S < 1 2 E Z:I => releasable");
    play("> P B D E S < 1 2 T E Z:I => releasable");
    play("> P B D E S < 1 2 T D E Z:I => releasable");
    play("> P B D E S < 1 2 T D C E => busy < Z:I => releasable");  // the Sync's commit failed
    play("> P D S < 1 t E Z:I => releasable");
    play("> C S < E Z:I => releasable");
}

TEST(RequestTracker, AnErrorEndsAtTheFirstSyncOfAPipeline) {
    play("> P B E S P B E S < 1 E => owed:5 < Z:I 1 2 C Z:I => releasable");
    play("> P B E P B E S Q < 1 2 C E Z:I => busy < C Z:I => releasable");
}

TEST(RequestTracker, AnErrorWithoutSyncLeavesTheServerSkipping) {
    play(
        "> P B E < 1 E => busy wants_sync owed:0 > ~B ~E ~H ~C ~D => busy owed:0 > S => busy "
        "< Z:I => releasable");
}

TEST(RequestTracker, QueryAndFunctionCallAreDiscardedWhileSkipping) {
    play("> P < E > ~Q ~F => busy owed:0 > S => owed:1 < Z:I => releasable");
    play("> P Q F S < E => owed:1 < Z:I => releasable");
    play("> P Q < E => busy owed:0 wants_sync > S < Z:I => releasable");
}

TEST(RequestTracker, AFailedQueryInsideExtendedMessagesSkipsNothing) {
    play("> P Q B E S < 1 E Z:I E Z:I => releasable");
    play("> P Q B E S < 1 E Z:I 2 C Z:I => releasable");
}

TEST(RequestTracker, CopyMessagesOutsideACopyOweNothing) {
    play("> c f d => releasable owed:0 > Q c f d < T D C Z:I => releasable owed:0");
    play("> P B c E S < 1 2 C Z:I => releasable");
    play("> S c S < Z:I Z:I => releasable");
}

TEST(RequestTracker, RepliesToThePoolAreDropped) {
    play(">> Q => busy < -T -D -C -Z:I => releasable");
    play(">> Q < -S -N -C -Z:I => releasable");
    play(">> Q < -E -Z:I => releasable");
    play(">> P B E S < -1 -2 -E -Z:I => releasable");
}

TEST(RequestTracker, AClientsRequestBehindThePoolsGetsOnlyItsOwn) {
    play(">> Q > Q < -S -C -Z:I S N T D C => busy < Z:I => releasable");
    play(">> Q > P B D E S < -E -Z:I 1 2 n C Z:I => releasable");
    play("> P B E < E >> S => busy < -Z:I => releasable");
    play("> P B E >> S < 1 E -Z:I => releasable");
}

TEST(RequestTracker, ANotificationIsAlwaysTheSessions) {
    play("< A => releasable >> Q < A -C A -Z:I > Q < A C Z:I => releasable");
}

TEST(RequestTracker, NoticesAndSettingsComeUnasked) {
    play("< N S => releasable");
}

TEST(RequestTracker, AnUnsolicitedErrorIsForwardedAndTheServerNotReleased) {
    play("< E => not_releasable uncertain");
    play("> Q < C Z:T E => not_releasable uncertain");
}

// A Flush with a body is answered by an error that nothing asked for, and PostgreSQL then discards
// everything up to a Sync.
TEST(RequestTracker, AnErrorToAMalformedFlushIsNotForgotten) {
    play("> H < E => not_releasable > P S < Z:I => not_releasable uncertain");
}

TEST(RequestTracker, AReplyThatNothingAskedForIsAViolation) {
    for (const char* reply : {"1", "2", "3", "T", "n", "t",   "D", "C", "I", "s", "d",
                              "c", "G", "H", "W", "V", "Z:I", "R", "K", "v", "?"}) {
        play(std::string("< !") + reply);
        play(std::string("> S < !") + (std::string_view(reply) == "Z:I" ? "1" : reply));
    }
}

TEST(RequestTracker, AReplyToAnotherRequestIsAViolation) {
    const auto refused = [](std::string_view request, std::initializer_list<const char*> replies) {
        for (const char* reply : replies) {
            play("> " + std::string(request) + " < !" + reply);
        }
    };
    refused("Q", {"1", "2", "3", "n", "t", "V"});
    refused("F", {"1", "2", "3", "T", "n", "t", "D", "C", "I", "s", "G", "H", "W", "d", "c"});
    refused("P", {"2", "3", "T", "n", "t", "D", "C", "I", "s", "G", "H", "W", "d", "c", "Z:I"});
    refused("B", {"1", "3", "T", "n", "t", "D", "C", "I", "s", "G", "V", "Z:I"});
    refused("D", {"1", "2", "3", "D", "C", "I", "s", "G", "V", "Z:I"});
    refused("E", {"1", "2", "3", "T", "n", "t", "V", "Z:I"});
    refused("C", {"1", "2", "T", "n", "t", "D", "C", "I", "s", "G", "V", "Z:I"});
}

TEST(RequestTracker, AReadyForQueryWithABadBodyIsAViolation) {
    for (const char* ready : {"!Z:", "!Z:X", "!Z:II", "!Z:i"}) {
        play(std::string("> Q < C ") + ready + " => busy");
    }
}

TEST(RequestTracker, AViolationChangesNothing) {
    play("> Q < !Z:X !1 !K => owed:1 I < C Z:T => quiet T");
    play("> P S < !2 !Z:I => owed:2 < 1 Z:I => releasable");
}

}  // namespace
}  // namespace pgweir::protocol
