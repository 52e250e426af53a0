// What a tenant asks of its server: what has to go in front of a request goes there, and what a
// statement may leave behind is noted.
#include <algorithm>

#include "pool/lending/pool.hpp"
#include "pool/lending/pool_part.hpp"
#include "pool/lending/registry.hpp"
#include "pool/server/server.hpp"
#include "pool/session/plans.hpp"
#include "pool/session/request_text.hpp"
#include "protocol/wire/extended_query.hpp"
#include "protocol/wire/function_call.hpp"
#include "protocol/wire/serialize.hpp"

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

bool Server::set_up() {
    Outgoing out;
    RequestWriter requests = writer(out);
    if (!set_up_.begin_alone(requests)) return false;
    send(out);
    return true;
}

bool Server::make_ready(const Step& step, Outgoing& out) {
    statements_.forget_found();
    request_waits_ = false;
    if (!client().follows || tracker_.uncertain() || tracker_.discarding()) return true;
    if (!tracker_.releasable()) return find_statement(step, out);
    if (set_up_.must_leave_for(step)) {
        connection_.is_worn_out = true;
        end_lease();
        return false;
    }
    RequestWriter requests = writer(out);
    request_waits_ = !set_up_.make_ready(step, requests);
    if (request_waits_) return false;
    return find_statement(step, out);
}

// What the request names is looked for, and asked about where that is in doubt.
bool Server::find_statement(const Step& step, Outgoing& out) {
    RequestWriter requests = writer(out);
    const bool found = statements_.find(step, requests);
    note_shown();
    if (found) return true;
    order_.asks();
    ask_for_answers(out);
    return false;
}

void Server::take_request(const Step& step, Bytes message, Outgoing& out) {
    const auto type = static_cast<Frontend>(step.type);
    suspicion_.requested();
    channels_.requested();
    order_.requested();
    if (tracker_.quiet()) {
        order_.begin();
        latest_.begin();
        statements_.errors().clear();
    }
    note_text(step);
    const bool follows = client().follows;
    if (type == Frontend::parse) part_.statistics().client_parses.add();
    if (type == Frontend::bind) part_.statistics().binds.add();
    if (startup_.was_sent()) restore_in_pipeline(step, out);
    if (!follows) note_reset_in_session(step);
    // What the server discards, up to the Sync, changes nothing, nor does what it refuses in the
    // middle of a COPY. A server that is uncertain is closed after use. Nothing is put in between
    // there.
    if (type == Frontend::flush && !step.body.empty()) {
        // The server refuses it as it refuses a Describe that makes no sense: up to the Sync.
        pass(Frontend::describe, message, out);
    } else if (type == Frontend::copy_data || type == Frontend::copy_done ||
               type == Frontend::copy_fail) {
        pass_part_of_copy(step, message, out);
    } else if (!follows || tracker_.uncertain() ||
               ((tracker_.discarding() || tracker_.copying_in()) && type != Frontend::sync)) {
        pass(type, message, out);
    } else {
        take_what_follows(step, message, out);
    }
    const bool runs = type == Frontend::query || type == Frontend::execute;
    if (runs && suspicion_.contains(Effect::reset)) startup_.sent();
    set_up_.sent(type);
    order_.sent(type);
    statements_.forget_found();
}

void Server::take_what_follows(const Step& step, Bytes message, Outgoing& out) {
    const auto type = static_cast<Frontend>(step.type);
    switch (type) {
        case Frontend::query:
            take_query(step, message, out);
            break;
        case Frontend::parse:
            take_parse(step, message, out);
            break;
        case Frontend::bind:
            take_bind(step, message, out);
            break;
        case Frontend::describe:
        case Frontend::close:
            take_target(step, message, out);
            break;
        case Frontend::function_call:
            take_function_call(step, message, out);
            break;
        default:
            order_.passes(type);
            pass(type, message, out);
            break;
    }
}

void Server::take_more(Bytes bytes, bool last, Outgoing& out) {
    if (long_look_) {
        long_look_->feed(query_text(bytes));
        if (last) {
            const Effects found = long_look_->finish();
            if (found.contains(Effect::reads_sequence)) tenants_program().has_read();
            note_effects(found, {});
            long_look_.reset();
        }
    }
    out.pass(bytes);
}

void Server::pass(Frontend type, Bytes message, Outgoing& out, RequestWriter::Operation operation) {
    const bool was_certain = !tracker_.uncertain();
    writer(out).pass(type, message, operation);
    if (was_certain && tracker_.uncertain()) {
        close(ServerClose::protocol_error, "a request without the Sync that ends a failed COPY");
    }
}

// What waits for the COPY's end (RequestTracker::must_wait) may be what the client would have sent
// to have its result.
void Server::pass_part_of_copy(const Step& step, Bytes message, Outgoing& out) {
    const bool was_open = tracker_.copy_is_open();
    const auto type = static_cast<Frontend>(step.type);
    pass(type, message, out);
    const bool opens = tracker_.copy_is_open() && (!was_open || type == Frontend::copy_done);
    if (opens && step.whole) writer(out).flush();
}

