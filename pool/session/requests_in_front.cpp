#include "pool/session/requests_in_front.hpp"

#include <string>

#include "pool/session/plans.hpp"
#include "pool/session/request_text.hpp"
#include "protocol/sql/statement_shape.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Effects;
using protocol::Frontend;
using protocol::Origin;
using protocol::Step;
using protocol::TransactionStatus;

void RequestsInFront::put(std::string_view sql, Origin origin, RequestWriter& requests) {
    if (origin == Origin::pool) {
        requests.command(std::string(sql));
    } else {
        requests.run(origin, sql);
    }
}

void RequestsInFront::discard_values_of_others(Effects& effects, Bytes text, bool whole,
                                               Origin origin, RequestWriter& requests) {
    if (!SequenceOwner::concerns(effects)) return;
    const TenantSession& session = rooms_.client();
    const bool failed = rooms_.tracker.transaction_status() == TransactionStatus::failed;
    ClientsProgram program = rooms_.program();
    const SequenceOwner::Decision decision =
        rooms_.server.sequences.before_request(session.sequence_owner(),
                                               {.effects = effects,
                                                .text = text,
                                                .is_whole = whole,
                                                .in_failed = failed,
                                                .is_pinned = session.pins.any(),
                                                .number = rooms_.tracker.sent_in_all()},
                                               program);
    effects = decision.effects;
    if (decision.must_discard) put(discard_sequences, origin, requests);
}

void RequestsInFront::discard_plans_of_others(Effects effects, Bytes text, Origin origin,
                                              RequestWriter& requests) {
    if (!needs_new_plans(rooms_.context, effects, text)) return;
    put(discard_plans, origin, requests);
    rooms_.server.plans.discarded_for(rooms_.client().id);
}

void RequestsInFront::bring_channels(Effects effects, Origin origin, RequestWriter& requests) {
    const bool in_failed = rooms_.tracker.transaction_status() == TransactionStatus::failed;
    const auto statements = rooms_.channels.before_request(effects, in_failed, rooms_.listening());
    if (statements.empty()) return;
    rooms_.suspicion.add(effects.only(Effect::state));
    if (origin != Origin::pool) {
        for (const std::string& statement : statements) requests.run(origin, statement);
        return;
    }
    // Inside of the client's transaction the marker would no more be heard. Between two all that is
    // unanswered is pgweir's.
    const bool forgets_marker = rooms_.context.has_no_transaction() && !rooms_.tracker.wants_sync();
    requests.command(statements);
    if (forgets_marker) requests.command(rooms_.channels.unlisten_marker());
}

void RequestsInFront::restore_in_pipeline(const Step& step, RequestWriter& requests) {
    const auto type = static_cast<Frontend>(step.type);
    // A Parse reads its text by the settings, and may compute its constants.
    const bool may_read = type == Frontend::query || type == Frontend::parse ||
                          type == Frontend::bind || type == Frontend::execute;
    if (!may_read || resets_alone(step)) return;
    const bool is_pool = origin() == Origin::pool;
    rooms_.startup.restored_in_front(is_pool);
    const std::string sql = rooms_.restore_sql();
    if (sql.empty()) return;
    if (is_pool) {
        requests.command(sql);
    } else if (!rooms_.tracker.may_have_failed()) {
        // In a failed transaction it would take the place of the client's ROLLBACK.
        requests.run(Origin::injected, sql);
    }
}

// DISCARD ALL runs behind nothing but another one in a pipeline, and would reset what is restored
// in front of it.
bool RequestsInFront::resets_alone(const Step& step) const {
    const bool is_noted =
        static_cast<Frontend>(step.type) == Frontend::execute || !rooms_.client().follows;
    const Bytes text = is_noted ? Bytes(rooms_.latest.text()) : text_to_run(step, rooms_.client());
    return protocol::runs_alone(text) && protocol::look_at(text, nullptr).contains(Effect::reset);
}

}  // namespace pgweir::pool
