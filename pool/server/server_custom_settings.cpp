// What becomes of a client that sets something under a name that was not seen
// (pool/session/mentioned_settings knows those that were).
#include "pool/lending/pool_part.hpp"
#include "pool/server/server.hpp"

namespace pgweir::pool {

using protocol::Effect;

// A client that sets something under a name that was not seen keeps the server for as long as
// nobody else has to wait for one: what is set can be neither told nor brought along. Of code that
// cannot be read it is not known that it sets anything: what it may have set goes before anybody
// else gets the server.
void Server::judge_unseen_settings(Pins& pins) {
    const protocol::Effects inquiry = suspicion_.inquiry().effects;
    const bool kept = client().pins.contains(PinReason::custom_setting);
    const bool discarded = std::exchange(settings_discarded_, false);
    if (inquiry.contains(Effect::sets_unseen) || (kept && !discarded))
        pins.add(PinReason::custom_setting);
    const bool may_lack =
        inquiry.contains(Effect::runs_unseen) ||
        (context_.knowledge.lacks_room_for_settings() && inquiry.contains(Effect::state));
    if (may_lack) reset_unseen_settings();
}

void Server::reset_unseen_settings() {
    if (needs_reset_) return;
    needs_reset_ = true;
    reset_query_ = "RESET SESSION AUTHORIZATION;RESET ROLE;RESET ALL";
}

}  // namespace pgweir::pool
