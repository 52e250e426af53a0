#include "pool/session/client_requests.hpp"

#include <utility>

#include "pool/session/plans.hpp"
#include "pool/session/request_text.hpp"
#include "pool/session/strict_mode.hpp"
#include "protocol/wire/extended_query.hpp"
#include "protocol/wire/function_call.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Effects;
using protocol::Frontend;
using protocol::Origin;
using protocol::Step;

namespace {

constexpr Effects called_by_oid = Effect::reset | Effect::listens | Effect::advances_sequence |
                                  Effect::reads_sequence | Effect::runs_unseen;

// The text of a Query, without its terminator.
Bytes query_text(Bytes body) {
    if (!body.empty() && body.back() == '\0') body.remove_suffix(1);
    return body;
}

}  // namespace

HandOver ClientRequests::make_ready(const Step& step, Outgoing& out) {
    rooms_.statements.finder.forget();
    request_waits_ = false;
    const protocol::RequestTracker& tracker = rooms_.tracker;
    if (!rooms_.client().follows || tracker.uncertain() || tracker.discarding())
        return HandOver::now;
    if (tracker.releasable()) {
        if (rooms_.set_up.must_leave_for(step)) return HandOver::leaves;
        RequestWriter requests = rooms_.writer(out);
        request_waits_ = !rooms_.set_up.make_ready(step, requests);
        if (request_waits_) return HandOver::waits;
    }
    return find_statement(step, out) ? HandOver::now : HandOver::waits;
}

// What the request names is looked for, and asked about where that is in doubt.
bool ClientRequests::find_statement(const Step& step, Outgoing& out) {
    RequestWriter requests = rooms_.writer(out);
    const bool found = rooms_.statements.finder.find(step, requests);
    notes_.note_shown();
    if (found) return true;
    rooms_.order.asks();
    ask_for_answers(out);
    return false;
}

void ClientRequests::take(const Step& step, Bytes message, Outgoing& out) {
    const auto type = static_cast<Frontend>(step.type);
    RequestWriter requests = rooms_.writer(out);
    const bool was_certain = !rooms_.tracker.uncertain();
    rooms_.suspicion.requested();
    rooms_.channels.requested();
    rooms_.order.requested();
    if (rooms_.tracker.quiet()) {
        rooms_.order.begin();
        rooms_.latest.begin();
        rooms_.statements.errors.clear();
        if (rooms_.tracker.transaction_status() == protocol::TransactionStatus::idle)
            extended_.forget_portals();
    }
    note_text(step);
    if (type == Frontend::parse) rooms_.counters.client_parses.add();
    if (type == Frontend::bind) rooms_.counters.binds.add();
    if (rooms_.startup.was_sent()) in_front_.restore_in_pipeline(step, requests);
    if (!rooms_.client().follows) session_pooling_.note(step);
    pass_on(step, message, requests);
    const bool runs = type == Frontend::query || type == Frontend::execute;
    if (runs && rooms_.suspicion.contains(Effect::reset)) rooms_.startup.sent();
    if (type == Frontend::query || type == Frontend::sync) rooms_.startup.segment_sent();
    rooms_.set_up.sent(type);
    rooms_.order.sent(type);
    rooms_.statements.finder.forget();
    if (was_certain && rooms_.tracker.uncertain()) {
        rooms_.fail(SessionFault::Kind::protocol_error,
                    "a request without the Sync that ends a failed COPY");
    }
}

void ClientRequests::note_text(const Step& step) {
    const bool follows = rooms_.client().follows;
    const bool quiet = rooms_.tracker.quiet();
    switch (static_cast<Frontend>(step.type)) {
        case Frontend::query:
            rooms_.latest.query(text_of(step), step.whole);
            break;
        case Frontend::parse:
            if (follows) {
                rooms_.latest.parse(text_of(step), step.whole, quiet);
            } else {
                const Bytes name = step.body.substr(0, step.body.find('\0'));
                rooms_.latest.parse_unseen(name, text_of(step), step.whole, quiet);
            }
            break;
        case Frontend::bind:
            if (follows) {
                rooms_.latest.bind();
            } else {
                const auto bind = protocol::parse_bind_head(step.body);
                rooms_.latest.bind_unseen(bind ? std::optional(bind->statement) : std::nullopt);
            }
            break;
        default:
            break;
    }
}

