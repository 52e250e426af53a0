// What comes next when a client's transaction is over.
#pragma once

#include <cstdint>

#include "pool/session/pins.hpp"
#include "protocol/sql/session_effects.hpp"

namespace pgweir::pool {

/// What is known of a session whose client is at rest.
struct Situation {
    bool follows = true;  ///< TenantSession::follows
    bool tracks = true;   ///< SessionContext::tracks()
    protocol::Effects suspected;
    Pins pins;
    bool verifies = false;    ///< verify_session_state: the server is asked whatever is suspected
    bool asks_again = false;  ///< the last question was cut off
    bool catalogue_was_asked = true;        ///< PoolKnowledge::catalogue_was_asked()
    bool lacks_settings = false;            ///< PoolKnowledge::lacks_settings()
    bool has_statements_to_close = false;   ///< ShownNames::has_to_close()
    bool may_have_channels = false;         ///< the client listens, or its server does
    bool has_idle_session_timeout = false;  ///< of the client's, on the server
};

/// The rungs of the ladder, from the top.
enum class NextStep : std::uint8_t {
    read_catalogue,    ///< now, whoever else reads it
    claim_catalogue,   ///< if it is due and nobody else reads it
    ask_state,         ///< what the session has
    close_statements,  ///< that SQL has seen under the client's names
    move_channels,     ///< to the hub, or back, as far as that can go now
    put_off_idle_session_timeout,
    restore_settings,  ///< in session pooling, behind a RESET
    settle,            ///< nothing is to be asked: what keeps the server is known
};

/// The highest rung from `from` downwards that applies. Where there turns out to be nothing to do
/// on it, the caller goes on with the one below.
[[nodiscard]] NextStep next_step(const Situation& situation,
                                 NextStep from = NextStep::read_catalogue);

}  // namespace pgweir::pool
