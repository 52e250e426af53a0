// What a tenant asks of its server: names of prepared statements become the server's, and what a
// statement may leave behind is noted.
#include <algorithm>

#include "pool/pool.hpp"
#include "pool/pool_part.hpp"
#include "pool/server.hpp"
#include "protocol/custom_settings.hpp"
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

constexpr std::string_view discard_sequences = "DISCARD SEQUENCES";

// The text of a Query, without its terminator.
Bytes query_text(Bytes body) {
    if (!body.empty() && body.back() == '\0') body.remove_suffix(1);
    return body;
}

// Whether a text may define a function, by its first word: for where no more is looked at.
bool begins_with_definition(Bytes text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    const std::string first = lower_case(text.substr(0, sizeof "create" - 1));
    return first == "create" || first.starts_with("alter");
}

}  // namespace

void Server::take_request(const Step& step, Bytes message, Outgoing& out) {
    const auto type = static_cast<Frontend>(step.type);
    verified_ = false;
    channels_refused_ = false;
    if (type == Frontend::query) note_text(query_text(step.body));
    if (type == Frontend::parse) {
        part_.statistics().client_parses.add();
        note_text(step.body.substr(std::min(step.body.find('\0') + 1, step.body.size())));
    }
    if (type == Frontend::bind) part_.statistics().binds.add();
    const bool quiet = tracker_.quiet();
    if (quiet) bound_ = 0;
    if (type == Frontend::query) bound_ += 1;
    if (type == Frontend::bind) bound_ += tenant_->session().follows ? 1 : 2;
    if (type == Frontend::flush && !step.body.empty()) {
        // The server refuses it as it refuses a Describe that makes no sense: up to the Sync.
        pass(Frontend::describe, message, out);
        return;
    }
    if (type == Frontend::copy_data || type == Frontend::copy_done || type == Frontend::copy_fail) {
        pass_part_of_copy(step, message, out);
        return;
    }
    // What the server discards, up to the Sync, changes nothing. One of which that is not certain
    // is closed after use: nothing is put in between there.
    if (!tenant_->session().follows || tracker_.uncertain() ||
        (tracker_.discarding() && type != Frontend::sync)) {
        pass(type, message, out);
        return;
    }
    if (quiet) {
        burst_.begin(tracker_.releasable());
        const std::size_t before = out.own().size();
        if (set_up(out)) burst_.skip(out.own().size() - before);
    }
    if (ran_reset_) restore_in_pipeline(type, out);
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
            note_effects(tracks() ? Effects(Effect::state) : Effects(), "FunctionCall");
            pass(type, message, out);
            break;
        default:
            pass(type, message, out);
            break;
    }
    const bool runs = type == Frontend::query || type == Frontend::execute;
    if (runs && effects_.contains(Effect::reset)) ran_reset_ = true;
}

void Server::take_more(Bytes bytes, bool last, Outgoing& out) {
    if (long_look_) {
        long_look_->feed(query_text(bytes));
        if (last) {
            note_effects(long_look_->finish(), {});
            long_look_.reset();
        }
    }
    out.pass(bytes);
}

void Server::pass(Frontend type, Bytes message, Outgoing& out) {
    const bool was_certain = !tracker_.uncertain();
    note_sent(type, Origin::client);
    out.pass(message);
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
    if (!opens || !step.whole) return;
    const std::size_t before = out.own().size();
    protocol::append_flush(out.own());
    out.added(before);
}

void Server::note_sent(Frontend type, Origin origin) {
    tracker_.sent(type, origin);
    burst_.add(type, origin);
    if (type == Frontend::sync) ++segment_;
    if (type == Frontend::parse) part_.statistics().server_parses.add();
}

// The names that servers have for statements are no secret; they are nobody's to use or to close.
bool Server::is_reserved(Bytes statement_name) const {
    return tenant_->session().max_prepared_statements > 0 &&
           statement_name.starts_with(server_name_prefix);
}

bool Server::tracks() const {
    return tenant_->session().tracking != conf::SessionState::off;
}

void Server::note_text(Bytes text) {
    note_statement(text);
    const bool is_looked_at = tenant_->session().follows && tracks();
    if (!is_looked_at && begins_with_definition(text)) part_.pool().catalogue_changes(text);
}

// Kept so short that it is copied without a thought, and without an allocation after the first.
void Server::note_statement(Bytes text) {
    constexpr std::size_t longest = 256;
    latest_statement_.assign(text.substr(0, std::min(text.find('\0'), longest)));
}