// What the server discards, up to the Sync, changes nothing, nor does what it refuses in the middle
// of a COPY. A server that is uncertain is closed after use. Nothing is put in between there.
void ClientRequests::pass_on(const Step& step, Bytes message, RequestWriter& requests) {
    const auto type = static_cast<Frontend>(step.type);
    const protocol::RequestTracker& tracker = rooms_.tracker;
    if (type == Frontend::flush && !step.body.empty()) {
        // The server refuses it as it refuses a Describe that makes no sense: up to the Sync.
        requests.pass(Frontend::describe, message);
        return;
    }
    if (type == Frontend::copy_data || type == Frontend::copy_done || type == Frontend::copy_fail) {
        pass_part_of_copy(step, message, requests);
        return;
    }
    if (!rooms_.client().follows || tracker.uncertain() ||
        ((tracker.discarding() || tracker.copying_in()) && type != Frontend::sync)) {
        requests.pass(type, message);
        return;
    }
    switch (type) {
        case Frontend::query:
            take_query(step, message, requests);
            break;
        case Frontend::parse:
            extended_.parse(step, message, requests);
            break;
        case Frontend::bind:
            extended_.bind(step, message, requests);
            break;
        case Frontend::describe:
        case Frontend::close:
            extended_.target(step, message, requests);
            break;
        case Frontend::function_call:
            take_function_call(step, message, requests);
            break;
        case Frontend::execute:
            extended_.execute(step, message, requests);
            break;
        default:
            if (type == Frontend::sync) extended_.end_segment();
            rooms_.order.passes(type);
            requests.pass(type, message);
            break;
    }
}

void ClientRequests::take_more(Bytes bytes, bool last, Outgoing& out) {
    if (long_look_) {
        long_look_->feed(query_text(bytes));
        if (last) {
            const Effects found = long_look_->finish();
            if (found.contains(Effect::reads_sequence)) rooms_.program().has_read();
            notes_.note(found, {});
            long_look_.reset();
        }
    }
    if (!drops_rest_) out.pass(bytes);
    if (last) drops_rest_ = false;
}

// What waits for the COPY's end (RequestTracker::must_wait) may be what the client would have sent
// to have its result.
void ClientRequests::pass_part_of_copy(const Step& step, Bytes message, RequestWriter& requests) {
    const bool was_open = rooms_.tracker.copy_is_open();
    const auto type = static_cast<Frontend>(step.type);
    requests.pass(type, message);
    const bool opens = rooms_.tracker.copy_is_open() && (!was_open || type == Frontend::copy_done);
    if (opens && step.whole) requests.flush();
}

// It names a function by its oid, which may be anything's: set_config, lastval.
void ClientRequests::take_function_call(const Step& step, Bytes message, RequestWriter& requests) {
    if (rooms_.context.tracks()) {
        Effects effects = Effect::state;
        if (!protocol::calls_large_object(step.body)) effects |= called_by_oid;
        in_front_.discard_values_of_others(effects, {}, true, in_front_.origin(), requests);
        in_front_.bring_channels(effects, in_front_.origin(), requests);
        notes_.note(effects, "FunctionCall");
    }
    requests.pass(Frontend::function_call, message);
}

void ClientRequests::take_query(const Step& step, Bytes message, RequestWriter& requests) {
    if (rooms_.context.tracks()) {
        const Bytes text = query_text(step.body);
        Effects effects = look_at_query(step, text);
        if (effects.any()) {
            in_front_.discard_values_of_others(effects, text, step.whole, in_front_.origin(),
                                               requests);
            in_front_.discard_plans_of_others(effects, text, in_front_.origin(), requests);
            if (is_refused(step, text, effects, requests)) return;
        }
        in_front_.bring_channels(effects, in_front_.origin(), requests);
        notes_.note(effects, text);
        if (effects.contains(Effect::names_statement)) show_statements(step, text, requests);
        if (effects.any())
            rooms_.order.runs(Frontend::query, effects, rooms_.context.has_startup_settings());
    }
    if (auto operation = rooms_.statements.ledger.simple_query()) {
        requests.pass(Frontend::query, message, std::move(*operation));
    } else {
        requests.pass(Frontend::query, message);
    }
}

// In the midst of an extended query of a failed transaction the server would refuse what goes in
// front, and discard the Query with it, which it refuses anyhow.
void ClientRequests::show_statements(const Step& step, Bytes text, RequestWriter& requests) {
    const Origin origin = in_front_.origin();
    const bool failed = rooms_.tracker.transaction_status() == protocol::TransactionStatus::failed;
    if (failed && origin == Origin::injected) return;
    if (step.whole) {
        rooms_.statements.for_sql.show(text, origin, requests);
    } else {
        rooms_.statements.for_sql.show_all(origin, requests);
    }
    notes_.note_shown();
}

// Of a text that is too long to be here the rest may do anything; what it leaves behind is seen as
// it passes.
Effects ClientRequests::look_at_query(const Step& step, Bytes text) {
    const protocol::NamedEffects* const functions = rooms_.knowledge.function_effects().get();
    if (step.whole) return protocol::look_at(text, functions);
    long_look_.emplace(functions);
    long_look_->feed(text);
    return notes_.unread();
}

// In strict mode: the server is made to refuse it.
bool ClientRequests::is_refused(const Step& step, Bytes text, Effects effects,
                                RequestWriter& requests) {
    const auto refusal = refusal_of(rooms_.client(), text, effects);
    if (!refusal) return false;
    requests.query_of_client(raising_sql(*refusal));
    drops_rest_ = !step.whole;
    long_look_.reset();
    return true;
}

