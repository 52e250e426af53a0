#include "pool/session/session_keeper.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Origin;

// --- a lease -------------------------------------------------------------------------------------

void SessionKeeper::leaves() {
    if (rooms_.channels.lease_ends(rooms_.listening())) rooms_.cleaning.need("DISCARD ALL");
}

// Where all that the client did is known, rolling back is enough, and the server keeps its prepared
// statements.
bool SessionKeeper::abandon(const std::string& reset_query) {
    const TenantSession& client = rooms_.client();
    const bool unseen =
        client.pins.contains(PinReason::unseen) || rooms_.suspicion.contains(Effect::sticky);
    const bool is_unknown = !client.follows || client.tracking == conf::SessionState::off ||
                            rooms_.suspicion.effects().any() || client.pins.any() ||
                            rooms_.reports.is_touched() || rooms_.questions.any() ||
                            rooms_.statements.ledger.shown().has_to_close() ||
                            rooms_.set_up.is_under_way() || rooms_.channels.listens() ||
                            rooms_.server.settings->idle_session_timeout() != milliseconds::zero();
    // In transaction pooling what a client could leave is not for an option to choose.
    if (is_unknown || rooms_.cleaning.needs_reset())
        rooms_.cleaning.need(client.follows ? "DISCARD ALL" : reset_query);
    return !unseen;
}

void SessionKeeper::detach() {
    rooms_.detach();
    requests_.forget();
    logins_.forget();
    replies_.forget();
}

// --- requests ------------------------------------------------------------------------------------

bool SessionKeeper::set_up() {
    RequestWriter requests = rooms_.own_writer();
    return rooms_.set_up.begin_alone(requests);
}

bool SessionKeeper::confirm_defaults() {
    if (!host_.watches_login()) return false;
    logins_.ask_for_sources();
    return true;
}

// --- rest ----------------------------------------------------------------------------------------

AtRest SessionKeeper::at_rest(bool between_requests) {
    requests_.rest();
    if (!between_requests) return AtRest::busy;
    if (rooms_.tracker.wants_probe()) {
        settle_doubt();
        return AtRest::busy;
    }
    if (rooms_.set_up.is_refused()) return rooms_.tracker.quiet() ? AtRest::refused : AtRest::busy;
    stocktaking_.restore_in_transaction();
    if (!rooms_.tracker.releasable()) return AtRest::busy;
    rooms_.takes_stock = stocktaking_.ask();
    return rooms_.takes_stock ? AtRest::asking : AtRest::settled;
}

std::optional<SessionHost::TimePoint> SessionKeeper::kept_until() const {
    if (rooms_.set_up.is_refused()) return {};
    const Pins pins = rooms_.client().pins;
    Pins others = pins;
    others.remove(PinReason::custom_setting);
    others.remove(PinReason::sequence);
    if (others.any() || !pins.any()) return {};
    if (!pins.contains(PinReason::sequence)) return SessionHost::TimePoint();
    ClientsProgram program = rooms_.program();
    return rooms_.server.sequences.kept_until(program);
}

bool SessionKeeper::give_up() {
    const bool resets = rooms_.client().pins.contains(PinReason::custom_setting);
    stocktaking_.set_pins({});
    if (resets) stocktaking_.reset_unseen_settings();
    return resets;
}

// --- nobody has the server -----------------------------------------------------------------------

bool SessionKeeper::introduce() {
    const std::string& first = host_.options().connect_query;
    if (!first.empty()) ask_or_close(first);
    const bool asks = logins_.introduce();
    return asks || !first.empty();
}

// --- cleaning ------------------------------------------------------------------------------------

CleaningStep SessionKeeper::clean(const CleaningFacts& facts) {
    const CleaningStep step = next_cleaning_step(rooms_.cleaning.complete(facts), rooms_.tracker);
    switch (step) {
        case CleaningStep::wait:
        case CleaningStep::close_unknown:
        case CleaningStep::close_unsynced:
        case CleaningStep::close_stuck:
            break;
        case CleaningStep::end_exchange:
            end_exchange();
            break;
        case CleaningStep::settle_doubt:
            settle_doubt();
            break;
        case CleaningStep::roll_back:
            rooms_.cleaning.rolls_back();
            rooms_.ask(Question::cleaning, "ROLLBACK");
            break;
        case CleaningStep::reset:
            rooms_.cleaning.resets();
            rooms_.ask(Question::cleaning, rooms_.cleaning.reset_query());
            break;
        case CleaningStep::done:
            if (rooms_.cleaning.has_reset())
                rooms_.server.settings = rooms_.context.settings.none();
            rooms_.cleaning.end();
            logins_.learn_defaults();
            break;
    }
    return step;
}

// A COPY FROM STDIN by CopyFail; an extended query that has failed, by Sync.
void SessionKeeper::end_exchange() {
    RequestWriter requests = rooms_.own_writer();
    if (rooms_.tracker.copying_in()) requests.copy_fail("the client is gone");
    if (rooms_.tracker.wants_sync()) requests.sync(Question::cleaning);
}

// A failed COPY leaves in doubt how many Syncs the server still answers: all that comes before the
// answer to this Close does not come after it.
void SessionKeeper::settle_doubt() {
    RequestWriter requests = rooms_.own_writer();
    requests.close(Origin::pool, no_statement);
    requests.sync(Question::command);
}

}  // namespace pgweir::pool
