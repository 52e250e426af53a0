#include "pool/session/next_step.hpp"

namespace pgweir::pool {

using protocol::Effect;

namespace {

// Normally a server reads the catalogue after its lease, when nobody waits. It is read before the
// release in three cases: (1) it was never read, and the state question needs the names of custom
// settings from it; (2) the client is pinned, so that its server never comes free; (3) it may have
// changed where nobody looked at a text, so that names of custom settings may be missing.
bool claims_catalogue(const Situation& situation) {
    return !situation.catalogue_was_asked || situation.pins.any() || situation.lacks_settings;
}

}  // namespace

NextStep next_step(const Situation& situation, NextStep from) {
    const auto reaches = [from](NextStep step) { return from <= step; };
    const bool suspects_state = situation.suspected.contains(Effect::state);
    if (!situation.follows)
        return reaches(NextStep::restore_settings) ? NextStep::restore_settings : NextStep::settle;
    if (!situation.tracks && !situation.verifies) return NextStep::settle;
    if (situation.tracks) {
        if (reaches(NextStep::read_catalogue) && !situation.catalogue_was_asked && suspects_state)
            return NextStep::read_catalogue;
        if (reaches(NextStep::claim_catalogue) && claims_catalogue(situation))
            return NextStep::claim_catalogue;
    }
    if (reaches(NextStep::ask_state) &&
        (suspects_state || situation.verifies || situation.asks_again))
        return NextStep::ask_state;
    if (reaches(NextStep::close_statements) && situation.has_statements_to_close)
        return NextStep::close_statements;
    if (reaches(NextStep::move_channels) && situation.may_have_channels)
        return NextStep::move_channels;
    if (reaches(NextStep::put_off_idle_session_timeout) && situation.has_idle_session_timeout &&
        !situation.pins.any() && !situation.suspected.contains(Effect::sticky))
        return NextStep::put_off_idle_session_timeout;
    return NextStep::settle;
}

}  // namespace pgweir::pool