// --- what waits ----------------------------------------------------------------------------------

// Behind a question about what the client has left nothing is sent: whoever went on and on while
// there is one would keep the server from those who wait for it. During COPY the server answers no
// Sync; and behind a COPY whose end may leave a doubt (RequestTracker::in_doubt) nothing can be
// sent that the doubt would be about.
bool ClientRequests::must_hold_back(const Step& step) const {
    const protocol::RequestTracker& tracker = rooms_.tracker;
    const auto type = static_cast<Frontend>(step.type);
    if (tracker.must_wait(type)) return true;
    if (rooms_.takes_stock || rooms_.set_up.blocks()) return true;
    if (tracker.discarding() || tracker.uncertain()) return false;
    const bool is_simple = type == Frontend::query || type == Frontend::function_call;
    // Behind part of an extended query it may need something with a Sync of its own in front.
    if (rooms_.set_up.is_open() && is_simple) return true;
    if (rooms_.set_up.is_refused() || rooms_.statements.ledger.is_verifying()) return true;
    if (tracker.copying_in()) return false;
    // What is sent for a COPY is no transaction of its own.
    const bool begins = is_simple || type == Frontend::parse || type == Frontend::bind;
    if (begins && rooms_.order.has_had_its_turn([this] { return host_.client_may_release(); },
                                                [this] { return host_.others_wait(); }))
        return true;
    if (rooms_.order.waits_for_sql(step)) return true;
    if (!rooms_.client().follows) return false;
    return rooms_.statements.doubts.must_hold_back(step) ||
           (rooms_.context.tracks() &&
            (waits_for_sequences(step) || waits_behind_open_query(step) ||
             waits_for_open_block(step)));
}

// Values of another session are discarded where nothing else is on its way that could keep the
// server from it: in a transaction that has failed it would discard nothing.
bool ClientRequests::waits_for_sequences(const Step& step) const {
    const bool may_be_in_vain = rooms_.tracker.owes_ready() && rooms_.tracker.may_have_failed();
    if (!may_be_in_vain ||
        !rooms_.server.sequences.has_values_of_others(rooms_.client().sequence_owner()))
        return false;
    const auto type = static_cast<Frontend>(step.type);
    if (type == Frontend::function_call) return true;
    if (type == Frontend::bind) {
        const StatementPtr statement = bound_by(step);
        return statement &&
               (statement == unknown_statement() ||
                SequenceOwner::concerns(rooms_.statements.ledger.effects_of(*statement)));
    }
    if (type != Frontend::query) return false;
    const protocol::NamedEffects* const functions = rooms_.knowledge.function_effects().get();
    return !step.whole || SequenceOwner::concerns(protocol::look_at(text_of(step), functions));
}

// The statement that a Bind names; null where the client has none of that name.
StatementPtr ClientRequests::bound_by(const Step& step) const {
    const auto bind = protocol::parse_bind_head(step.body);
    const ClientStatement* const own =
        bind ? rooms_.statements.ledger.own(bind->statement) : nullptr;
    return own != nullptr ? own->statement : nullptr;
}

// A Query may need something in front of it, which goes into an extended query that has no Sync
// yet. If that fails, or the transaction has failed before, the server would discard the Query with
// it: all that stands before has to be answered.
bool ClientRequests::waits_behind_open_query(const Step& step) const {
    const auto type = static_cast<Frontend>(step.type);
    if (type != Frontend::query && type != Frontend::function_call) return false;
    const bool is_open = rooms_.tracker.owed() > 0 && in_front_.origin() == Origin::injected;
    if (type == Frontend::function_call) return is_open;
    if (!is_open && !rooms_.statements.ledger.in_flight().has_doubtful()) return false;
    return !step.whole || rooms_.statements.doubts.concern_names_in(text_of(step)) ||
           (is_open && needs_something_in_front(rooms_.context, text_of(step)));
}

// What goes in front of a Bind stands in its extended query. Where the transaction has failed by
// then, it fails in the place of the Bind, which may be the transaction's end.
bool ClientRequests::waits_for_open_block(const Step& step) const {
    if (static_cast<Frontend>(step.type) != Frontend::bind || !rooms_.tracker.block_may_fail())
        return false;
    const StatementPtr statement = bound_by(step);
    if (!statement) return false;
    const Effects effects = rooms_.statements.ledger.effects_of(*statement);
    return (rooms_.listening() != nullptr && ChannelHandover::concerns(effects)) ||
           rooms_.server.sequences.may_have_to_discard(rooms_.client().sequence_owner(), effects) ||
           needs_new_plans(rooms_.context, effects, statement->query());
}

void ClientRequests::ask_for_answers(Outgoing& out) {
    if (rooms_.order.must_flush()) rooms_.writer(out).flush();
}

void ClientRequests::forget() {
    long_look_.reset();
    drops_rest_ = false;
    request_waits_ = false;
    extended_.forget_portals();
}

}  // namespace pgweir::pool
