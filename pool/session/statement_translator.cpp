#include "pool/session/statement_translator.hpp"

#include <cstdint>
#include <utility>

#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {

using protocol::Effects;
using protocol::Frontend;
using protocol::Origin;
using protocol::Step;
using OnServer = StatementOperation::OnServer;
using Describes = StatementOperation::Describes;

void StatementTranslator::detach() {
    client_.reset();
    shown_.clear();
    shown_statements_.clear();
    named_ = {};
    bound_portal_.reset();
    errors_.clear();
}

bool StatementTranslator::is_reserved(Bytes statement_name) const {
    return client_->limit > 0 && statement_name.starts_with(server_name_prefix);
}

Effects StatementTranslator::effects_of(const Statement& statement) const {
    return tracks() ? statement.effects(server_.knowledge.function_effects()) : Effects();
}

const ClientStatement* StatementTranslator::own(Bytes name) const {
    return std::as_const(client_->statements).find(name);
}

// --- Parse ---------------------------------------------------------------------------------------

void StatementTranslator::parse_unnamed(const StatementPtr& statement, Bytes message,
                                        RequestWriter& requests) {
    const std::uint64_t reading = next_reading();
    requests.pass(
        Frontend::parse, message,
        assumed({.on_server = OnServer::sets_unnamed,
                 .there = {.statement = statement, .reading = reading},
                 .of_client = true,
                 .name = {},
                 .own = {.statement = statement, .reading = reading, .as_of = not_answered}}));
}

// A client's Parse is read by the server each time: what its text means now, only the server knows.
// What it had under the same name goes, and whoever has prepared the same before is served by the
// new reading, so far as that client was told the same (find).
void StatementTranslator::parse_named(const protocol::ParseMessage& parse,
                                      const StatementPtr& statement, RequestWriter& requests) {
    const std::uint64_t reading = next_reading();
    StatementOperation operation{
        .there = {.statement = statement, .reading = reading},
        .of_client = true,
        .name = std::string(parse.statement),
        .own = {.statement = statement, .reading = reading, .as_of = not_answered}};
    ServerStatement* const present = server_.statements.use(*statement);
    // What fails where the transaction may have, all but COMMIT and ROLLBACK, must not cost the
    // server what it has.
    const bool aside = present != nullptr && server_.tracker.may_have_failed();
    const Bytes server_name = aside ? statement_aside : Bytes(statement->server_name());
    if (aside) {
        operation.aside = true;
        requests.close(Origin::injected, statement_aside);
    } else if (present != nullptr) {
        inject_close(*present, requests);
    } else {
        make_room_for(statement, requests);
    }
    if (!aside) operation.on_server = OnServer::prepares;
    const Bytes rest(parse.query.data(), parse.query.size() + 1 + parse.types.size());
    note_name(statement, parse.statement);
    requests.parse_under(server_name, rest, assumed(std::move(operation)));
}

void StatementTranslator::parse_unread() {
    server_.unnamed = {.statement = unknown_statement()};
    client_->statements.unnamed = {.statement = unknown_statement()};
}

void StatementTranslator::expect_free_name(const protocol::ParseMessage& parse,
                                           RequestWriter& requests) {
    requests.parse(Origin::injected, parse.statement, parse.query, parse.types);
    requests.close(Origin::injected, parse.statement);
}

// What has no text can be parsed even where the transaction has failed.
void StatementTranslator::refuse_taken_name(Bytes name, RequestWriter& requests) {
    put_under_clients_name(name, {}, no_types, Origin::injected, requests);
}

// --- Bind and Describe ---------------------------------------------------------------------------

void StatementTranslator::bind(const protocol::BindHead& bind, const ClientStatement* own,
                               Bytes message, RequestWriter& requests) {
    StatementPtr statement = own != nullptr ? own->statement : nullptr;
    bound_portal_.reset();
    // What the client has been told of the statement, the portal's description only repeats.
    if (statement && statement != unknown_statement() && !own->told) {
        bound_portal_ = Bound{.portal = std::string(bind.portal),
                              .name = std::string(bind.statement),
                              .reading = own->reading};
    }
    if (bind.statement.empty() && !statement) end_unnamed(requests);
    const bool reserved = !statement && is_reserved(bind.statement);
    const bool other_result = has_other_result();
    const bool renamed = other_result || ((statement || reserved) && !bind.statement.empty());
    if (!renamed) {
        requests.pass(Frontend::bind, message);
        return;
    }
    if (statement) {
        if (named_.there == nullptr) {
            statement = stand_in(std::move(statement), false);
            have_stand_in(statement, requests);
        }
        note_name(statement, bind.statement);
    }
    if (other_result) fail_for_other_result(false);
    const bool nameless = !statement || other_result;
    // The length is the whole message's, of which a part may still be to come.
    const std::size_t body_size =
        protocol::read_uint32(protocol::behind(message, 1)) - sizeof(std::uint32_t);
    const std::size_t rest_size = body_size - (bind.portal.size() + 1 + bind.statement.size() + 1);
    const Bytes name = nameless ? no_statement : Bytes(statement->server_name());
    requests.bind_to(bind.portal, name, bind.rest, rest_size);
}

