#include "pool/session/statement_translator.hpp"

#include <cstdint>
#include <utility>

#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {

using protocol::Frontend;
using protocol::Origin;
using OnServer = StatementOperation::OnServer;
using Describes = StatementOperation::Describes;

// --- Parse ---------------------------------------------------------------------------------------

void StatementTranslator::parse_unnamed(const StatementPtr& statement, Bytes message,
                                        RequestWriter& requests) {
    const std::uint64_t reading = next_reading();
    requests.pass(
        Frontend::parse, message,
        rooms_.ledger.assumed(
            {.on_server = OnServer::sets_unnamed,
             .there = {.statement = statement, .reading = reading},
             .of_client = true,
             .name = {},
             .own = {.statement = statement, .reading = reading, .as_of = not_answered}}));
}

// A client's Parse is read by the server each time: what its text means now, only the server knows.
// What it had under the same name goes, and whoever has prepared the same before is served by the
// new reading, so far as that client was told the same (StatementFinder::find).
void StatementTranslator::parse_named(const protocol::ParseMessage& parse,
                                      const StatementPtr& statement, RequestWriter& requests) {
    const std::uint64_t reading = next_reading();
    StatementOperation operation{
        .there = {.statement = statement, .reading = reading},
        .of_client = true,
        .name = std::string(parse.statement),
        .own = {.statement = statement, .reading = reading, .as_of = not_answered}};
    const StatementLedger::ServerSide& server = rooms_.ledger.server();
    const ServerStatement* const present = server.statements.use(*statement);
    // What fails where the transaction may have, all but COMMIT and ROLLBACK, must not cost the
    // server what it has.
    const bool aside = present != nullptr && server.tracker.may_have_failed();
    const Bytes server_name = aside ? statement_aside : Bytes(statement->server_name());
    if (aside) {
        operation.aside = true;
        requests.close(Origin::injected, statement_aside);
    } else {
        rooms_.ledger.make_way_for(statement, present, requests);
        operation.on_server = OnServer::prepares;
    }
    const Bytes rest(parse.query.data(), parse.query.size() + 1 + parse.types.size());
    rooms_.errors.note_name(statement, parse.statement);
    requests.parse_under(server_name, rest, rooms_.ledger.assumed(std::move(operation)));
}

// --- Bind and Describe ---------------------------------------------------------------------------

void StatementTranslator::bind(const protocol::BindHead& bind, const ClientStatement* own,
                               Bytes message, RequestWriter& requests) {
    StatementFinder& finder = rooms_.finder;
    StatementPtr statement = own != nullptr ? own->statement : nullptr;
    bound_portal_.reset();
    // What the client has been told of the statement, the portal's description only repeats.
    if (statement && statement != unknown_statement() && !own->told) {
        bound_portal_ = Bound{.portal = std::string(bind.portal),
                              .name = std::string(bind.statement),
                              .reading = own->reading};
    }
    if (bind.statement.empty() && !statement) rooms_.ledger.end_unnamed(requests);
    const bool reserved = !statement && rooms_.ledger.is_reserved(bind.statement);
    const bool other_result = finder.has_other_result();
    const bool renamed = other_result || ((statement || reserved) && !bind.statement.empty());
    if (!renamed) {
        requests.pass(Frontend::bind, message);
        return;
    }
    if (statement) {
        if (finder.there() == nullptr) {
            statement = finder.stand_in(std::move(statement), false);
            finder.have(statement, requests);
        }
        rooms_.errors.note_name(statement, bind.statement);
    }
    if (other_result) finder.fail_for_other_result(false);
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
    const ClientStatement* const own = rooms_.ledger.own(target.name);
    const bool has_one = own != nullptr && own->statement != nullptr;
    if (target.name.empty() && !has_one) rooms_.ledger.end_unnamed(requests);
    if (has_one && own->statement != unknown_statement()) {
        describe_known(*own, target.name, requests);
    } else if (rooms_.ledger.is_reserved(target.name) && !has_one) {
        requests.describe(Origin::client, no_statement);
    } else {
        requests.pass(Frontend::describe, message);
    }
}

