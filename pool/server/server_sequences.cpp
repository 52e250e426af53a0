// What a session gets from sequences is told by the server where it got it, and by no other
// (pool/session/sequence_owner decides).
#include "pool/lending/pool.hpp"
#include "pool/lending/pool_part.hpp"
#include "pool/server/server.hpp"

namespace pgweir::pool {

using protocol::Effects;

ClientsProgram Server::tenants_program() const {
    return {part_.pool().sequence_readers(), *client().settings};
}

// Call before a request. Returns true if DISCARD SEQUENCES has to go ahead of it; leaves
// `reads_sequence` in its effects where they keep the server (SequenceOwner::Decision).
bool Server::must_discard_sequences(Effects& effects, Bytes text, bool whole) {
    if (!SequenceOwner::concerns(effects)) return false;
    const TenantSession& session = client();
    const bool failed = tracker_.transaction_status() == protocol::TransactionStatus::failed;
    ClientsProgram program = tenants_program();
    const SequenceOwner::Decision decision =
        connection_.sequences.before_request(session.id,
                                             {.effects = effects,
                                              .text = text,
                                              .is_whole = whole,
                                              .in_failed = failed,
                                              .is_pinned = session.pins.any()},
                                             program);
    effects = decision.effects;
    return decision.must_discard;
}

void Server::note_sequences(Effects effects) {
    TenantSession& session = client();
    if (connection_.sequences.got_value(session.id, effects)) session.has_sequence_values = true;
}

// The transaction is over.
void Server::judge_sequences(Pins& pins, Effects effects) {
    const TenantSession& session = client();
    const auto now = part_.context().now();
    SequenceOwner& sequences = connection_.sequences;
    ClientsProgram program = tenants_program();
    const SequenceOwner::Wish wish =
        sequences.at_rest({.effects = effects,
                           .is_kept = session.pins.contains(PinReason::sequence),
                           .is_strict = session.tracking == conf::SessionState::strict},
                          now, program);
    if (wish.ends_in) part_.context().deadlines.set(keep_deadline_, *wish.ends_in, now);
    pins.remove(PinReason::sequence);
    if (!wish.stays) return;
    const auto oldest_waiting = part_.pool().board().oldest_waiting();
    if (sequences.may_stay(pins.any(), now, oldest_waiting, program)) pins.add(PinReason::sequence);
}

}  // namespace pgweir::pool
