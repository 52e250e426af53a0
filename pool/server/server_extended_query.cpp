// The messages of an extended query: Parse, Bind, Describe and Close, with the names that the
// server has for prepared statements (manual, "Extended Query").
#include <cstdint>

#include "pool/lending/pool_part.hpp"
#include "pool/server/server.hpp"
#include "pool/session/plans.hpp"
#include "protocol/sql/statement_shape.hpp"
#include "protocol/wire/extended_query.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Effects;
using protocol::Frontend;
using protocol::Origin;
using protocol::Step;

namespace {

constexpr Effects anything = protocol::suspect_effects | Effect::reads_sequence |
                             Effect::names_statement | Effect::ends_transaction |
                             Effect::changes_catalogue | Effect::alters_reading |
                             Effect::sets_unseen;

}  // namespace

void Server::take_parse(const Step& step, Bytes message, Outgoing& out) {
    RequestWriter requests = writer(out);
    const auto parse = step.whole ? protocol::parse_parse(step.body) : std::nullopt;
    if (!parse) {
        statements_.parse_unread();
        if (!tracker_.wants_sync() && context_.tracks()) {
            bring_channels(unread_effects(), Origin::pool, out);
            statements_.show_all_to_sql(Origin::pool, requests);
            note_shown();
        }
        note_unread(unread_effects(), out);
        pass(Frontend::parse, message, out);
        return;
    }
    if (!parse->statement.empty() && client().max_prepared_statements == 0) {
        note_effects(Effect::state, parse->query);
        pass(Frontend::parse, message, out);
        return;
    }
    if (!parse->statement.empty() && take_taken_name(*parse, message, out)) return;
    const StatementPtr statement = statement_of(*parse);
    const Effects effects = statements_.effects_of(*statement);
    if (!tracker_.wants_sync()) bring_channels(effects, Origin::pool, out);
    statements_.show_what_it_names(*statement, requests);
    note_shown();
    if (parse->statement.empty()) {
        statements_.parse_unnamed(statement, message, requests);
    } else {
        statements_.parse_named(*parse, statement, requests);
    }
}

// In strict mode nobody keeps a server for settings that were not seen: they are reset.
Effects Server::unread_effects() const {
    if (!context_.tracks()) return {};
    const bool strict = client().tracking == conf::SessionState::strict;
    return strict ? anything.without(Effect::sets_unseen) : anything;
}

// What is nonsense, which the server refuses; or longer than what is carried: then the client keeps
// the server that has it. It may do anything, when it is read and whenever it runs.
void Server::note_unread(Effects effects, Outgoing& out) {
    if (must_discard_sequences(effects, {}, false)) inject_statement(discard_sequences, out);
    if (tracker_.wants_sync()) bring_channels(effects, Origin::injected, out);
    note_effects(effects | Effect::state | Effect::ends_transaction, {});
    order_.runs(Frontend::bind, effects, context_.has_startup_settings());
}

// A name that something has already: the server refuses it, or has to say what SQL has done.
bool Server::take_taken_name(const protocol::ParseMessage& parse, Bytes message, Outgoing& out) {
    RequestWriter requests = writer(out);
    const bool reserved = statements_.is_reserved(parse.statement);
    if (statements_.own(parse.statement) == nullptr) {
        const bool may_be_of_sql = suspicion_.contains(Effect::names_statement) ||
                                   client().pins.contains(PinReason::sql_prepared);
        if (may_be_of_sql && !reserved) statements_.expect_free_name(parse, requests);
        return false;
    }
    if (reserved) {
        // What the server has under it is everybody's.
        refuse_extended(
            protocol::ErrorReport::error(
                protocol::sqlstate::duplicate_prepared_statement,
                "prepared statement \"" + std::string(parse.statement) + "\" already exists"),
            out);
    } else {
        statements_.refuse_taken_name(parse.statement, requests);
    }
    note_effects(Effect::state, {});
    pass(Frontend::parse, message, out);
    return true;
}

// Clients share a statement where nothing but the settings that are known has a say in what its
// text means. Not so where its transaction has changed that for itself, or temporary tables hide
// others: there it is this client's alone.
StatementPtr Server::statement_of(const protocol::ParseMessage& parse) {
    const TenantSession& session = client();
    StatementCache& cache = context_.knowledge.statements();
    if (parse.statement.empty()) return cache.intern(parse.query, parse.types, {});
    const bool is_own = order_.reading_is_altered() || suspicion_.contains(Effect::state) ||
                        session.pins.contains(PinReason::temporary_object);
    if (is_own && context_.tracks()) return cache.make_private(parse.query, parse.types);
    return cache.intern(parse.query, parse.types, session.settings->parsing());
}

