// The messages of an extended query: Parse, Bind, Describe and Close, with the names that the
// server has for prepared statements (manual, "Extended Query").
#include <cstdint>

#include "pool/pool_part.hpp"
#include "pool/server.hpp"
#include "protocol/extended_query.hpp"
#include "protocol/message_writer.hpp"
#include "protocol/serialize.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Effects;
using protocol::Frontend;
using protocol::Origin;
using protocol::Step;
using OnServer = StatementOperation::OnServer;

namespace {

constexpr Effects anything = protocol::suspect_effects | Effect::reads_sequence |
                             Effect::names_statement | Effect::ends_transaction |
                             Effect::changes_catalogue | Effect::alters_reading |
                             Effect::sets_unseen;

}  // namespace

void Server::take_parse(const Step& step, Bytes message, Outgoing& out) {
    const auto parse = step.whole ? protocol::parse_parse(step.body) : std::nullopt;
    if (!parse) {
        connection_.unnamed = {.statement = unknown_statement()};
        tenant_->session().statements.unnamed = {.statement = unknown_statement()};
        if (!tracker_.wants_sync() && tracks()) {
            bring_channels(unread_effects(), Origin::pool, out);
            show_all_to_sql(Origin::pool, out);
        }
        note_unread(unread_effects(), out);
        pass(Frontend::parse, message, out);
        return;
    }
    if (!parse->statement.empty() && tenant_->session().max_prepared_statements == 0) {
        note_effects(Effect::state, parse->query);
        pass(Frontend::parse, message, out);
        return;
    }
    if (!parse->statement.empty() && take_taken_name(*parse, message, out)) return;
    const StatementPtr statement = statement_of(*parse);
    const Effects effects = effects_of(*statement);
    if (!tracker_.wants_sync()) bring_channels(effects, Origin::pool, out);
    show_what_it_names(*statement, out);
    if (!parse->statement.empty()) {
        take_named_parse(*parse, statement, out);
        return;
    }
    const std::uint64_t reading = next_reading();
    writer(out).pass(
        Frontend::parse, message,
        assumed({.on_server = OnServer::sets_unnamed,
                 .there = {.statement = statement, .reading = reading},
                 .of_client = true,
                 .name = {},
                 .own = {.statement = statement, .reading = reading, .as_of = not_answered}}));
}

// In strict mode nobody keeps a server for settings that were not seen: they are reset.
Effects Server::unread_effects() const {
    if (!tracks()) return {};
    const bool strict = tenant_->session().tracking == conf::SessionState::strict;
    return strict ? anything.without(Effect::sets_unseen) : anything;
}

// What is nonsense, which the server refuses; or longer than what is carried: then the client keeps
// the server that has it. It may do anything, when it is read and whenever it runs.
void Server::note_unread(Effects effects, Outgoing& out) {
    if (must_discard_sequences(effects, {}, false)) inject_statement(discard_sequences, out);
    if (tracker_.wants_sync()) bring_channels(effects, Origin::injected, out);
    note_effects(effects | Effect::state | Effect::ends_transaction, {});
    note_settling(Frontend::bind, effects);
}

// A name that something has already: the server refuses it, or has to say what SQL has done.
bool Server::take_taken_name(const protocol::ParseMessage& parse, Bytes message, Outgoing& out) {
    const ClientStatements& statements = tenant_->session().statements;
    const bool reserved = is_reserved(parse.statement);
    if (statements.find(parse.statement) == nullptr) {
        const bool may_be_of_sql = effects_.contains(Effect::names_statement) ||
                                   tenant_->session().pins.contains(PinReason::sql_prepared);
        if (may_be_of_sql && !reserved) expect_free_name(parse, out);
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
        // An error, in the server's own words: it has to have something under this name. What has
        // no text can be parsed even where the transaction has failed.
        put_under_clients_name(parse.statement, {}, no_types, Origin::injected, out);
    }
    note_effects(Effect::state, {});
    pass(Frontend::parse, message, out);
    return true;
}

