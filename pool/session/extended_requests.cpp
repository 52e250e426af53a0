#include "pool/session/extended_requests.hpp"

#include <string>
#include <utility>

#include "pool/session/strict_mode.hpp"
#include "protocol/sql/statement_shape.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Effects;
using protocol::Frontend;
using protocol::Origin;
using protocol::Step;

void ExtendedRequests::parse(const Step& step, Bytes message, RequestWriter& requests) {
    const auto parse = step.whole ? protocol::parse_parse(step.body) : std::nullopt;
    if (!parse) {
        parse_unread(message, requests);
        return;
    }
    if (!parse->statement.empty() && rooms_.client().max_prepared_statements == 0) {
        notes_.note(Effect::state, parse->query);
        requests.pass(Frontend::parse, message);
        return;
    }
    if (!parse->statement.empty() && takes_taken_name(*parse, message, requests)) return;
    if (!parse->statement.empty()) {
        for (Portal& portal : bound_) portal.may_name_new = true;
    }
    const StatementPtr statement = statement_of(*parse);
    const Effects effects = rooms_.statements.ledger.effects_of(*statement);
    if (!rooms_.tracker.wants_sync()) in_front_.bring_channels(effects, Origin::pool, requests);
    rooms_.statements.for_sql.show_what_it_names(*statement, requests);
    notes_.note_shown();
    if (parse->statement.empty()) {
        rooms_.statements.translator.parse_unnamed(statement, message, requests);
    } else {
        rooms_.statements.translator.parse_named(*parse, statement, requests);
    }
}

// What is nonsense, which the server refuses; or longer than what is carried: then the client keeps
// the server that has it. It may do anything, when it is read and whenever it runs.
void ExtendedRequests::parse_unread(Bytes message, RequestWriter& requests) {
    rooms_.statements.ledger.parse_unread();
    if (!rooms_.tracker.wants_sync() && rooms_.context.tracks()) {
        in_front_.bring_channels(notes_.unread(), Origin::pool, requests);
        rooms_.statements.for_sql.show_all(Origin::pool, requests);
        notes_.note_shown();
    }
    run_unread(notes_.unread(), requests);
    requests.pass(Frontend::parse, message);
}

void ExtendedRequests::run_unread(Effects effects, RequestWriter& requests) {
    in_front_.discard_values_of_others(effects, {}, false, Origin::injected, requests);
    if (rooms_.tracker.wants_sync()) in_front_.bring_channels(effects, Origin::injected, requests);
    notes_.note(effects | Effect::state | Effect::ends_transaction, {});
    rooms_.order.runs(Frontend::bind, effects, rooms_.context.has_startup_settings());
}

// A name that something has already: the server refuses it, or has to say what SQL has done.
bool ExtendedRequests::takes_taken_name(const protocol::ParseMessage& parse, Bytes message,
                                        RequestWriter& requests) {
    const bool reserved = rooms_.statements.ledger.is_reserved(parse.statement);
    if (rooms_.statements.ledger.own(parse.statement) == nullptr) {
        const bool may_be_of_sql = rooms_.suspicion.contains(Effect::names_statement) ||
                                   rooms_.client().pins.contains(PinReason::sql_prepared);
        if (may_be_of_sql && !reserved) rooms_.statements.for_sql.expect_free_name(parse, requests);
        return false;
    }
    if (reserved) {
        // What the server has under it is everybody's.
        const auto report = protocol::ErrorReport::error(
            protocol::sqlstate::duplicate_prepared_statement,
            "prepared statement \"" + std::string(parse.statement) + "\" already exists");
        requests.run(Origin::injected, raising_sql(report));
    } else {
        rooms_.statements.for_sql.refuse_taken_name(parse.statement, requests);
    }
    notes_.note(Effect::state, {});
    requests.pass(Frontend::parse, message);
    return true;
}

// Clients share a statement where nothing but the settings that are known has a say in what its
// text means. Not so where its transaction has changed that for itself, or temporary tables hide
// others: there it is this client's alone.
StatementPtr ExtendedRequests::statement_of(const protocol::ParseMessage& parse) {
    const TenantSession& session = rooms_.client();
    StatementCache& cache = rooms_.knowledge.statements();
    if (parse.statement.empty()) return cache.intern(parse.query, parse.types, {});
    const bool is_own = rooms_.order.reading_is_altered() ||
                        rooms_.suspicion.contains(Effect::state) ||
                        session.pins.contains(PinReason::temporary_object);
    if (is_own && rooms_.context.tracks()) return cache.make_private(parse.query, parse.types);
    return cache.intern(parse.query, parse.types, session.settings->parsing());
}

