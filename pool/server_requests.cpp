// What a tenant asks of its server: names of prepared statements become the server's, and what a
// statement may leave behind is noted.
#include <algorithm>
#include <array>

#include "pool/pool.hpp"
#include "pool/pool_part.hpp"
#include "pool/registry.hpp"
#include "pool/server.hpp"
#include "protocol/custom_settings.hpp"
#include "protocol/extended_query.hpp"
#include "protocol/function_call.hpp"
#include "protocol/message_writer.hpp"
#include "protocol/normalised_text.hpp"
#include "protocol/pin_forecast.hpp"
#include "protocol/serialize.hpp"
#include "protocol/sql_mention.hpp"
#include "protocol/sql_reader.hpp"
#include "protocol/statement_shape.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Effects;
using protocol::Frontend;
using protocol::Origin;
using protocol::Step;
using OnServer = StatementOperation::OnServer;

namespace {

constexpr std::string_view discard_sequences = "DISCARD SEQUENCES";

constexpr Effects anything = protocol::suspect_effects | Effect::reads_sequence |
                             Effect::names_statement | Effect::ends_transaction |
                             Effect::changes_catalogue | Effect::alters_reading |
                             Effect::sets_unseen;

constexpr Effects called_by_oid = Effect::reset | Effect::listens | Effect::advances_sequence |
                                  Effect::reads_sequence | Effect::runs_unseen;

// The text of a Query, without its terminator.
Bytes query_text(Bytes body) {
    if (!body.empty() && body.back() == '\0') body.remove_suffix(1);
    return body;
}

}  // namespace

// The text of a Query or a Parse, as far as it is here; empty for others.
Bytes Server::text_of(const Step& step) {
    const auto type = static_cast<Frontend>(step.type);
    Bytes text = step.body;
    if (type == Frontend::parse) {
        text.remove_prefix(std::min(text.find('\0') + 1, text.size()));
    } else if (type != Frontend::query) {
        return {};
    }
    return text.substr(0, text.find('\0'));
}

bool Server::make_ready(const Step& step, Outgoing& out) {
    named_ = {};
    request_waits_ = false;
    if (!tenant_->session().follows || tracker_.uncertain() || tracker_.discarding()) return true;
    if (tracker_.releasable() && leaves_for_temp_buffers(step)) return false;
    if (tracker_.releasable() && !set_up_for(step, out)) {
        request_waits_ = true;
        return false;
    }
    return find_statement(step, out);
}

