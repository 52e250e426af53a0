#include "pool/session/plan_owner.hpp"

#include "protocol/sql/pin_forecast.hpp"
#include "protocol/sql/sql_mention.hpp"
#include "protocol/sql/statement_shape.hpp"

namespace pgweir::pool {

using protocol::Effect;

// A session's first temporary object changes what is searched for tables, and PostgreSQL reads what
// was prepared anew. A backend that has had temporary objects before sees no change.
bool PlanOwner::shadows_anew(const Request& request) {
    if (!request.had_temporary || !request.effects.contains(Effect::state)) return false;
    if (request.has_temporary) return false;
    if (request.status == protocol::TransactionStatus::failed) return false;
    const bool may_hide =
        request.effects.contains(Effect::runs_unseen) || protocol::mentions(request.text, "temp");
    return !protocol::forecast_pin(request.text, request.effects).empty() ||
           (may_hide && protocol::may_run_code(request.text));
}

// The client changes settings, and others have made plans here. Within a transaction nothing is put
// in front: DISCARD takes a snapshot, behind which SET TRANSACTION comes too late.
bool PlanOwner::outdates(const Request& request) const {
    const bool alters =
        request.effects.contains(Effect::state) || request.effects.contains(Effect::alters_reading);
    if (!alters || made_by_ == request.client) return false;
    return request.has_no_transaction && request.has_plans &&
           may_change_plans(request.text, request.facts, request.names);
}

bool PlanOwner::must_discard_for(const Request& request) const {
    return (shadows_anew(request) || outdates(request)) && !protocol::runs_alone(request.text);
}

}  // namespace pgweir::pool