void Server::take_bind(const Step& step, Bytes message, Outgoing& out) {
    const auto bind =
        statements_.bind_head() ? statements_.bind_head() : protocol::parse_bind_head(step.body);
    if (!bind) {
        // As a whole it is nonsense that the server refuses. What is longer than a buffer might
        // name a statement of somebody else's.
        if (step.whole) {
            pass(Frontend::bind, message, out);
        } else {
            close(ServerClose::protocol_error, "the names in a Bind are longer than a buffer");
        }
        return;
    }
    const ClientStatement* const own =
        statements_.found() != nullptr ? statements_.found() : statements_.own(bind->statement);
    if (own == nullptr) {
        latest_.runs_unknown();
        note_unknown_name(bind->statement);
    } else if (own->statement == unknown_statement()) {
        latest_.runs_unknown();
        note_unread(unread_effects(), out);
    } else if (own->statement) {
        note_run(*own->statement, bind->rest, step.whole, out);
    }
    RequestWriter requests = writer(out);
    statements_.bind(*bind, own, message, requests);
}

// It may be a statement whose name was too long to be carried: a client that keeps no server has
// none. Mostly there is none of that name, and nothing is to fail before the server says so.
void Server::note_unknown_name(Bytes name) {
    const TenantSession& session = client();
    const bool may_be_long = !name.empty() && !statements_.is_reserved(name) &&
                             session.max_prepared_statements > 0 && session.pins.any();
    constexpr Effects keeping = Effect::sets_unseen | Effect::reads_sequence;
    if (may_be_long) note_effects(unread_effects().without(keeping), {});
}

// What a statement may leave behind that is about to run with these values, and what has to go
// before it.
void Server::note_run(const Statement& statement, Bytes values, bool all_here, Outgoing& out) {
    latest_.runs(statement.query());
    Effects effects = statements_.effects_of(statement);
    if (!effects.any()) return;
    if (must_discard_sequences(effects, statement.query(), true))
        inject_statement(discard_sequences, out);
    if (needs_new_plans(context_, effects, statement.query())) {
        inject_statement(discard_plans, out);
        connection_.plans.discarded_for(client().id);
    }
    if (const auto refusal = refuses(statement.query(), effects)) refuse_extended(*refusal, out);
    note_effects(effects, statement.query(), &statement);
    // In the midst of an extended query one of pgweir's own would end its transaction. What runs
    // alone (DISCARD ALL) runs behind nothing there: its Parse has brought the channels.
    const bool is_in_midst = origin_in_front() == Origin::injected;
    const bool runs_behind_nothing =
        is_in_midst && effects.contains(Effect::listens) && protocol::runs_alone(statement.query());
    if (!runs_behind_nothing) bring_channels(effects, origin_in_front(), out);
    if (effects.contains(Effect::state) && mentioned_.note_values(values, all_here))
        suspicion_.add(Effect::sets_unseen);
    if (effects.contains(Effect::runs_unseen)) note_texts_in_values(values, all_here);
    RequestWriter requests = writer(out);
    statements_.show_what_it_names(statement, requests);
    note_shown();
    order_.runs(Frontend::bind, effects, context_.has_startup_settings());
}

// Code that runs what it is given: what no question shows has to be found in the values.
void Server::note_texts_in_values(Bytes values, bool all_here) {
    Effects found = all_here ? Effects() : Effects(Effect::sticky);
    protocol::for_each_value(values, [&](Bytes value) {
        found |= protocol::look_at(value, context_.knowledge.function_effects().get());
    });
    note_effects(found.only(Effect::sticky | Effect::advances_sequence), {});
}

// Describe and Close.
void Server::take_target(const Step& step, Bytes message, Outgoing& out) {
    const auto type = static_cast<Frontend>(step.type);
    const auto target = protocol::parse_target(step.body);
    RequestWriter requests = writer(out);
    if (!target || (target->kind != 'S' && type == Frontend::close)) {
        pass(type, message, out);
    } else if (type == Frontend::describe) {
        statements_.describe(*target, message, requests);
        note_shown();
    } else if (!statements_.close(target->name, requests)) {
        note_effects(Effect::state, {});  // one that is not carried
    }
}

// What EXECUTE runs does what its statement does; the parameters that it gives nobody sees.
void Server::note_shown() {
    if (!statements_.has_shown()) return;
    for (const StatementPtr& statement : statements_.take_shown_statements()) {
        if (statement) note_effects(statements_.effects_of(*statement), statement->query());
    }
    suspicion_.add(Effect::state);
}

}  // namespace pgweir::pool