void Server::take_query(const Step& step, Bytes message, Outgoing& out) {
    TenantSession& session = tenant_->session();
    const Bytes text = query_text(step.body);
    if (tracks()) {
        Effects effects;
        if (step.whole) {
            effects = protocol::look_at(text, part_.names().get());
        } else {
            long_look_.emplace(part_.names().get());
            long_look_->feed(text);
        }
        if (effects.any()) {
            if (forgets_sequences(effects)) order_statement(std::string(discard_sequences), out);
            if (const auto refusal = refuses(text, effects)) {
                refuse_query(*refusal, out);
                return;
            }
        }
        bring_channels(step.whole ? effects : Effect::state | Effect::listens, Origin::pool, out);
        note_effects(effects, text);
        if (effects.contains(Effect::names_statement)) {
            materialise(text, Origin::pool, out);
        }
    }
    // A simple query ends the unnamed statement (exec_simple_query), unless an extended query
    // before it fails: then the server discards it.
    session.statements.unnamed.reset();
    connection_.unnamed = tracker_.wants_sync() ? unknown_statement() : nullptr;
    if (!tracker_.wants_sync()) forget_unnamed_before();
    pass(Frontend::query, message, out);
}

// --- prepared statements -------------------------------------------------------------------------

void Server::take_parse(const Step& step, Bytes message, Outgoing& out) {
    const auto parse = step.whole ? protocol::parse_parse(step.body) : std::nullopt;
    if (!parse) {
        // Nonsense, which the server refuses; or longer than what is carried: then the client keeps
        // the server that has it. It may be anything.
        connection_.unnamed = unknown_statement();
        tenant_->session().statements.unnamed = unknown_statement();
        note_effects(Effect::state | Effect::ends_transaction, {});
        pass(Frontend::parse, message, out);
        return;
    }
    if (!parse->statement.empty()) {
        take_named_parse(*parse, message, out);
        return;
    }
    TenantSession& session = tenant_->session();
    StatementPtr statement = part_.statements().intern(parse->query, parse->types, {});
    if (!tracker_.wants_sync()) bring_channels(effects_of(*statement), Origin::pool, out);
    register_operation(Frontend::parse, Origin::client,
                       {.on_server = OnServer::sets_unnamed,
                        .statement = statement,
                        .of_client = true,
                        .name = {},
                        .before = session.statements.unnamed});
    out.pass(message);
}

void Server::take_named_parse(const protocol::ParseMessage& parse, Bytes message, Outgoing& out) {
    TenantSession& session = tenant_->session();
    if (session.max_prepared_statements == 0) {
        note_effects(Effect::state, parse.query);
        pass(Frontend::parse, message, out);
        return;
    }
    if (session.statements.is_of_sql(parse.statement)) {
        pass(Frontend::parse, message, out);  // refused, by the server that has it
        return;
    }
    const bool reserved = is_reserved(parse.statement);
    if (session.statements.find(parse.statement) != nullptr) {
        if (reserved) {
            // What the server has under it is everybody's.
            refuse_extended(
                protocol::ErrorReport::error(
                    protocol::sqlstate::duplicate_prepared_statement,
                    "prepared statement \"" + std::string(parse.statement) + "\" already exists"),
                out);
        } else {
            // An error, in the server's own words: it has to have something under this name. What
            // has no text can be parsed even where the transaction has failed.
            put_under_clients_name(parse.statement, {}, no_types, Origin::injected, out);
        }
        note_effects(Effect::state, {});
        pass(Frontend::parse, message, out);
        return;
    }
    if (effects_.contains(Effect::names_statement) && !reserved) expect_free_name(parse, out);
    StatementPtr statement =
        part_.statements().intern(parse.query, parse.types, session.settings->parsing());
    if (!tracker_.wants_sync()) bring_channels(effects_of(*statement), Origin::pool, out);
    StatementOperation operation{.of_client = true, .name = std::string(parse.statement)};
    const auto state = connection_.statements.use(*statement);
    const bool present = state != ServerStatements::State::absent;
    // Where the settings that it is read by may be others than we know, or the transaction may have
    // failed, the server has to read it again, with whatever error that brings.
    const bool failed = tracker_.may_have_failed();
    const bool afresh =
        state == ServerStatements::State::stale || effects_.contains(Effect::state) || failed;
    if (present && !afresh) {
        session.statements.set(parse.statement, std::move(statement));
        operation.stands_for_parse = true;
        register_operation(Frontend::close, Origin::client, std::move(operation));
        const std::size_t before = out.own().size();
        protocol::append_close(out.own(), {.kind = 'S', .name = no_statement});
        out.added(before);
        return;
    }
    // What fails then, all but COMMIT and ROLLBACK, must not cost the server what it has.
    const bool aside = present && failed;
    const Bytes server_name = aside ? statement_aside : Bytes(statement->server_name());
    if (aside) {
        inject_close(server_name, {}, out);
    } else if (present) {
        inject_close(server_name, {.on_server = OnServer::closes, .statement = statement}, out);
    } else {
        make_room_for(statement, out);
    }
    const std::size_t before = out.own().size();
    const Bytes rest(parse.query.data(), parse.query.size() + 1 + parse.types.size());
    protocol::append_parse_head(out.own(), server_name, rest.size());
    out.added(before);
    out.pass(rest);
    if (!aside) operation.on_server = OnServer::prepares;
    operation.statement = std::move(statement);
    register_operation(Frontend::parse, Origin::client, std::move(operation));
}

