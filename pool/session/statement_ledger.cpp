#include "pool/session/statement_ledger.hpp"

#include <memory>
#include <utility>
#include <vector>

#include "protocol/wire/messages.hpp"

namespace pgweir::pool {

using protocol::Backend;
using protocol::Effect;
using protocol::Effects;
using protocol::Origin;
using OnServer = StatementOperation::OnServer;
using Describes = StatementOperation::Describes;

void StatementLedger::detach() {
    client_.reset();
    shown_.clear();
}

// --- what there is -------------------------------------------------------------------------------

const ClientStatement* StatementLedger::own(Bytes name) const {
    return std::as_const(client_->statements).find(name);
}

bool StatementLedger::is_reserved(Bytes statement_name) const {
    return client_->limit > 0 && statement_name.starts_with(server_name_prefix);
}

Effects StatementLedger::effects_of(const Statement& statement) const {
    return tracks() ? statement.effects(server_.knowledge.function_effects()) : Effects();
}

bool StatementLedger::has_failed() const {
    return tracks() &&
           server_.tracker.transaction_status() == protocol::TransactionStatus::failed &&
           !server_.suspected.contains(Effect::ends_transaction);
}

// --- what is sent --------------------------------------------------------------------------------

StatementOperation&& StatementLedger::assumed(StatementOperation&& operation) {
    if (operation.on_server == OnServer::prepares) {
        server_.statements.add(operation.there);
    } else if (operation.on_server == OnServer::closes) {
        server_.statements.remove(*operation.there.statement);
    } else if (operation.on_server == OnServer::sets_unnamed) {
        operation.unnamed_on_server = std::exchange(server_.unnamed, operation.there);
    }
    if (operation.of_client) {
        if (const ClientStatement* const before = own(operation.name)) operation.before = *before;
        client_->statements.set(operation.name, operation.own);
    }
    return std::move(operation);
}

void StatementLedger::make_way_for(const StatementPtr& statement, const ServerStatement* present,
                                   RequestWriter& requests) {
    if (present != nullptr) {
        inject_close(*present, requests);
        return;
    }
    while (const auto oldest = server_.statements.evict(client_->limit))
        inject_close(*oldest, requests);
    // While its Close is on its way the server may yet discard that, and still have it. That Close
    // takes itself back.
    if (in_flight_.closes(statement->server_name()))
        inject_close({.statement = statement}, requests);
}

void StatementLedger::inject_close(const ServerStatement& there, RequestWriter& requests) {
    const std::string name = there.statement->server_name();
    requests.close(Origin::injected, name,
                   assumed({.on_server = OnServer::closes, .there = there}));
}

// The client has no unnamed statement; the server has one, or may have.
void StatementLedger::end_unnamed(RequestWriter& requests) {
    if (!server_.unnamed.statement) return;
    requests.close(Origin::injected, {}, assumed({.on_server = OnServer::sets_unnamed}));
}

void StatementLedger::parse_unread() {
    server_.unnamed = {.statement = unknown_statement()};
    client_->statements.unnamed = {.statement = unknown_statement()};
}

std::optional<StatementOperation> StatementLedger::simple_query() {
    if (server_.tracker.wants_sync() || server_.tracker.may_discard()) {
        // Where an extended query before it fails the server discards it.
        return assumed({.on_server = OnServer::sets_unnamed, .of_client = true});
    }
    client_->statements.unnamed = {};
    server_.unnamed = {};
    in_flight_.forget_unnamed_before();
    return std::nullopt;
}

void StatementLedger::verify(const ServerStatement& there, Bytes server_name,
                             RequestWriter& requests) {
    requests.describe(Origin::injected, server_name,
                      assumed({.there = {.statement = there.statement, .reading = there.reading},
                               .describes = Describes::statement}));
    verifying_ = true;
}

// --- what the server says ------------------------------------------------------------------------

void StatementLedger::parameters_told(Bytes body, bool whole) {
    parameters_.reset();
    if (whole) parameters_.emplace(body);
}

void StatementLedger::finished(const protocol::Verdict& verdict, Backend type, Bytes body,
                               bool whole) {
    using Outcome = protocol::Verdict::Outcome;
    if (verdict.operation == Outcome::done) {
        done(in_flight_.oldest(), type, body, whole);
        in_flight_.drop_oldest();
        return;
    }
    const std::size_t failed = verdict.operation == Outcome::failed ? 1 : 0;
    const std::vector<StatementOperation> undone =
        in_flight_.take(failed + verdict.operations_discarded);
    for (std::size_t i = undone.size(); i > 0; --i) undo(undone[i - 1], i <= failed);
}

void StatementLedger::done(const StatementOperation& operation, Backend type, Bytes body,
                           bool whole) {
    if (operation.describes != Describes::nothing) described(operation, type, body, whole);
    if (operation.aside) {
        ServerStatement* const older = server_.statements.use(*operation.there.statement);
        if (older != nullptr) older->stale = true;
    }
    if (!operation.of_client || !operation.own || !client_) return;
    ClientStatement* const own = client_->statements.find(operation.name);
    if (own != nullptr && own->reading == operation.own.reading) own->as_of = next_reading();
}

// RowDescription or NoData, behind the ParameterDescription of a statement.
void StatementLedger::described(const StatementOperation& operation, Backend type, Bytes body,
                                bool whole) {
    auto description = std::make_shared<Description>();
    if (operation.describes == Describes::statement)
        description->parameters = std::exchange(parameters_, std::nullopt);
    if (type == Backend::no_data) {
        description->row.emplace();
    } else if (whole) {
        description->row = shape_of_row(body);
    }
    DescriptionPtr shared = std::move(description);
    if (operation.describes == Describes::statement) {
        const bool unnamed =
            server_.unnamed.statement && server_.unnamed.reading == operation.there.reading;
        ServerStatement* const there =
            unnamed ? &server_.unnamed : server_.statements.use(*operation.there.statement);
        if (there != nullptr && there->reading == operation.there.reading) {
            if (there->description) shared = there->description;
            there->description = shared;
        }
        if (!operation.tells) verifying_ = false;
    }
    if (!operation.tells || !client_) return;
    ClientStatement* const own = client_->statements.find(operation.name);
    if (own == nullptr || own->reading != operation.own.reading) return;
    // A portal's description tells nothing of the parameters.
    if (operation.describes == Describes::portal && own->told) return;
    own->told = std::move(shared);
    own->told_of =
        operation.describes == Describes::statement ? operation.there.reading : own->reading;
}

// Its Close may be on its way, behind a Sync, to make room for another.
void StatementLedger::undo_preparing(const ServerStatement& there) {
    server_.statements.remove(*there.statement);
    StatementOperation* const later = in_flight_.oldest_close_of(there.statement->server_name());
    if (later != nullptr && later->there.reading == there.reading) later->there.reading = 0;
}

// A Parse that fails has ended the unnamed statement all the same; one that the server never read
// has not.
void StatementLedger::undo(const StatementOperation& operation, bool failed) {
    if (operation.on_server == OnServer::prepares) {
        undo_preparing(operation.there);
    } else if (operation.on_server == OnServer::closes) {
        if (operation.there.reading != 0) server_.statements.add(operation.there);
    } else if (operation.on_server == OnServer::sets_unnamed) {
        StatementOperation* const later = in_flight_.oldest_setting_unnamed();
        ServerStatement& unnamed = later != nullptr ? later->unnamed_on_server : server_.unnamed;
        unnamed = failed ? ServerStatement() : operation.unnamed_on_server;
    }
    if (operation.describes == Describes::statement && !operation.tells) verifying_ = false;
    // What never came there has not been deallocated either.
    if (operation.materialises) shown_.not_shown(operation.name);
    if (!operation.of_client || !client_) return;
    ClientStatement before =
        failed && operation.name.empty() ? ClientStatement() : operation.before;
    // Its own Parse is older than what is taken back: it was answered, or is taken back next.
    if (before.as_of == not_answered) before.as_of = next_reading();
    if (StatementOperation* const later = in_flight_.oldest_of(operation.name)) {
        later->before = before;
    } else {
        client_->statements.set(operation.name, before);
    }
}

void StatementLedger::all_dropped() {
    server_.statements.clear();
    client_->statements.forget_named();
    shown_.all_dropped();
}

}  // namespace pgweir::pool
