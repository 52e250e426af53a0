// Whose plans a server has: those that another client has made, with settings or temporary objects
// of its own, are discarded before a client uses them (DECISIONS.md, D68).
#include <cstdint>

#include "pool/pool_part.hpp"
#include "pool/server.hpp"
#include "protocol/pin_forecast.hpp"
#include "protocol/sql_mention.hpp"
#include "protocol/statement_shape.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Effects;

// Functions, and statements that clients share, would go on to use plans that were made with the
// settings of another client.
bool Server::plans_are_anothers() const {
    const bool functions_do =
        looks_at_texts() && part_.knowledge().plan_facts().functions_keep_plans &&
        plans_may_differ(*connection_.settings, *settings_wanted_, part_.knowledge().plan_facts());
    return functions_do || has_plans_of_another();
}

bool Server::has_plans() const {
    return part_.knowledge().plan_facts().functions_keep_plans || connection_.statements.size() > 0;
}

void Server::note_maker_of_plans() {
    const std::uint64_t id = tenant_->session().id;
    if (connection_.plans_made_by == id) return;
    connection_.plans_made_by = connection_.plans_made_by == 0 ? id : several_sessions;
}

void Server::note_plans_discarded() {
    connection_.plans_of = 0;
    connection_.plans_made_by = tenant_->session().id;
}

// Another client has changed settings, for a time, that plans depend on.
bool Server::has_plans_of_another() const {
    return connection_.plans_of != 0 && connection_.plans_of != tenant_->session().id &&
           looks_at_texts() && has_plans();
}

// A session's first temporary object changes what is searched for tables, and PostgreSQL reads what
// was prepared anew. A backend that has had temporary objects before sees no change.
bool Server::shadows_anew(Effects effects, Bytes text) const {
    if (!connection_.had_temporary || !effects.contains(Effect::state)) return false;
    if (tenant_->session().pins.contains(PinReason::temporary_object)) return false;
    if (tracker_.transaction_status() == protocol::TransactionStatus::failed) return false;
    const bool may_hide = effects.contains(Effect::runs_unseen) || protocol::mentions(text, "temp");
    return !protocol::forecast_pin(text, effects).empty() ||
           (may_hide && protocol::may_run_code(text));
}

// The client changes settings, and others have made plans here. Within a transaction nothing is put
// in front: DISCARD takes a snapshot, behind which SET TRANSACTION comes too late.
bool Server::outdates_plans(Effects effects, Bytes text) const {
    const bool alters = effects.contains(Effect::state) || effects.contains(Effect::alters_reading);
    if (!alters || connection_.plans_made_by == tenant_->session().id) return false;
    return has_no_transaction() && has_plans() &&
           may_change_plans(text, part_.knowledge().plan_facts(),
                            part_.knowledge().function_effects().get());
}

bool Server::needs_new_plans(Effects effects, Bytes text) const {
    const bool needs = shadows_anew(effects, text) || outdates_plans(effects, text);
    return needs && !protocol::runs_alone(text);
}

}  // namespace pgweir::pool