void StatementTranslator::describe_known(const ClientStatement& own, Bytes clients_name,
                                         RequestWriter& requests) {
    StatementFinder& finder = rooms_.finder;
    StatementPtr statement = own.statement;
    const bool unread = finder.is_described_unread(own, clients_name);
    const bool named = unread || !clients_name.empty();
    if (unread) {
        StatementCache& cache = rooms_.ledger.server().knowledge.statements();
        statement = cache.intern({}, *own.told->parameters, {});
    } else {
        rooms_.for_sql.show_what_it_names(*statement, requests);
        if (named && finder.there() == nullptr)
            statement = finder.stand_in(std::move(statement), true);
    }
    const ServerStatement* const there = finder.there();
    if (named && there == nullptr) finder.have(statement, requests);
    rooms_.errors.note_name(statement, clients_name);
    if (finder.has_other_result()) {
        finder.fail_for_other_result(true);
        requests.describe(Origin::client, no_statement);
        return;
    }
    const Bytes name = named ? Bytes(statement->server_name()) : Bytes();
    // What was told of this reading is told again.
    const bool tells_nothing_new =
        there != nullptr && own.told && own.told_of == there->reading && there->description;
    if (there == nullptr || tells_nothing_new) {
        requests.describe(Origin::client, name);
        return;
    }
    requests.describe(
        Origin::client, name,
        rooms_.ledger.assumed({.there = {.statement = there->statement, .reading = there->reading},
                               .name = std::string(clients_name),
                               .own = {.reading = own.reading},
                               .describes = Describes::statement,
                               .tells = true}));
}

void StatementTranslator::describe_portal(Bytes portal, Bytes message, RequestWriter& requests) {
    if (!bound_portal_ || bound_portal_->portal != portal) {
        requests.pass(Frontend::describe, message);
        return;
    }
    requests.pass(Frontend::describe, message,
                  rooms_.ledger.assumed({.name = bound_portal_->name,
                                         .own = {.reading = bound_portal_->reading},
                                         .describes = Describes::portal,
                                         .tells = true}));
}

// --- Close ---------------------------------------------------------------------------------------

// The server keeps what it has under its own name, for whoever prepares the same; but not what is
// this client's alone.
bool StatementTranslator::close(Bytes name, RequestWriter& requests) {
    StatementLedger& ledger = rooms_.ledger;
    const ClientStatement* const own = ledger.own(name);
    StatementOperation operation{.of_client = true, .name = std::string(name)};
    Bytes server_name = ledger.is_reserved(name) ? no_statement : name;
    const bool is_carried = name.empty() || own != nullptr || ledger.is_reserved(name);
    if (name.empty()) operation.on_server = OnServer::sets_unnamed;
    StatementPtr gone = own != nullptr ? own->statement : nullptr;
    const ServerStatement* const there =
        gone && gone->is_private() ? ledger.server().statements.use(*gone) : nullptr;
    if (there != nullptr) {
        operation.on_server = OnServer::closes;
        operation.there = *there;
        server_name = gone->server_name();
    }
    ledger.shown().closed(name);
    if (server_name != name && ledger.shown().contains(name))
        requests.close(Origin::injected, name);
    requests.close(Origin::client, server_name, ledger.assumed(std::move(operation)));
    return is_carried;
}

// --- errors --------------------------------------------------------------------------------------

std::optional<std::string> StatementTranslator::in_place_of(const protocol::ErrorReport& report,
                                                            Bytes error,
                                                            std::size_t failed_request) {
    if (auto substitute = rooms_.errors.substitute_for(failed_request)) return substitute;
    std::optional<std::string> renamed;
    if (report.message.find(server_name_prefix) != std::string::npos) {
        // A function of the database's has deallocated what is everybody's.
        constexpr std::string_view no_such_statement = "26000";
        if (report.code == no_such_statement) rooms_.ledger.server().statements.mark_all_stale();
        renamed = rooms_.errors.with_clients_name(error, failed_request);
    }
    std::string told = rooms_.errors.preceding(failed_request);
    if (told.empty()) return renamed;
    return told.append(renamed ? Bytes(*renamed) : error);
}

}  // namespace pgweir::pool
