#include "pool/session/statement_translator.hpp"

#include <cassert>
#include <cstdint>
#include <utility>

#include "protocol/message_writer.hpp"
#include "protocol/serialize.hpp"

namespace pgweir::pool {

using protocol::Effect;
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

// --- what a request names ------------------------------------------------------------------------

bool StatementTranslator::find(const Step& step, RequestWriter& requests) {
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
    ClientStatement* const own = client_->statements.find(name);
    if (own == nullptr || own->statement == unknown_statement()) return true;
    if (name.empty()) return find_unnamed(*own, requests);
    // In a failed transaction nothing is parsed, and nothing runs (stand_in).
    return has_failed() || find_named(*own, name, requests);
}

// The server's statement serves a client that has prepared it before the server has read it, or by
// that very Parse: then it means what a Parse would have meant to this client, or more recent.
bool StatementTranslator::serves(const ServerStatement* there, const ClientStatement& own) {
    const bool recent = there != nullptr && !there->stale &&
                        (there->reading == own.reading || there->reading >= own.as_of);
    return recent &&
           (!own.told || !there->description || there->description->has_parameters_of(*own.told));
}

bool StatementTranslator::find_named(ClientStatement& own, Bytes name, RequestWriter& requests) {
    const Statement& statement = *own.statement;
    ServerStatement* there = server_.statements.use(statement);
    if (!serves(there, own)) {
        note_name(own.statement, name);
        there = read_again(own, there, requests);
    }
    named_.own = &own;
    named_.there = there;
    return is_as_told(own, *there, statement.server_name(), requests);
}

bool StatementTranslator::find_unnamed(ClientStatement& own, RequestWriter& requests) {
    ServerStatement& there = server_.unnamed;
    if (there.statement != own.statement || there.reading != own.reading) {
        const Bytes types = own.types();
        own.reading = next_reading();
        requests.parse(Origin::injected, {}, own.statement->query(), types,
                       assumed({.on_server = OnServer::sets_unnamed,
                                .there = {.statement = own.statement, .reading = own.reading}}));
    }
    named_.own = &own;
    named_.there = &there;
    return is_as_told(own, there, {}, requests);
}

// Sends a Parse of what the client has prepared already, in the midst of its messages.
ServerStatement* StatementTranslator::read_again(const ClientStatement& own,
                                                 ServerStatement* present,
                                                 RequestWriter& requests) {
    if (present != nullptr) {
        server_.plans_renewed.add();
        inject_close(*present, requests);
    } else {
        make_room_for(own.statement, requests);
    }
    show_what_it_names(*own.statement, requests);
    requests.parse(Origin::injected, own.statement->server_name(), own.statement->query(),
                   own.types(),
                   assumed({.on_server = OnServer::prepares,
                            .there = {.statement = own.statement, .reading = next_reading()}}));
    return server_.statements.use(*own.statement);
}

// What the client was told of its statement is compared with what the server says, once for each
// reading. False: the server is asked.
bool StatementTranslator::is_as_told(ClientStatement& own, const ServerStatement& there,
                                     Bytes server_name, RequestWriter& requests) {
    if (!own.told || own.told_of == there.reading) return true;
    if (there.description) {
        if (there.description->has_row_of(*own.told)) own.told_of = there.reading;
        return true;
    }
    show_what_it_names(*own.statement, requests);
    requests.describe(Origin::injected, server_name,
                      assumed({.there = {.statement = there.statement, .reading = there.reading},
                               .describes = Describes::statement}));
    verifying_ = true;
    return false;
}

// The result that the client was told of is not what the statement gives now.
bool StatementTranslator::has_other_result() const {
    const auto& [own, there, bind] = named_;
    return own != nullptr && own->told && own->told_of != there->reading && there->description &&
           !there->description->has_row_of(*own->told);
}

// What PostgreSQL says then ("RevalidateCachedQuery"). The next request is made to fail.
// `tells_parameters`: it is a Describe, and PostgreSQL tells those before it looks at the result.
void StatementTranslator::fail_for_other_result(bool tells_parameters) {
    std::string message;
    if (tells_parameters && named_.own->told->parameters) {
        const protocol::Message told(message, protocol::Backend::parameter_description);
        message += *named_.own->told->parameters;
    }
    protocol::ErrorReport report = protocol::ErrorReport::error(
        protocol::sqlstate::feature_not_supported, "cached plan must not change result type");
    report.file = "plancache.c";
    report.routine = "RevalidateCachedQuery";
    protocol::append_error_response(message, report);
    errors_.substitute(server_.tracker.sent_in_all(), std::move(message));
}

// The next request names this statement, which the server has by pgweir's name for it.
void StatementTranslator::note_name(const StatementPtr& statement, Bytes clients_name) {
    const protocol::RequestTracker& tracker = server_.tracker;
    errors_.note_name(statement, clients_name, tracker.sent_in_all(),
                      tracker.sent_in_all() - tracker.owed());
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
    show_what_it_names(*statement, requests);
    if (!target.name.empty() && named_.there == nullptr) {
        statement = stand_in(std::move(statement), true);
        have_stand_in(statement, requests);
    }
    note_name(statement, target.name);
    if (has_other_result()) {
        fail_for_other_result(true);
        requests.describe(Origin::client, no_statement);
        return;
    }
    const Bytes name = target.name.empty() ? Bytes() : Bytes(statement->server_name());
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
