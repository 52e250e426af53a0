// How a server is made clean between two clients.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/wire/request_tracker.hpp"

namespace pgweir::pool {

/// What is known of a server that nobody has.
struct CleaningFacts {
    bool is_being_cancelled = false;  ///< a CancelRequest is on its way to it
    bool is_delivering = false;       ///< the reading coroutine waits for the last client's socket
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

/// What one cleaning of a server has to do, and has done. A value, one for each server; lives on
/// one worker.
class Cleaning {
  public:
    /// The session cannot be lent before this query has run; it takes the place of one that was
    /// needed before. Empty: nothing is run, and the session is lent as it is.
    void need(std::string reset_query) {
        needs_reset_ = true;
        reset_query_ = std::move(reset_query);
    }
    [[nodiscard]] bool needs_reset() const { return needs_reset_; }
    [[nodiscard]] const std::string& reset_query() const { return reset_query_; }

    /// `facts` with what is known here.
    [[nodiscard]] CleaningFacts complete(CleaningFacts facts) const {
        facts.has_rolled_back = has_rolled_back_;
        facts.has_reset = has_reset_;
        facts.needs_reset = needs_reset_ && !reset_query_.empty();
        return facts;
    }
    /// What was asked, so that nothing is asked twice.
    void rolls_back() { has_rolled_back_ = true; }
    void resets() { has_reset_ = true; }
    [[nodiscard]] bool has_reset() const { return has_reset_; }

    /// The server is clean, and the next cleaning begins anew.
    void end() {
        if (needs_reset_ || has_rolled_back_ || has_reset_) *this = {};
    }

  private:
    std::string reset_query_;
    bool needs_reset_ = false;
    bool has_rolled_back_ = false;
    bool has_reset_ = false;
};

}  // namespace pgweir::pool
