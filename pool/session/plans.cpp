#include "pool/session/plans.hpp"

namespace pgweir::pool {

namespace {

bool has_plans(const SessionContext& context) {
    return context.knowledge.plan_facts().functions_keep_plans ||
           context.server.statements.size() > 0;
}

}  // namespace

bool has_plans_of_another(const SessionContext& context) {
    return context.server.plans.are_of_another_than(context.client->id) &&
           context.looks_at_texts() && has_plans(context);
}

bool plans_are_anothers(const SessionContext& context, const SessionSettings& wanted) {
    const PlanFacts& facts = context.knowledge.plan_facts();
    const bool functions_do = context.looks_at_texts() && facts.functions_keep_plans &&
                              plans_may_differ(*context.server.settings, wanted, facts);
    return functions_do || has_plans_of_another(context);
}

bool needs_new_plans(const SessionContext& context, protocol::Effects effects, Bytes text) {
    const TenantSession& client = *context.client;
    return context.server.plans.must_discard_for(
        {.client = client.id,
         .effects = effects,
         .text = text,
         .had_temporary = context.server.had_temporary,
         .has_temporary = client.pins.contains(PinReason::temporary_object),
         .status = context.tracker.transaction_status(),
         .has_no_transaction = context.has_no_transaction(),
         .has_plans = has_plans(context),
         .facts = context.knowledge.plan_facts(),
         .names = context.knowledge.function_effects().get()});
}

}  // namespace pgweir::pool
