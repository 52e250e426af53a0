// Whose plans the server has: obeys pool/session/plan_owner.
#include "pool/pool_part.hpp"
#include "pool/server.hpp"

namespace pgweir::pool {

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

bool Server::has_plans_of_another() const {
    return connection_.plans.are_of_another_than(tenant_->session().id) && looks_at_texts() &&
           has_plans();
}

bool Server::needs_new_plans(Effects effects, Bytes text) const {
    const TenantSession& session = tenant_->session();
    const PoolKnowledge& knowledge = part_.knowledge();
    return connection_.plans.must_discard_for(
        {.client = session.id,
         .effects = effects,
         .text = text,
         .had_temporary = connection_.had_temporary,
         .has_temporary = session.pins.contains(PinReason::temporary_object),
         .status = tracker_.transaction_status(),
         .has_no_transaction = has_no_transaction(),
         .has_plans = has_plans(),
         .facts = knowledge.plan_facts(),
         .names = knowledge.function_effects().get()});
}

}  // namespace pgweir::pool