void Server::take_request(const Step& step, Bytes message, Outgoing& out) {
    const auto type = static_cast<Frontend>(step.type);
    verified_ = false;
    channels_.requested();
    flushed_ = false;
    if (tracker_.quiet()) {
        requests_in_a_row_ = 0;
        bound_ = 0;
        names_.clear();
        substitutes_.clear();
    }
    note_text(step);
    const bool follows = tenant_->session().follows;
    if (type == Frontend::parse) part_.statistics().client_parses.add();
    if (type == Frontend::query) bound_ += 1;
    if (type == Frontend::bind) {
        part_.statistics().binds.add();
        bound_ += follows ? 1 : 2;
    }
    if (ran_reset_) restore_in_pipeline(type, out);
    if (!follows) note_reset_in_session(step);
    // What the server discards, up to the Sync, changes nothing; what it refuses in the middle of a
    // COPY neither. One of which that is not certain
    // is closed after use: nothing is put in between there.
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
    if (runs && effects_.contains(Effect::reset)) ran_reset_ = true;
    note_behind_set_up(type);
    if (type == Frontend::query || type == Frontend::sync) ++requests_in_a_row_;
    named_ = {};
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
            note_settling(type, {});
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

void Server::pass(Frontend type, Bytes message, Outgoing& out) {
    const bool was_certain = !tracker_.uncertain();
    writer(out).pass(type, message);
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
    return {out, tracker_, in_flight_, questions_, part_.statistics().server_parses};
}

// The names that servers have for statements are no secret; they are nobody's to use or to close.
bool Server::is_reserved(Bytes statement_name) const {
    return tenant_->session().max_prepared_statements > 0 &&
           statement_name.starts_with(server_name_prefix);
}

bool Server::tracks() const {
    return tenant_->session().tracking != conf::SessionState::off;
}

bool Server::looks_at_texts() const {
    return tenant_->session().follows && tracks();
}

// Kept whole until all is answered: it is the tags that tell what to look for in it. Where texts
// are not looked at when they are sent, only the server knows that of what was prepared before.
void Server::note_text(const Step& step) {
    const auto type = static_cast<Frontend>(step.type);
    if (type == Frontend::query || type == Frontend::parse) {
        latest_parsed_.reset();
        if (type == Frontend::parse && !looks_at_texts())
            latest_parsed_ = step.body.substr(0, step.body.find('\0'));
        note_statement(text_of(step));
        // What is read now may never run, and what runs now is something else.
        knows_latest_text_ = step.whole && (type == Frontend::query || tracker_.quiet());
    } else if (type == Frontend::bind && !looks_at_texts()) {
        const auto bind = protocol::parse_bind_head(step.body);
        if (bind && latest_parsed_ == bind->statement) return;
        latest_text_.clear();
        knows_latest_text_ = false;
    }
}

void Server::note_statement(Bytes text) {
    latest_text_.assign(text.substr(0, text.find('\0')));
    knows_latest_text_ = true;
}

Bytes Server::latest_statement() const {
    return protocol::without_lead_in(latest_text_).substr(0, longest_shown_text);
}

// Texts may be long, and servers are many.
void Server::forget_long_texts() {
    constexpr std::size_t long_text = 4096;
    if (latest_text_.capacity() > long_text) {
        latest_text_ = std::string(latest_statement());
        knows_latest_text_ = false;
        latest_parsed_.reset();
    }
    if (effects_text_.empty() && effects_text_.capacity() > long_text)
        effects_text_.shrink_to_fit();
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

// The client has no transaction open, and none that may be: all that is unanswered is pgweir's.
bool Server::stands_between_transactions() const {
    return tracker_.transaction_status() == protocol::TransactionStatus::idle &&
           !tracker_.may_have_failed() && !tracker_.wants_sync();
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
    const bool between_transactions =
        tracker_.transaction_status() == protocol::TransactionStatus::idle &&
        !tracker_.may_have_failed();
    return between_transactions && has_plans() &&
           may_change_plans(text, part_.knowledge().plan_facts(),
                            part_.knowledge().function_effects().get());
}

bool Server::needs_new_plans(Effects effects, Bytes text) const {
    const bool needs = shadows_anew(effects, text) || outdates_plans(effects, text);
    return needs && !protocol::runs_alone(text);
}

// It names a function by its oid, which may be anything's: set_config, lastval.
void Server::take_function_call(const Step& step, Bytes message, Outgoing& out) {
    if (tracks()) {
        Effects effects = Effect::state;
        if (!protocol::calls_large_object(step.body)) effects |= called_by_oid;
        if (must_discard_sequences(effects, {}, true)) put_in_front(discard_sequences, out);
        bring_channels(effects, origin_in_front(), out);
        note_effects(effects, "FunctionCall");
    }
    pass(Frontend::function_call, message, out);
}

void Server::take_query(const Step& step, Bytes message, Outgoing& out) {
    TenantSession& session = tenant_->session();
    const Bytes text = query_text(step.body);
    if (tracks()) {
        // Of a text that is too long to be here the rest may do anything; what it leaves behind is
        // seen as it passes.
        Effects effects = unread_effects();
        if (step.whole) {
            effects = protocol::look_at(text, part_.knowledge().function_effects().get());
        } else {
            long_look_.emplace(part_.knowledge().function_effects().get());
            long_look_->feed(text);
        }
        if (effects.any()) {
            if (must_discard_sequences(effects, text, step.whole))
                put_in_front(discard_sequences, out);
            if (needs_new_plans(effects, text)) put_in_front(discard_plans, out);
            if (const auto refusal = refuses(text, effects)) {
                refuse_query(*refusal, out);
                return;
            }
        }
        bring_channels(effects, origin_in_front(), out);
        note_effects(effects, text);
        if (effects.contains(Effect::names_statement)) {
            if (step.whole) {
                show_to_sql(text, origin_in_front(), out);
            } else {
                show_all_to_sql(origin_in_front(), out);
            }
        }
        note_settling(Frontend::query, effects);
    }
    // A simple query ends the unnamed statement (exec_simple_query), unless an extended query
    // before it fails: then the server discards it.
    session.statements.unnamed = {};
    connection_.unnamed = {.statement = tracker_.wants_sync() ? unknown_statement() : nullptr};
    if (!tracker_.wants_sync()) in_flight_.forget_unnamed_before();
    pass(Frontend::query, message, out);
}

// --- prepared statements -------------------------------------------------------------------------

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
    // EXECUTE describes what it names when it is read.
    if (effects.contains(Effect::names_statement)) show_to_sql(parse->query, Origin::injected, out);
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
    if (needs_new_plans(effects, statement.query())) inject_statement(discard_plans, out);
    if (const auto refusal = refuses(statement.query(), effects)) refuse_extended(*refusal, out);
    note_effects(effects, statement.query(), &statement);
    // In the midst of an extended query one of pgweir's own would end its transaction.
    bring_channels(effects, origin_in_front(), out);
    if (effects.contains(Effect::state)) note_names_in_values(values, all_here);
    if (effects.contains(Effect::runs_unseen)) note_texts_in_values(values, all_here);
    if (effects.contains(Effect::names_statement)) {
        show_to_sql(statement.query(), Origin::injected, out);
    }
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
    if (known && effects_of(*statement).contains(Effect::names_statement))
        show_to_sql(statement->query(), Origin::injected, out);
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

// --- what may be left behind ---------------------------------------------------------------------

Effects Server::effects_of(const Statement& statement) const {
    return tracks() ? statement.effects(part_.knowledge().function_effects()) : Effects();
}

void Server::note_effects(Effects effects, Bytes text, const Statement* statement) {
    if (effects.contains(Effect::state) || effects.contains(Effect::alters_reading)) {
        alters_reading_ = tracker_.sent_in_all();
        if (may_change_plans(text, part_.knowledge().plan_facts(),
                             part_.knowledge().function_effects().get()))
            connection_.plans_of = tenant_->session().id;
    }
    effects = effects.without(Effect::alters_reading);
    if (effects.contains(Effect::empties_database)) {
        part_.pool().registry().retire_idle_servers(text);
        effects = effects.without(Effect::empties_database);
    }
    if (!effects.any()) return;
    effects_ |= effects;
    note_sequences(effects);
    if (!text.empty()) effects_text_.assign(text);
    if (!effects.contains(Effect::state)) return;
    note_names(statement != nullptr ? statement->setting_names(names_in_statement)
                                    : names_in_text(text));
    if (effects.contains(Effect::changes_catalogue))
        part_.pool().registry().definition_sent(part_.pool(), text);
    note_fates(text);
}

}  // namespace pgweir::pool
