// What the session layer counts.
#pragma once

#include "pool/session/counter.hpp"

namespace pgweir::pool {

/// Part of what one worker counts for one pool.
struct SessionCounters {
    Counter client_parses;        ///< Parse messages of clients
    Counter server_parses;        ///< ... and those sent to servers
    Counter binds;                ///< Bind messages of clients
    Counter errors;               ///< ErrorResponse messages passed on
    Counter notifications;        ///< given to clients
    Counter state_questions;      ///< times a server was asked for its session's state
    Counter session_state_leaks;  ///< ... which had changed though nothing seen could have done it
    Counter plans_renewed;        ///< statements that a server has read again for a client
};

}  // namespace pgweir::pool
