// Prepared statements on this server: what a client has prepared is there under pgweir's name, and
// means what the client was told.
#include <algorithm>
#include <optional>

#include "pool/pool_part.hpp"
#include "pool/server.hpp"
#include "protocol/extended_query.hpp"
#include "protocol/serialize.hpp"
#include "protocol/statement_names.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Frontend;
using protocol::Origin;
using protocol::Step;
using OnServer = StatementOperation::OnServer;
using Describes = StatementOperation::Describes;

// --- what a request names ------------------------------------------------------------------------

// Makes sure that what a Bind or a Describe names is on this server, and is what its client was
// told. False: the answer to that is still to come, and the request waits.
bool Server::find_statement(const Step& step, Outgoing& out) {
    Bytes name;
    const auto type = static_cast<Frontend>(step.type);
    if (type == Frontend::bind) {
        named_.bind = protocol::parse_bind_head(step.body);
        if (!named_.bind) return true;
        name = named_.bind->statement;
    } else if (type == Frontend::describe) {
        const auto target = protocol::parse_target(step.body);
        if (!target || target->kind != 'S') return true;
        name = target->name;
    } else {
        return true;
    }
    ClientStatement* const own = tenant_->session().statements.find(name);
    if (own == nullptr || own->statement == unknown_statement()) return true;
    if (name.empty()) return find_unnamed(*own, out);
    // In a failed transaction nothing is parsed, and nothing runs (stand_in).
    return has_failed() || find_named(*own, name, out);
}

// The server's statement serves who has prepared it before the server has read it, or by that very
// Parse: then it means what a Parse would have meant to this client, or more recent.
bool Server::find_named(ClientStatement& own, Bytes name, Outgoing& out) {
    const Statement& statement = *own.statement;
    ServerStatement* there = connection_.statements.use(statement);
    const bool recent = there != nullptr && !there->stale &&
                        (there->reading == own.reading || there->reading >= own.as_of);
    const bool fits = recent && (!own.told || !there->description ||
                                 there->description->has_parameters_of(*own.told));
    if (!fits) {
        note_name(own.statement, name);
        there = read_again(own, there, out);
    }
    named_.own = &own;
    named_.there = there;
    return is_as_told(own, *there, statement.server_name(), out);
}

bool Server::find_unnamed(ClientStatement& own, Outgoing& out) {
    ServerStatement& there = connection_.unnamed;
    if (there.statement != own.statement || there.reading != own.reading) {
        const Bytes types = types_for(own);
        own.reading = next_reading();
        writer(out).parse(Origin::injected, {}, own.statement->query(), types,
                          assumed({.on_server = OnServer::sets_unnamed,
                                   .there = {.statement = own.statement, .reading = own.reading}}));
    }
    named_.own = &own;
    named_.there = &there;
    return is_as_told(own, there, {}, out);
}

// A statement that was read again keeps the parameters that its client was told; PostgreSQL keeps
// them as well.
Bytes Server::types_for(const ClientStatement& own) {
    const bool told = own.told && own.told->parameters;
    return told ? Bytes(*own.told->parameters) : Bytes(own.statement->types());
}

// Sends a Parse of what the client has prepared already, in the midst of its messages.
ServerStatement* Server::read_again(const ClientStatement& own, ServerStatement* present,
                                    Outgoing& out) {
    if (present != nullptr) {
        part_.statistics().plans_renewed.add();
        inject_close(*present, out);
    } else {
        make_room_for(own.statement, out);
    }
    show_what_it_names(*own.statement, out);
    writer(out).parse(Origin::injected, own.statement->server_name(), own.statement->query(),
                      types_for(own),
                      assumed({.on_server = OnServer::prepares,
                               .there = {.statement = own.statement, .reading = next_reading()}}));
    return connection_.statements.use(*own.statement);
}

// What the client was told of its statement is compared with what the server says, once for each
// reading. False: the server is asked.
bool Server::is_as_told(ClientStatement& own, const ServerStatement& there, Bytes server_name,
                        Outgoing& out) {
    if (!own.told || own.told_of == there.reading) return true;
    if (there.description) {
        if (there.description->has_row_of(*own.told)) own.told_of = there.reading;
        return true;
    }
    show_what_it_names(*own.statement, out);
    writer(out).describe(Origin::injected, server_name,
                         assumed({.there = {.statement = there.statement, .reading = there.reading},
                                  .describes = Describes::statement}));
    verifying_ = true;
    flushed_ = false;
    ask_for_answers(out);
    return false;
}

// The result that the client was told of is not what the statement gives now.
bool Server::has_other_result(const Named& named) {
    return named.own != nullptr && named.own->told && named.own->told_of != named.there->reading &&
           named.there->description && !named.there->description->has_row_of(*named.own->told);
}

// What PostgreSQL says then ("RevalidateCachedQuery"). The next request is made to fail.
void Server::fail_for_other_result() {
    protocol::ErrorReport report = protocol::ErrorReport::error(
        protocol::sqlstate::feature_not_supported, "cached plan must not change result type");
    report.file = "plancache.c";
    report.routine = "RevalidateCachedQuery";
    std::string message;
    protocol::append_error_response(message, report);
    substitutes_.emplace_back(tracker_.sent_in_all(), std::move(message));
}

// --- Close, and names ----------------------------------------------------------------------------