void Server::take_bind(const Step& step, Bytes message, Outgoing& out) {
    const auto bind = protocol::parse_bind_head(step.body);
    StatementPtr statement = bind ? tenant_->session().statements.find(bind->statement) : nullptr;
    if (statement && statement != unknown_statement()) {
        note_statement(statement->query());
        Effects effects = effects_of(*statement);
        if (effects.any()) {
            if (forgets_sequences(effects)) inject_statement(discard_sequences, out);
            if (const auto refusal = refuses(statement->query(), effects)) {
                refuse_extended(*refusal, out);
            }
        }
        note_effects(effects, statement->query());
        // In the midst of an extended query one of pgweir's own would end its transaction.
        bring_channels(effects, tracker_.wants_sync() ? Origin::injected : Origin::pool, out);
        if (effects.contains(Effect::state)) part_.note_custom_settings_in_values(bind->rest);
        if (effects.contains(Effect::names_statement)) {
            materialise(statement->query(), Origin::injected, out);
        }
    }
    if (bind && bind->statement.empty()) prepare_unnamed(out);
    const bool reserved = bind && !statement && is_reserved(bind->statement);
    if ((!statement && !reserved) || bind->statement.empty()) {
        pass(Frontend::bind, message, out);
        return;
    }
    if (statement) {
        statement = stand_in(std::move(statement), false);
        prepare(statement, bind->statement, out);
    }
    const std::size_t before = out.own().size();
    // The length is the whole message's, of which a part may still be to come.
    const std::size_t body_size = protocol::read_uint32(message.substr(1)) - sizeof(std::uint32_t);
    const std::size_t rest_size =
        body_size - (bind->portal.size() + 1 + bind->statement.size() + 1);
    const Bytes name = statement ? Bytes(statement->server_name()) : no_statement;
    protocol::append_bind_head(out.own(), bind->portal, name, rest_size);
    out.added(before);
    note_sent(Frontend::bind, Origin::client);
    out.pass(bind->rest);
}

// Describe and Close.
void Server::take_target(const Step& step, Bytes message, Outgoing& out) {
    const auto type = static_cast<Frontend>(step.type);
    const auto target = protocol::parse_target(step.body);
    if (!target || target->kind != 'S') {
        pass(type, message, out);
        return;
    }
    if (type == Frontend::close) {
        close_of_client(target->name, out);
        return;
    }
    if (target->name.empty()) {
        prepare_unnamed(out);
        pass(type, message, out);
        return;
    }
    StatementPtr statement = tenant_->session().statements.find(target->name);
    if (!statement && !is_reserved(target->name)) {
        pass(type, message, out);
        return;
    }
    if (statement) {
        statement = stand_in(std::move(statement), true);
        prepare(statement, target->name, out);
    }
    const std::size_t before = out.own().size();
    const Bytes name = statement ? Bytes(statement->server_name()) : no_statement;
    protocol::append_describe(out.own(), {.kind = 'S', .name = name});
    out.added(before);
    note_sent(type, Origin::client);
}

// --- what may be left behind ---------------------------------------------------------------------

Effects Server::effects_of(const Statement& statement) const {
    return tracks() ? statement.effects(part_.names()) : Effects();
}

void Server::note_effects(Effects effects, Bytes text) {
    if (effects.contains(Effect::empties_database)) {
        part_.pool().make_way(text);
        effects = effects.without(Effect::empties_database);
    }
    if (!effects.any()) return;
    effects_ |= effects;
    note_sequences(effects);
    constexpr std::size_t most = 1024;
    if (!text.empty()) effects_text_.assign(text.substr(0, most));
    if (!effects.contains(Effect::state)) return;
    part_.note_custom_settings(text);
    if (effects.contains(Effect::changes_catalogue)) part_.pool().catalogue_changes(text);
    note_fates(text);
}

}  // namespace pgweir::pool
