// COPY. What the server answers in these conversations was seen with PostgreSQL 15.
#include <gtest/gtest.h>

#include "conversation.hpp"

namespace pgweir::protocol {
namespace {

using test::play;

TEST(RequestTrackerCopy, InBySimpleQuery) {
    play(
        "> Q < G => busy copying > d d => copying > c => busy not_copying < C => busy < Z:I "
        "=> releasable");
}

TEST(RequestTrackerCopy, InIsEndedByTheClientsFailure) {
    play("> Q < G > d f => not_copying < E Z:I => releasable");
    play("> P B E < 1 2 G > d f < E => busy wants_sync > S < Z:I => releasable");
}

TEST(RequestTrackerCopy, InIsEndedByTheServersFailure) {
    play("> Q < G > d < E => busy not_copying < Z:I => releasable > d d c => releasable");
    play("> Q < G > d < E > c => busy < Z:I => releasable owed:0");
    play("> P B E < 1 2 G > d < E => wants_sync > ~d ~c => wants_sync > S < Z:I => releasable");
}

TEST(RequestTrackerCopy, DataSentBeforeTheServerAskedForIt) {
    play("> Q d c < G => not_copying busy < C Z:I => releasable");
    play("> Q d f < G E Z:I => releasable");
    play("> Q d c Q < G C Z:I => busy owed:1 < C Z:I => releasable");
}

TEST(RequestTrackerCopy, DataSentToACopyThatDoesNotStart) {
    play("> Q d c < E Z:I => releasable owed:0");
    play("> Q d c S < E Z:I => busy < Z:I => releasable");
    play("> P B E S d c S < 1 2 E Z:I => busy < Z:I => releasable");
    play("> P B E d c S < 1 2 E => busy < Z:I => releasable");
}

TEST(RequestTrackerCopy, TwoCopiesInOneQuery) {
    play("> Q < G > d c < C G => copying > d c < C Z:I => releasable");
    play("> Q d c d c < G => not_copying < C G => not_copying < C Z:I => releasable");
    play("> Q < G > c c < C G => not_copying < C Z:I => releasable");
    play("> Q d c S d c < G C G C Z:I => releasable");
}

// libpq sends the Sync together with the Execute, and another one after the data.
TEST(RequestTrackerCopy, InByExtendedQueryIgnoresTheSyncBeforeTheData) {
    play(
        "> P B D E S < 1 2 n G => busy copying wants_sync > d c < C => busy owed:0 wants_sync "
        "> S => busy < Z:I => releasable");
    play("> P B D E S d c S < 1 2 n G => not_copying < C => busy < Z:I => releasable");
    play("> P B E S S d S c S < 1 2 G C => busy < Z:I => releasable");
}

TEST(RequestTrackerCopy, SyncInsideACopyIsIgnored) {
    play("> P B E < 1 2 G > d S S d c < C => busy wants_sync > S < Z:I => releasable");
    play("> Q < G > d S d c S < C Z:I => busy < Z:I => releasable");
    play("> Q S d c < G C Z:I => releasable");
}

TEST(RequestTrackerCopy, SyncAfterTheDataIsAnswered) {
    play("> Q d c S < G C Z:I => busy < Z:I => releasable");
    play("> P B E H < 1 2 G > d c S < C => busy < Z:I => releasable");
    play("> Q < G > d c S < E Z:I => busy < Z:I => releasable not_uncertain");
}

// tokio-postgres ends each COPY so that it gives up. The Sync behind Execute is ignored; or it is
// answered, where the COPY fails before the server reads it, as one into a view does. The tracker
// stayed uncertain then: the client kept its server, and its statements were not found any more.
TEST(RequestTrackerCopy, AProbeSettlesHowManySyncsTheServerIgnored) {
    // Ignored, then answered.
    play(
        "> P B E S < 1 2 G > d f S < E => in_doubt wants_probe not_uncertain >> C S "
        "=> not_wants_probe holds:P holds:S < Z:I => busy < -3 -Z:I => releasable");
    play("> P B E S < 1 2 G > d f S < E >> C S < Z:I Z:I => busy in_doubt < -3 -Z:I => releasable");
    play("> Q < G > d S d < E => wants_probe < Z:I => busy >> C S < -3 -Z:I => releasable");
    play("> Q S d c < G E Z:I => busy >> C S < Z:I -3 -Z:I => releasable");
    play("> P B E S S < 1 2 G > S d f S < E Z:E >> C S < Z:E Z:E -3 -Z:E => quiet E");
}

TEST(RequestTrackerCopy, ProbingWaitsForTheSyncOfAFailedCopy) {
    play(
        "> P B E S < 1 2 G > d < E => wants_sync in_doubt not_wants_probe not_holds:d not_holds:S "
        "> ~d ~c S => wants_probe holds:P < Z:I >> C S < -3 -Z:I => releasable");
    // An answer that nothing is owed for tells that the server discards nothing.
    play("> P B E S < 1 2 G E => in_doubt wants_sync < Z:I => releasable not_in_doubt > S < Z:I");
    play("> P B E S S < 1 2 G E Z:I => wants_probe >> C S < -3 -Z:I => releasable");
}

TEST(RequestTrackerCopy, AProbeThatFailsSettlesAsMuch) {
    play("> P B E S < 1 2 G > d f S < E >> C S < Z:I -E -Z:I => releasable");
}

// Whatever stands behind would be read or discarded, and nobody could tell.
TEST(RequestTrackerCopy, NothingGoesBehindACopyThatMayLeaveADoubt) {
    play("> P B E S < 1 2 G > d => not_holds:P > f => holds:P holds:Q not_holds:S > S < E Z:I");
    play("> P B E S < 1 2 G > c => holds:P < C => not_holds:P > S < Z:I => releasable");
    play(
        "> P B E S d => holds:P > f S => holds:P < 1 2 G => holds:P < E >> C S < Z:I -3 -Z:I "
        "=> releasable not_holds:P");
    play("> P B E d d c => holds:P < 1 2 C => not_holds:P > S < Z:I => releasable");
    play("> P B E d d c S => holds:P < E => not_holds:P < Z:I => releasable");
    // Without a Sync inside there is no doubt.
    play("> Q < G > d c => not_holds:Q");
}

// What was sent nevertheless: the server is closed.
TEST(RequestTrackerCopy, WhatStandsBehindADoubtMakesItUncertain) {
    play("> P B E S P S < 1 2 G E => uncertain < Z:I 1 Z:I => not_releasable");
    play("> P B E S < 1 2 G > d < E > ~P => uncertain");
}

TEST(RequestTrackerCopy, AnUncertainServerMayStillNotSendNonsense) {
    play("> P B E S P S < 1 2 G E => uncertain < !Z:X !R !K !v !?");
}

// The Sync behind CopyDone is not the Execute's: whatever follows it waits for its own.
TEST(RequestTrackerCopy, MessagesBehindAPipelinedCopyKeepWaitingForTheirSync) {
    play("> P B E S d c S P < 1 2 G C Z:I 1 => busy owed:0 wants_sync > S < Z:I => releasable");
    play("> P B E S d c S P B < 1 2 G C Z:I E => busy wants_sync > S < Z:I => releasable");
}

TEST(RequestTrackerCopy, Out) {
    play("> Q < H d d c => busy not_copying < C Z:I => releasable");
    play("> P B E S < 1 2 H d c C => busy < Z:I => releasable");
    play("> P B E S < 1 2 H d E => busy < Z:I => releasable");
    play("> P B E S c f S < 1 2 H d c C Z:I => busy < Z:I => releasable");
}

TEST(RequestTrackerCopy, Both) {
    play("> Q < W d d > d d => busy not_copying > c < c C Z:I => releasable owed:0");
    play("> Q < W d c > c < C C Z:I => releasable");
    play("> Q < W d E Z:I => releasable");
}

TEST(RequestTrackerCopy, BothWaysIsAStreamUntilTheStatementEnds) {
    play(
        "> Q < W => streaming not_copying < d > d c < d c => streaming < C => not_streaming < Z:I");
    // The end of a timeline is followed by a result.
    play("> Q < W c > c < T D C => not_streaming < C Z:I => releasable");
    play("> Q < W E => not_streaming < Z:I => releasable");
    play("< !W => not_streaming");
}

TEST(RequestTrackerCopy, ACopyInATransactionLeavesItOpen) {
    play("> Q < C Z:T > Q < G > d c < C Z:T => quiet not_releasable T > Q < G > f < E Z:E => E");
}

// PostgreSQL has lost its place in the stream and closes.
TEST(RequestTrackerCopy, AnotherRequestInsideACopyIsFatal) {
    play("> Q Q < G E E => not_releasable");
    play("> P B E P S < 1 2 G E E => not_releasable");
}

TEST(RequestTrackerCopy, CopyInResponseNeedsAStatement) {
    play("< !G => releasable not_copying");
    play("> P < !G => not_copying");
    play("> S < !G => not_copying < Z:I => releasable");
}

}  // namespace
}  // namespace pgweir::protocol
