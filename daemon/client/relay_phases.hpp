// What the relay of a client does next, as a table of values. The I/O around it is in relay.cpp.
#pragma once

#include <cstdint>

namespace pgweir::daemon {

/// What the relay of a client is at.
enum class RelayPhase : std::uint8_t {
    reading,   ///< waits for bytes of the client
    scanning,  ///< requests have been read, or may have been
    queued,    ///< waits for a server
    sending,   ///< a coroutine writes to the server what it did not take at once
    sent,      ///< what the scan found is with the server
    asking,    ///< the next request waits for what becomes of an earlier one
    leaving,   ///< the client has said its last, and is still to have replies
};

/// What one look at the requests at hand came to.
enum class ScanResult : std::uint8_t {
    more_input,    ///< all that was read is done with
    need_server,   ///< a request needs a server, and the client has none
    need_outcome,  ///< a request depends on what becomes of an earlier one
    ended,         ///< the client has said its last: Terminate, or what is no message
};

/// What the relay has found out. A phase looks at those facts alone that next() names for it.
struct RelayFacts {
    bool ending = false;  ///< all: the session ends
    /// reading, queued, asking, leaving: what the phase waits for has not come yet.
    bool waits = false;
    bool has_read = false;                     ///< reading: bytes
    ScanResult scan = ScanResult::more_input;  ///< scanning, sent: of the latest scan
    bool has_server = false;                   ///< scanning: one was lent at once
    bool is_written = false;                   ///< scanning: the server took all that there was
};

/// What is to be done on the way to the next phase.
enum class RelayAction : std::uint8_t {
    // The relay goes on at once behind these.
    go_on,          ///< nothing
    enqueue,        ///< the client into the queue for a server
    leave_queue,    ///< the client out of the queue
    await_outcome,  ///< the server may be given back, or answers pgweir's own question first
    end_wait,       ///< the outcome is there
    consume,        ///< what was read is done with; the server may be given back
    stop_reading,   ///< nothing that the client says is looked at any more
    // It stops behind these until it is called again.
    wait,        ///< nothing
    rest,        ///< a client with nothing under way gives back what it was lent
    write_rest,  ///< by a coroutine
    take_leave,  ///< the client has its last answers
    finish,      ///< the session is over
};

struct RelayStep {
    RelayPhase phase;
    RelayAction action;

    bool operator==(const RelayStep&) const = default;
};

/// Whether the relay goes on at once behind this action.
[[nodiscard]] constexpr bool goes_on(RelayAction action) {
    return action < RelayAction::wait;
}

/// What follows a scan whose requests the server has.
[[nodiscard]] constexpr RelayStep next_after_scan(ScanResult scan) {
    switch (scan) {
        case ScanResult::ended:
            return {RelayPhase::leaving, RelayAction::stop_reading};
        case ScanResult::need_outcome:
            return {RelayPhase::asking, RelayAction::await_outcome};
        case ScanResult::more_input:
        case ScanResult::need_server:  // a scan that lacks a server is never sent
            break;
    }
    return {RelayPhase::reading, RelayAction::consume};
}

/// The phase that follows `phase`, and what is to be done on the way to it. Pure.
[[nodiscard]] constexpr RelayStep next(RelayPhase phase, const RelayFacts& facts) {
    using enum RelayPhase;
    if (facts.ending) return {phase, RelayAction::finish};
    switch (phase) {
        case reading:
            if (facts.has_read) return {scanning, RelayAction::go_on};
            if (facts.waits) return {reading, RelayAction::rest};
            return {reading, RelayAction::go_on};
        case scanning:
            if (facts.scan == ScanResult::need_server) {
                if (facts.has_server) return {scanning, RelayAction::go_on};
                return {queued, RelayAction::enqueue};
            }
            if (!facts.is_written) return {sending, RelayAction::write_rest};
            return {sent, RelayAction::go_on};
        case queued:
            if (facts.waits) return {queued, RelayAction::wait};
            return {scanning, RelayAction::leave_queue};
        case sending:
            return {sending, RelayAction::wait};  // its coroutine goes on with `sent`
        case sent:
            return next_after_scan(facts.scan);
        case asking:
            if (facts.waits) return {asking, RelayAction::wait};
            return {scanning, RelayAction::end_wait};
        case leaving:
            if (facts.waits) return {leaving, RelayAction::wait};
            return {leaving, RelayAction::take_leave};
    }
    return {phase, RelayAction::finish};
}

}  // namespace pgweir::daemon