RequestWriter Server::writer(Outgoing& out) {
    return {out, tracker_, statements_.in_flight(), questions_, part_.statistics().server_parses};
}

void Server::note_text(const Step& step) {
    const bool follows = client().follows;
    switch (static_cast<Frontend>(step.type)) {
        case Frontend::query:
            latest_.query(text_of(step), step.whole);
            break;
        case Frontend::parse:
            if (follows) {
                latest_.parse(text_of(step), step.whole, tracker_.quiet());
            } else {
                latest_.parse_unseen(step.body.substr(0, step.body.find('\0')), text_of(step),
                                     step.whole, tracker_.quiet());
            }
            break;
        case Frontend::bind:
            if (follows) {
                latest_.bind();
            } else {
                const auto bind = protocol::parse_bind_head(step.body);
                latest_.bind_unseen(bind ? std::optional(bind->statement) : std::nullopt);
            }
            break;
        default:
            break;
    }
}

// A Sync of pgweir's own in the midst of an extended query would end its transaction, and what
// PostgreSQL discards up to the client's Sync.
Origin Server::origin_in_front() const {
    const bool is_open = tracker_.wants_sync() || tracker_.may_discard();
    return is_open ? Origin::injected : Origin::pool;
}

void Server::put_in_front(std::string_view sql, Outgoing& out) {
    if (origin_in_front() == Origin::pool) {
        order_statement(std::string(sql), out);
    } else {
        inject_statement(sql, out);
    }
}

// No transaction block of the client's is open, nor an extended query: all that is unanswered is
// pgweir's.
bool Server::stands_between_transactions() const {
    return context_.has_no_transaction() && !tracker_.wants_sync();
}

// It names a function by its oid, which may be anything's: set_config, lastval.
void Server::take_function_call(const Step& step, Bytes message, Outgoing& out) {
    if (context_.tracks()) {
        Effects effects = Effect::state;
        if (!protocol::calls_large_object(step.body)) effects |= called_by_oid;
        if (must_discard_sequences(effects, {}, true)) put_in_front(discard_sequences, out);
        bring_channels(effects, origin_in_front(), out);
        note_effects(effects, "FunctionCall");
    }
    pass(Frontend::function_call, message, out);
}

void Server::take_query(const Step& step, Bytes message, Outgoing& out) {
    const Bytes text = query_text(step.body);
    if (context_.tracks()) {
        // Of a text that is too long to be here the rest may do anything; what it leaves behind is
        // seen as it passes.
        Effects effects = unread_effects();
        if (step.whole) {
            effects = protocol::look_at(text, context_.knowledge.function_effects().get());
        } else {
            long_look_.emplace(context_.knowledge.function_effects().get());
            long_look_->feed(text);
        }
        if (effects.any()) {
            if (must_discard_sequences(effects, text, step.whole))
                put_in_front(discard_sequences, out);
            if (needs_new_plans(context_, effects, text)) {
                put_in_front(discard_plans, out);
                connection_.plans.discarded_for(client().id);
            }
            if (const auto refusal = refuses(text, effects)) {
                refuse_query(*refusal, out);
                return;
            }
        }
        bring_channels(effects, origin_in_front(), out);
        note_effects(effects, text);
        if (effects.contains(Effect::names_statement)) {
            RequestWriter requests = writer(out);
            if (step.whole) {
                statements_.show_to_sql(text, origin_in_front(), requests);
            } else {
                statements_.show_all_to_sql(origin_in_front(), requests);
            }
            note_shown();
        }
        if (effects.any()) order_.runs(Frontend::query, effects, context_.has_startup_settings());
    }
    if (auto operation = statements_.simple_query()) {
        pass(Frontend::query, message, out, std::move(*operation));
    } else {
        pass(Frontend::query, message, out);
    }
}

// --- what may be left behind ---------------------------------------------------------------------

void Server::note_effects(Effects effects, Bytes text, const Statement* statement) {
    if (effects.contains(Effect::state) || effects.contains(Effect::alters_reading)) {
        order_.alters_reading();
        if (may_change_plans(text, context_.knowledge.plan_facts(),
                             context_.knowledge.function_effects().get()))
            connection_.plans.changed_by(client().id);
    }
    effects = effects.without(Effect::alters_reading);
    if (effects.contains(Effect::empties_database)) {
        part_.pool().registry().retire_idle_servers(text);
        effects = effects.without(Effect::empties_database);
    }
    if (!effects.any()) return;
    suspicion_.add(effects, text);
    note_sequences(effects);
    if (!effects.contains(Effect::state)) return;
    const bool unseen =
        statement != nullptr
            ? mentioned_.note(statement->setting_names(MentionedSettings::in_statement))
            : mentioned_.note(MentionedSettings::in_text(text));
    if (unseen) suspicion_.add(Effect::sets_unseen);
    if (effects.contains(Effect::changes_catalogue))
        part_.pool().registry().definition_sent(part_.pool(), text);
    startup_.note(text, tracker_.sent_in_all(), effects.contains(Effect::ends_transaction));
}

}  // namespace pgweir::pool