// The server keeps what it has under its own name, for whoever prepares the same; but not what is
// this client's alone.
void Server::close_of_client(Bytes name, Outgoing& out) {
    const ClientStatement* const own = tenant_->session().statements.find(name);
    StatementOperation operation{.of_client = true, .name = std::string(name)};
    Bytes server_name = is_reserved(name) ? no_statement : name;
    if (name.empty()) {
        operation.on_server = OnServer::sets_unnamed;
    } else if (own == nullptr && !is_reserved(name)) {
        note_effects(Effect::state, {});  // one that is not carried
    }
    StatementPtr gone = own != nullptr ? own->statement : nullptr;
    ServerStatement* const there =
        gone && gone->is_private() ? connection_.statements.use(*gone) : nullptr;
    if (there != nullptr) {
        operation.on_server = OnServer::closes;
        operation.there = *there;
        server_name = gone->server_name();
    }
    // With what may stand under the client's own name goes the doubt of who has dropped it.
    if (const auto found = materialised_.find(name); found != materialised_.end())
        materialised_.erase(found);
    if (server_name != name && shown_.contains(name)) writer(out).close(Origin::injected, name);
    writer(out).close(Origin::client, server_name, assumed(std::move(operation)));
}

// For what looks for a statement by the name that the client has for it; in the place of what an
// earlier request may have left there.
void Server::put_under_clients_name(Bytes name, Bytes query, Bytes types, Origin origin,
                                    Outgoing& out) {
    shown_.emplace(name);
    RequestWriter requests = writer(out);
    requests.close(origin, name);
    requests.parse(origin, name, query, types,
                   assumed({.name = std::string(name), .materialises = true}));
}

// SQL may have taken the name in this transaction: only the server knows, and says so.
void Server::expect_free_name(const protocol::ParseMessage& parse, Outgoing& out) {
    RequestWriter requests = writer(out);
    requests.parse(Origin::injected, parse.statement, parse.query, parse.types);
    requests.close(Origin::injected, parse.statement);
}

// The transaction has failed, and nothing that was sent in it or before may end it.
bool Server::has_failed() const {
    return tracks() && tracker_.transaction_status() == protocol::TransactionStatus::failed &&
           !effects_.contains(Effect::ends_transaction);
}

// What the server is asked for in the statement's place: in a failed transaction it parses nothing
// but the ends of one and what has no text.
StatementPtr Server::stand_in(StatementPtr statement, bool described) {
    if (!has_failed()) return statement;
    if (connection_.statements.use(*statement) != nullptr) return statement;
    if (statement->effects(part_.knowledge().function_effects()).contains(Effect::ends_transaction))
        return statement;
    const auto types = statement->types_without_text(described);
    return types ? part_.knowledge().statements().intern({}, *types, {}) : statement;
}

// One that is stale is as good as new where nothing is run.
void Server::have_stand_in(const StatementPtr& statement, Outgoing& out) {
    if (connection_.statements.use(*statement) != nullptr) return;
    const ClientStatement own{.statement = statement};
    std::ignore = read_again(own, nullptr, out);
}

// The client has no unnamed statement; the server has one, or may have.
void Server::end_unnamed(Outgoing& out) {
    if (!connection_.unnamed.statement) return;
    writer(out).close(Origin::injected, {}, assumed({.on_server = OnServer::sets_unnamed}));
}

void Server::make_room_for(const StatementPtr& statement, Outgoing& out) {
    const std::size_t limit = tenant_->session().max_prepared_statements;
    while (const auto oldest = connection_.statements.evict(limit)) inject_close(*oldest, out);
    // While its Close is on its way the server may yet discard that, and still have it.
    if (in_flight_.closes(statement->server_name())) inject_close({.statement = statement}, out);
}

void Server::inject_close(const ServerStatement& there, Outgoing& out) {
    const std::string name = there.statement->server_name();
    writer(out).close(Origin::injected, name,
                      assumed({.on_server = OnServer::closes, .there = there}));
}

// A statement of SQL that names prepared statements is to find those of the protocol under the
// client's names. The question about the state that follows finds what is left of them.
void Server::show_to_sql(Bytes text, Origin origin, Outgoing& out) {
    const ClientStatements& statements = tenant_->session().statements;
    // In a failed transaction no such statement runs, and none of these could be read.
    if (!statements.has_named() || has_failed()) return;
    const std::size_t before = out.own().size();
    if (const auto only = protocol::only_deallocated(text)) {
        show_to_sql(*only, true, origin, out);
    } else {
        protocol::for_each_possible_name(text, statements.longest_name(), [&](Bytes name) {
            show_to_sql(name, false, origin, out);
        });
    }
    if (out.own().size() > before) end_showing(origin, out);
}

// EXECUTE describes what it names when it is read, and looks for it when it is described or runs.
void Server::show_what_it_names(const Statement& statement, Outgoing& out) {
    if (effects_of(statement).contains(Effect::names_statement))
        show_to_sql(statement.query(), Origin::injected, out);
}

// For a text that is not all here.
void Server::show_all_to_sql(Origin origin, Outgoing& out) {
    const std::size_t before = out.own().size();
    for (const std::string& name : tenant_->session().statements.names())
        show_to_sql(name, false, origin, out);
    if (out.own().size() > before) end_showing(origin, out);
}

void Server::end_showing(Origin origin, Outgoing& out) {
    effects_ |= Effect::state;
    if (origin == Origin::pool) writer(out).sync(Question::command);
}

// To DEALLOCATE, one without text: the client's may not be parsed any more, as a table of it is
// gone.
void Server::show_to_sql(Bytes name, bool to_go, Origin origin, Outgoing& out) {
    const ClientStatement* const own = tenant_->session().statements.find(name);
    if (name.empty() || own == nullptr || is_reserved(name)) return;
    if (to_go) {
        put_under_clients_name(name, {}, no_types, origin, out);
    } else {
        const Statement& statement = *own->statement;
        // An EXECUTE gives its parameters values that nobody sees.
        note_effects(effects_of(statement), statement.query());
        put_under_clients_name(name, statement.query(), types_for(*own), origin, out);
    }
    materialised_.emplace(name);
}

}  // namespace pgweir::pool