// Clients share a statement where nothing but the settings that are known has a say in what its
// text means. Not so where its transaction has changed that for itself, or temporary tables hide
// others: there it is this client's alone.
StatementPtr Server::statement_of(const protocol::ParseMessage& parse) {
    const TenantSession& session = tenant_->session();
    StatementCache& cache = part_.knowledge().statements();
    if (parse.statement.empty()) return cache.intern(parse.query, parse.types, {});
    const bool is_own = alters_reading_ || effects_.contains(Effect::state) ||
                        session.pins.contains(PinReason::temporary_object);
    if (is_own && tracks()) return cache.make_private(parse.query, parse.types);
    return cache.intern(parse.query, parse.types, session.settings->parsing());
}

// A client's Parse is read by the server each time: what its text means now, only the server knows.
// What it had under the same name goes, and who has prepared the same before is served by the new
// reading, so far as he was told the same (find_statement).
void Server::take_named_parse(const protocol::ParseMessage& parse, const StatementPtr& statement,
                              Outgoing& out) {
    const std::uint64_t reading = next_reading();
    StatementOperation operation{
        .there = {.statement = statement, .reading = reading},
        .of_client = true,
        .name = std::string(parse.statement),
        .own = {.statement = statement, .reading = reading, .as_of = not_answered}};
    ServerStatement* const present = connection_.statements.use(*statement);
    // What fails where the transaction may have, all but COMMIT and ROLLBACK, must not cost the
    // server what it has.
    const bool aside = present != nullptr && tracker_.may_have_failed();
    const Bytes server_name = aside ? statement_aside : Bytes(statement->server_name());
    if (aside) {
        operation.aside = true;
        writer(out).close(Origin::injected, statement_aside);
    } else if (present != nullptr) {
        inject_close(*present, out);
    } else {
        make_room_for(statement, out);
    }
    if (!aside) operation.on_server = OnServer::prepares;
    const Bytes rest(parse.query.data(), parse.query.size() + 1 + parse.types.size());
    note_name(statement, parse.statement);
    writer(out).parse_under(server_name, rest, assumed(std::move(operation)));
}

void Server::take_bind(const Step& step, Bytes message, Outgoing& out) {
    const auto bind = protocol::parse_bind_head(step.body);
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
    const ClientStatement* const own = tenant_->session().statements.find(bind->statement);
    StatementPtr statement = own != nullptr ? own->statement : nullptr;
    bound_portal_.reading = 0;
    if (statement && statement != unknown_statement()) {
        // Into the storage that is there: this is done for each Bind.
        bound_portal_.portal.assign(bind->portal);
        bound_portal_.name.assign(bind->statement);
        bound_portal_.reading = own->reading;
        note_run(*statement, bind->rest, step.whole, out);
    }
    if (bind->statement.empty() && !statement) end_unnamed(out);
    const bool reserved = !statement && is_reserved(bind->statement);
    // One with a name that was too long: a client that keeps no server has none. Mostly there is
    // none of that name, and nothing is to fail before the server says so.
    const bool carries = tenant_->session().max_prepared_statements > 0;
    const bool may_be_long = !statement && !bind->statement.empty() && !reserved && carries &&
                             tenant_->session().pins.any();
    constexpr Effects keeping = Effect::sets_unseen | Effect::reads_sequence;
    if (may_be_long) note_effects(unread_effects().without(keeping), {});
    if (statement == unknown_statement()) note_unread(unread_effects(), out);
    const bool other_result = has_other_result(named_);
    const bool renamed = other_result || ((statement || reserved) && !bind->statement.empty());
    if (!renamed) {
        pass(Frontend::bind, message, out);
        return;
    }
    if (statement) {
        if (named_.there == nullptr) {
            statement = stand_in(std::move(statement), false);
            have_stand_in(statement, out);
        }
        note_name(statement, bind->statement);
    }
    if (other_result) fail_for_other_result();
    const bool nameless = !statement || other_result;
    // The length is the whole message's, of which a part may still be to come.
    const std::size_t body_size = protocol::read_uint32(message.substr(1)) - sizeof(std::uint32_t);
    const std::size_t rest_size =
        body_size - (bind->portal.size() + 1 + bind->statement.size() + 1);
    const Bytes name = nameless ? no_statement : Bytes(statement->server_name());
    writer(out).bind_to(bind->portal, name, bind->rest, rest_size);
}

