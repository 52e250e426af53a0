// How a server is made clean between two tenants.
#pragma once

#include <cstdint>
#include <string_view>

#include "protocol/wire/request_tracker.hpp"

namespace pgweir::pool {

/// What is known of a server that has no tenant.
struct CleaningFacts {
    bool is_being_cancelled = false;  ///< a CancelRequest is on its way to it
    bool is_delivering = false;       ///< the reading coroutine waits for the last tenant's socket
    bool may_be_cancelled = false;    ///< a CancelRequest may still arrive some time
    bool has_rolled_back = false;     ///< this cleaning has asked for a ROLLBACK
    bool has_reset = false;           ///< this cleaning has asked for the reset query
    bool needs_reset = false;         ///< and there is a reset query
};

/// The rungs of the ladder, from the top. Each is taken only where none above it applies.
enum class CleaningStep : std::uint8_t {
    wait,            ///< something else has to come first; nothing is asked
    close_unknown,   ///< what the session has cannot be known any more
    close_unsynced,  ///< an extended query without its Sync: one would commit it
    end_exchange,    ///< end a COPY FROM STDIN, or an extended query that has failed
    settle_doubt,    ///< ask how many ReadyForQuery are still to come
    close_stuck,     ///< ROLLBACK has not ended the transaction
    roll_back,
    reset,  ///< run the reset query
    done,   ///< it can be lent
};

/// The next step towards a server that can be lent again. Pure: called anew whenever something that
/// was waited for has come.
[[nodiscard]] CleaningStep next_cleaning_step(const CleaningFacts& facts,
                                              const protocol::RequestTracker& tracker);

/// Why a server is closed by one of the steps that close; empty for the others.
[[nodiscard]] std::string_view reason_to_close(CleaningStep step);

}  // namespace pgweir::pool