void ExtendedRequests::bind(const Step& step, Bytes message, RequestWriter& requests) {
    PreparedStatements& statements = rooms_.statements;
    const StatementFinder& finder = statements.finder;
    const auto bind =
        finder.bind_head() ? finder.bind_head() : protocol::parse_bind_head(step.body);
    if (!bind) {
        // As a whole it is nonsense that the server refuses. What is longer than a buffer might
        // name a statement of somebody else's.
        if (step.whole) {
            requests.pass(Frontend::bind, message);
        } else {
            rooms_.fail(SessionFault::Kind::protocol_error,
                        "the names in a Bind are longer than a buffer");
        }
        return;
    }
    const ClientStatement* const own =
        finder.own() != nullptr ? finder.own() : statements.ledger.own(bind->statement);
    if (own == nullptr) {
        rooms_.latest.runs_unknown();
        notes_.note_unknown_name(bind->statement);
    } else if (own->statement == unknown_statement()) {
        rooms_.latest.runs_unknown();
        run_unread(notes_.unread(), requests);
    } else if (own->statement) {
        run(*own->statement, bind->rest, step.whole, requests);
    }
    note_portal(bind->portal, own != nullptr ? own->statement : nullptr);
    statements.translator.bind(*bind, own, message, requests);
}

void ExtendedRequests::note_portal(Bytes name, const StatementPtr& statement) {
    constexpr std::size_t most = 64;
    if (!bound_.empty())
        std::erase_if(bound_, [&](const Portal& portal) { return portal.name == name; });
    if (!statement || statement == unknown_statement() || bound_.size() == most) return;
    if (!rooms_.statements.ledger.effects_of(*statement).any()) return;
    bound_.push_back({.name = std::string(name),
                      .statement = statement,
                      .bound = rooms_.suspicion.latest_request()});
}

void ExtendedRequests::end_segment() {
    for (Portal& portal : bound_) portal.is_of_earlier_segment = true;
}

// What was bound before a Sync runs now: what was noted then may have been dealt with since.
void ExtendedRequests::execute(const Step& step, Bytes message, RequestWriter& requests) {
    const Bytes name = step.body.substr(0, step.body.find('\0'));
    for (Portal& portal : bound_) {
        if (portal.name != name) continue;
        const Effects effects = rooms_.statements.ledger.effects_of(*portal.statement);
        if (std::exchange(portal.may_name_new, false)) {
            rooms_.statements.for_sql.show_what_it_names(*portal.statement, requests);
            notes_.note_shown();
        }
        if (!portal.is_of_earlier_segment) {
            const std::size_t request = rooms_.tracker.sent_in_all();
            rooms_.suspicion.executed(portal.bound, request);
            portal.bound = request;
            continue;
        }
        notes_.note(effects, portal.statement->query());
        rooms_.order.runs(Frontend::bind, effects, rooms_.context.has_startup_settings());
    }
    rooms_.order.passes(Frontend::execute);
    requests.pass(Frontend::execute, message);
}

// What a statement may leave behind that is about to run with these values, and what has to go
// before it.
void ExtendedRequests::run(const Statement& statement, Bytes values, bool all_here,
                           RequestWriter& requests) {
    const Bytes text = statement.query();
    rooms_.latest.runs(text);
    Effects effects = rooms_.statements.ledger.effects_of(statement);
    if (!effects.any()) return;
    in_front_.discard_values_of_others(effects, text, true, Origin::injected, requests);
    in_front_.discard_plans_of_others(effects, text, Origin::injected, requests);
    if (const auto refusal = refusal_of(rooms_.client(), text, effects))
        requests.run(Origin::injected, raising_sql(*refusal));
    notes_.note(effects, text, &statement);
    // In the midst of an extended query one of pgweir's own would end its transaction. What runs
    // alone (DISCARD ALL) runs behind nothing there: its Parse has brought the channels.
    const bool is_in_midst = in_front_.origin() == Origin::injected;
    const bool runs_behind_nothing =
        is_in_midst && effects.contains(Effect::listens) && protocol::runs_alone(text);
    if (!runs_behind_nothing) in_front_.bring_channels(effects, in_front_.origin(), requests);
    if (effects.contains(Effect::state) && rooms_.mentioned.note_values(values, all_here))
        rooms_.suspicion.add(Effect::sets_unseen);
    if (effects.contains(Effect::runs_unseen)) notes_.note_texts_in_values(values, all_here);
    rooms_.statements.for_sql.show_what_it_names(statement, requests);
    notes_.note_shown();
    rooms_.order.runs(Frontend::bind, effects, rooms_.context.has_startup_settings());
}

void ExtendedRequests::target(const Step& step, Bytes message, RequestWriter& requests) {
    const auto type = static_cast<Frontend>(step.type);
    const auto target = protocol::parse_target(step.body);
    if (!target || (target->kind != 'S' && type == Frontend::close)) {
        requests.pass(type, message);
    } else if (type == Frontend::describe) {
        rooms_.statements.translator.describe(*target, message, requests);
        notes_.note_shown();
    } else if (!rooms_.statements.translator.close(target->name, requests)) {
        notes_.note(Effect::state, {});  // one that is not carried
    }
}

}  // namespace pgweir::pool