void StatementTranslator::describe(const protocol::TargetMessage& target, Bytes message,
                                   RequestWriter& requests) {
    if (target.kind != 'S') {
        describe_portal(target.name, message, requests);
        return;
    }
    const ClientStatement* const own = this->own(target.name);
    StatementPtr statement = own != nullptr ? own->statement : nullptr;
    if (target.name.empty() && !statement) end_unnamed(requests);
    const bool known = statement && statement != unknown_statement();
    if (!known && !(is_reserved(target.name) && !statement)) {
        requests.pass(Frontend::describe, message);
        return;
    }
    if (!known) {
        requests.describe(Origin::client, no_statement);
        return;
    }
    const bool unread = is_described_unread(*own, target.name);
    if (unread) {
        statement = server_.knowledge.statements().intern({}, *own->told->parameters, {});
    } else {
        show_what_it_names(*statement, requests);
        if (!target.name.empty() && named_.there == nullptr)
            statement = stand_in(std::move(statement), true);
    }
    const bool named = unread || !target.name.empty();
    if (named && named_.there == nullptr) have_stand_in(statement, requests);
    note_name(statement, target.name);
    if (has_other_result()) {
        fail_for_other_result(true);
        requests.describe(Origin::client, no_statement);
        return;
    }
    const Bytes name = named ? Bytes(statement->server_name()) : Bytes();
    const ServerStatement* const there = named_.there;
    // What was told of this reading is told again.
    const bool tells_nothing_new =
        there != nullptr && own->told && own->told_of == there->reading && there->description;
    if (there == nullptr || tells_nothing_new) {
        requests.describe(Origin::client, name);
        return;
    }
    requests.describe(Origin::client, name,
                      assumed({.there = {.statement = there->statement, .reading = there->reading},
                               .name = std::string(target.name),
                               .own = {.reading = own->reading},
                               .describes = Describes::statement,
                               .tells = true}));
}

void StatementTranslator::describe_portal(Bytes portal, Bytes message, RequestWriter& requests) {
    if (!bound_portal_ || bound_portal_->portal != portal) {
        requests.pass(Frontend::describe, message);
        return;
    }
    requests.pass(Frontend::describe, message,
                  assumed({.name = bound_portal_->name,
                           .own = {.reading = bound_portal_->reading},
                           .describes = Describes::portal,
                           .tells = true}));
}

// --- Close ---------------------------------------------------------------------------------------

// The server keeps what it has under its own name, for whoever prepares the same; but not what is
// this client's alone.
bool StatementTranslator::close(Bytes name, RequestWriter& requests) {
    const ClientStatement* const own = this->own(name);
    StatementOperation operation{.of_client = true, .name = std::string(name)};
    Bytes server_name = is_reserved(name) ? no_statement : name;
    const bool is_carried = name.empty() || own != nullptr || is_reserved(name);
    if (name.empty()) operation.on_server = OnServer::sets_unnamed;
    StatementPtr gone = own != nullptr ? own->statement : nullptr;
    ServerStatement* const there =
        gone && gone->is_private() ? server_.statements.use(*gone) : nullptr;
    if (there != nullptr) {
        operation.on_server = OnServer::closes;
        operation.there = *there;
        server_name = gone->server_name();
    }
    shown_.closed(name);
    if (server_name != name && shown_.contains(name)) requests.close(Origin::injected, name);
    requests.close(Origin::client, server_name, assumed(std::move(operation)));
    return is_carried;
}

void StatementTranslator::inject_close(const ServerStatement& there, RequestWriter& requests) {
    const std::string name = there.statement->server_name();
    requests.close(Origin::injected, name,
                   assumed({.on_server = OnServer::closes, .there = there}));
}

void StatementTranslator::make_room_for(const StatementPtr& statement, RequestWriter& requests) {
    while (const auto oldest = server_.statements.evict(client_->limit))
        inject_close(*oldest, requests);
    // While its Close is on its way the server may yet discard that, and still have it. That Close
    // takes itself back.
    if (in_flight_.closes(statement->server_name()))
        inject_close({.statement = statement}, requests);
}

// The client has no unnamed statement; the server has one, or may have.
void StatementTranslator::end_unnamed(RequestWriter& requests) {
    if (!server_.unnamed.statement) return;
    requests.close(Origin::injected, {}, assumed({.on_server = OnServer::sets_unnamed}));
}

std::optional<StatementOperation> StatementTranslator::simple_query() {
    if (server_.tracker.wants_sync() || server_.tracker.may_discard()) {
        // Where an extended query before it fails the server discards it.
        return assumed({.on_server = OnServer::sets_unnamed, .of_client = true});
    }
    client_->statements.unnamed = {};
    server_.unnamed = {};
    in_flight_.forget_unnamed_before();
    return std::nullopt;
}

}  // namespace pgweir::pool
