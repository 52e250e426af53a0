// What pgweir adds to a client's extended query, and what becomes of the operations that somebody
// keeps with messages.
#include <gtest/gtest.h>

#include "conversation.hpp"
#include "protocol/wire/request_tracker.hpp"

namespace pgweir::protocol {
namespace {

using test::play;

TEST(Injected, AnAnswerToItIsNotTheClients) {
    play(">+ P > B E S < -1 2 D C => busy < Z:I => releasable");
    play("> P >+ C > S < 1 -3 Z:I => releasable");
    play(">+ C P C > B S < -3 -1 -3 2 Z:I => releasable");
}

TEST(Injected, AnErrorOfItIsTheErrorOfTheMessageItWasSentFor) {
    play(">+ P > B E S < E => busy owed:1 < Z:I => releasable");
    play("> P >+ C P > B E S < 1 -3 E Z:I => releasable");
}

TEST(Injected, ItCountsAsAMessageWithoutSync) {
    play(">+ P => busy owed:1 < -1 => busy owed:0 wants_sync > S < Z:I => releasable");
}

TEST(Injected, WhatComesOfItsOwnAccordIsTheClientsAllTheSame) {
    play(">+ P > S < A -1 A Z:I => releasable");
}

TEST(Injected, AReplyThatIsNotOfItIsAViolation) {
    play(">+ P > B S < !2");
    play(">+ P > B S < !3");
    play(">+ C > B S < !1");
}

TEST(Injected, BehindAnErrorItIsDiscarded) {
    play("> P H < E >+ ~P > ~B S => owed:1 not_wants_sync < Z:I => releasable");
    play("> P >+ P > B S < E Z:I => releasable");
}

TEST(Operations, EachIsDoneWithTheReplyToItsMessage) {
    play("> P* B E S < 1* 2 C Z:I => releasable");
    play("> C* S < 3* Z:I => releasable");
    play(">+ C* P* > P* S < -3* -1* 1* Z:I => releasable");
}

TEST(Operations, WhatHasNoneEndsNone) {
    play("> P P* P S < 1 1* 1 Z:I => releasable");
}

TEST(Operations, OneFailsWithItsMessage) {
    play("> P* B E S < E* Z:I => releasable");
    play(">+ P* > B E S < E* Z:I => releasable");
    play("> P P* S < 1 E* Z:I => releasable");
}

TEST(Operations, ThoseBehindAnErrorAreDiscardedUpToTheSync) {
    play("> P P* C* S < E/2 Z:I => releasable");
    play("> P* P* C* S < E*/2 Z:I => releasable");
    play("> P* P* S < 1* E* Z:I => releasable");
    play("> B P* S P* S < E/1 Z:I 1* Z:I => releasable");
    play("> B P* S P* C* S < E/1 Z:I E*/1 Z:I => releasable");
}

TEST(Operations, OnesThatAreDiscardedBecauseTheErrorIsKnownNeverWere) {
    play("> P* P* H < E*/1 > ~P* ~C* S P* S < Z:I 1* Z:I => releasable");
    play("> P H < E >+ ~C* ~P* > ~B S < Z:I => releasable");
}

// "SocketBackend" of PostgreSQL: even a Query is discarded there.
TEST(Operations, AQueryBehindAnErrorDoesNotSaveWhatComesAfterIt) {
    play("> P* P* Q P* S < E*/2 Z:I => releasable");
}

TEST(Operations, AnErrorOfASimpleQueryDiscardsNone) {
    play("> Q P* S < E Z:I 1* Z:I => releasable");
    play("> P* Q P* S < 1* E Z:I 1* Z:I => releasable");
}

TEST(Operations, AnErrorOfTheSyncItselfDiscardsNone) {
    play("> P* S P* S < 1* E Z:I 1* Z:I => releasable");
}

TEST(Operations, ACopyBetweenLeavesThemInTheirOrder) {
    play("> P* B E S c P* S < 1* 2 G C 1* Z:I => releasable");
}

TEST(Operations, AnErrorThatAnswersNothingEndsNone) {
    play("< E => uncertain > P* S < 1* Z:I");
}

TEST(Operations, OneOfAQueryIsDoneWithItsReadyForQueryHoweverItEnds) {
    play("> Q* < C Z:I* => releasable");
    play("> Q* < E Z:I* => releasable");
}

TEST(Operations, OneOfAQueryThatIsDiscardedNeverComesToPass) {
    play("> B Q* S < E/1 Z:I => releasable");
}

}  // namespace
}  // namespace pgweir::protocol