// What a statement may leave behind that is about to run with these values, and what has to go
// before it.
void Server::note_run(const Statement& statement, Bytes values, bool all_here, Outgoing& out) {
    note_statement(statement.query());
    Effects effects = effects_of(statement);
    if (!effects.any()) return;
    if (must_discard_sequences(effects, statement.query(), true))
        inject_statement(discard_sequences, out);
    if (needs_new_plans(effects, statement.query())) {
        inject_statement(discard_plans, out);
        note_plans_discarded();
    }
    if (const auto refusal = refuses(statement.query(), effects)) refuse_extended(*refusal, out);
    note_effects(effects, statement.query(), &statement);
    // In the midst of an extended query one of pgweir's own would end its transaction.
    bring_channels(effects, origin_in_front(), out);
    if (effects.contains(Effect::state)) note_names_in_values(values, all_here);
    if (effects.contains(Effect::runs_unseen)) note_texts_in_values(values, all_here);
    show_what_it_names(statement, out);
    note_settling(Frontend::bind, effects);
}

// Code that runs what it is given: what no question shows has to be found in the values.
void Server::note_texts_in_values(Bytes values, bool all_here) {
    Effects found = all_here ? Effects() : Effects(Effect::sticky);
    protocol::for_each_value(values, [&](Bytes value) {
        found |= protocol::look_at(value, part_.knowledge().function_effects().get());
    });
    note_effects(found.only(Effect::sticky | Effect::advances_sequence), {});
}

// Describe and Close.
void Server::take_target(const Step& step, Bytes message, Outgoing& out) {
    const auto type = static_cast<Frontend>(step.type);
    const auto target = protocol::parse_target(step.body);
    if (!target || (target->kind != 'S' && type == Frontend::close)) {
        pass(type, message, out);
    } else if (type == Frontend::close) {
        close_of_client(target->name, out);
    } else {
        take_describe(*target, message, out);
    }
}

void Server::take_describe(const protocol::TargetMessage& target, Bytes message, Outgoing& out) {
    using Describes = StatementOperation::Describes;
    if (target.kind != 'S') {
        const bool is_bound = bound_portal_.reading != 0 && bound_portal_.portal == target.name;
        if (!is_bound) {
            pass(Frontend::describe, message, out);
            return;
        }
        writer(out).pass(Frontend::describe, message,
                         assumed({.name = bound_portal_.name,
                                  .own = {.reading = bound_portal_.reading},
                                  .describes = Describes::portal,
                                  .tells = true}));
        return;
    }
    const ClientStatement* const own = tenant_->session().statements.find(target.name);
    StatementPtr statement = own != nullptr ? own->statement : nullptr;
    if (target.name.empty() && !statement) end_unnamed(out);
    const bool known = statement && statement != unknown_statement();
    const bool other_result = has_other_result(named_);
    if (!known && !(is_reserved(target.name) && !statement)) {
        pass(Frontend::describe, message, out);
        return;
    }
    if (known) show_what_it_names(*statement, out);
    if (known && !target.name.empty() && named_.there == nullptr) {
        statement = stand_in(std::move(statement), true);
        have_stand_in(statement, out);
    }
    if (known) note_name(statement, target.name);
    if (other_result) {
        fail_for_other_result();
        // PostgreSQL tells the parameters before it looks at the result.
        std::string parameters;
        if (own->told->parameters) {
            const protocol::Message told(parameters, protocol::Backend::parameter_description);
            parameters += *own->told->parameters;
        }
        substitutes_.back().second.insert(0, parameters);
    }
    Bytes name = target.name;
    if (other_result || !known) {
        name = no_statement;
    } else if (!name.empty()) {
        name = statement->server_name();
    }
    if (named_.there == nullptr || other_result) {
        writer(out).describe(Origin::client, name);
        return;
    }
    writer(out).describe(
        Origin::client, name,
        assumed({.there = {.statement = named_.there->statement, .reading = named_.there->reading},
                 .name = std::string(target.name),
                 .own = {.reading = own->reading},
                 .describes = Describes::statement,
                 .tells = true}));
}

}  // namespace pgweir::pool
