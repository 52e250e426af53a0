#include "daemon/client/relay_phases.hpp"

#include <gmock/gmock.h>

#include <array>
#include <string>
#include <vector>

namespace pgweir::daemon {
namespace {

using enum RelayPhase;
using Scan = ScanResult;
using Do = RelayAction;

constexpr std::array all_phases{reading, scanning, queued, sending, sent, asking, leaving};
constexpr std::array all_scans{Scan::more_input, Scan::need_server, Scan::need_outcome,
                               Scan::ended};

struct Case {
    std::string what;
    RelayPhase phase;
    RelayFacts facts;
    RelayStep expected;
};

const std::vector<Case> cases{
    {"bytes are scanned", reading, {.has_read = true}, {scanning, Do::go_on}},
    {"without bytes the client rests", reading, {.waits = true}, {reading, Do::rest}},
    {"an edge came meanwhile: it is read again", reading, {}, {reading, Do::go_on}},

    {"a server was free: the scan goes on with it",
     scanning,
     {.scan = Scan::need_server, .has_server = true},
     {scanning, Do::go_on}},
    {"no server is free", scanning, {.scan = Scan::need_server}, {queued, Do::enqueue}},
    {"all requests are written",
     scanning,
     {.scan = Scan::more_input, .is_written = true},
     {sent, Do::go_on}},
    {"what stands before a request that waits is written first",
     scanning,
     {.scan = Scan::need_outcome, .is_written = true},
     {sent, Do::go_on}},
    {"what stands before a Terminate is written first",
     scanning,
     {.scan = Scan::ended, .is_written = true},
     {sent, Do::go_on}},
    {"the server takes no more", scanning, {.scan = Scan::more_input}, {sending, Do::write_rest}},
    {"... before a request that waits",
     scanning,
     {.scan = Scan::need_outcome},
     {sending, Do::write_rest}},
    {"... before a Terminate", scanning, {.scan = Scan::ended}, {sending, Do::write_rest}},

    {"it is not its turn yet", queued, {.waits = true}, {queued, Do::wait}},
    {"it has a server, or is refused or cancelled", queued, {}, {scanning, Do::leave_queue}},

    {"the coroutine that sends is not disturbed", sending, {}, {sending, Do::wait}},

    {"all requests are with the server", sent, {.scan = Scan::more_input}, {reading, Do::consume}},
    {"the next request depends on an answer",
     sent,
     {.scan = Scan::need_outcome},
     {asking, Do::await_outcome}},
    {"there will be no next request", sent, {.scan = Scan::ended}, {leaving, Do::stop_reading}},

    {"the answer has not come", asking, {.waits = true}, {asking, Do::wait}},
    {"the answer has come, or nobody waits for it", asking, {}, {scanning, Do::end_wait}},

    {"replies are owed to a client that leaves", leaving, {.waits = true}, {leaving, Do::wait}},
    {"a client that has its replies leaves", leaving, {}, {leaving, Do::take_leave}},
};

TEST(RelayPhases, FollowEachOther) {
    for (const Case& one : cases) {
        SCOPED_TRACE(one.what);
        EXPECT_EQ(next(one.phase, one.facts), one.expected);
    }
}

// Every combination of facts, in every phase.
template <typename Check>
void for_all(Check check) {
    for (const RelayPhase phase : all_phases) {
        for (const Scan scan : all_scans) {
            for (unsigned bits = 0; bits < 32; ++bits) {
                check(phase, RelayFacts{.ending = (bits & 1U) != 0,
                                        .waits = (bits & 2U) != 0,
                                        .has_read = (bits & 4U) != 0,
                                        .scan = scan,
                                        .has_server = (bits & 8U) != 0,
                                        .is_written = (bits & 16U) != 0});
            }
        }
    }
}

TEST(RelayPhases, EndWhereverTheyAre) {
    for_all([](RelayPhase phase, const RelayFacts& facts) {
        const RelayStep step = next(phase, facts);
        EXPECT_EQ(facts.ending, step == (RelayStep{phase, Do::finish}));
    });
}

// An endless loop would take the worker from all others: only what can change in between may be
// looked at again.
TEST(RelayPhases, GoOnToAnotherPhaseOrHaveANewFact) {
    for_all([](RelayPhase phase, const RelayFacts& facts) {
        const RelayStep step = next(phase, facts);
        if (!goes_on(step.action) || step.phase != phase) return;
        const bool has_news = phase == reading || (phase == scanning && facts.has_server);
        EXPECT_TRUE(has_news) << "phase " << static_cast<int>(phase);
    });
}

TEST(RelayPhases, LookAtTheirOwnFactsAlone) {
    for_all([](RelayPhase phase, const RelayFacts& facts) {
        RelayFacts own{.ending = facts.ending};
        if (phase == reading || phase == queued || phase == asking || phase == leaving)
            own.waits = facts.waits;
        if (phase == reading) own.has_read = facts.has_read;
        if (phase == scanning || phase == sent) own.scan = facts.scan;
        if (phase == scanning) {
            own.has_server = facts.has_server;
            own.is_written = facts.is_written;
        }
        EXPECT_EQ(next(phase, facts), next(phase, own));
    });
}

TEST(RelayPhases, StopWhereSomethingElseHasToHappenFirst) {
    for (const Do action : {Do::go_on, Do::enqueue, Do::leave_queue, Do::await_outcome,
                            Do::end_wait, Do::consume, Do::stop_reading}) {
        EXPECT_TRUE(goes_on(action));
    }
    for (const Do action : {Do::wait, Do::rest, Do::write_rest, Do::take_leave, Do::finish}) {
        EXPECT_FALSE(goes_on(action));
    }
}

}  // namespace
}  // namespace pgweir::daemon
