// What a client's Parse, Close and Describe messages change when the server has answered them: it
// is assumed when they are sent, as the next messages depend on it, and taken back if they fail.
#include <algorithm>
#include <cstdint>

#include "pool/pool_part.hpp"
#include "pool/server.hpp"
#include "protocol/message_writer.hpp"

namespace pgweir::pool {

using protocol::Backend;
using protocol::Frontend;
using protocol::Origin;
using OnServer = StatementOperation::OnServer;
using Describes = StatementOperation::Describes;

StatementOperation&& Server::assumed(StatementOperation&& operation) {
    if (operation.on_server == OnServer::prepares) {
        connection_.statements.add(operation.there);
    } else if (operation.on_server == OnServer::closes) {
        connection_.statements.remove(*operation.there.statement);
    } else if (operation.on_server == OnServer::sets_unnamed) {
        operation.unnamed_on_server = std::exchange(connection_.unnamed, operation.there);
    }
    if (operation.of_client) {
        ClientStatements& statements = tenant_->session().statements;
        if (const ClientStatement* const before = statements.find(operation.name))
            operation.before = *before;
        statements.set(operation.name, operation.own);
    }
    return std::move(operation);
}

void Server::finish_operations(const protocol::Verdict& verdict, Backend type, Bytes body,
                               bool whole) {
    using Outcome = protocol::Verdict::Outcome;
    if (verdict.operation == Outcome::done) {
        const StatementOperation done = in_flight_.take();
        if (done.describes != Describes::nothing) described(done, type, body, whole);
        if (done.aside) {
            ServerStatement* const older = connection_.statements.use(*done.there.statement);
            if (older != nullptr) older->stale = true;
        }
        if (!done.of_client || !done.own || tenant_ == nullptr) return;
        ClientStatement* const own = tenant_->session().statements.find(done.name);
        if (own != nullptr && own->reading == done.own.reading) own->as_of = next_reading();
        return;
    }
    const std::size_t failed = verdict.operation == Outcome::failed ? 1 : 0;
    const std::vector<StatementOperation> undone =
        in_flight_.take(failed + verdict.operations_discarded);
    for (std::size_t i = undone.size(); i > 0; --i) undo(undone[i - 1], i <= failed);
}

// RowDescription or NoData, behind the ParameterDescription of a statement.
void Server::described(const StatementOperation& operation, Backend type, Bytes body, bool whole) {
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
            connection_.unnamed.statement && connection_.unnamed.reading == operation.there.reading;
        ServerStatement* const there =
            unnamed ? &connection_.unnamed : connection_.statements.use(*operation.there.statement);
        if (there != nullptr && there->reading == operation.there.reading) {
            if (there->description) shared = there->description;
            there->description = shared;
        }
        if (!operation.tells) verifying_ = false;
    }
    if (!operation.tells || tenant_ == nullptr) return;
    ClientStatement* const own = tenant_->session().statements.find(operation.name);
    if (own == nullptr || own->reading != operation.own.reading) return;
    // A portal's description tells nothing of the parameters.
    if (operation.describes == Describes::portal && own->told) return;
    own->told = std::move(shared);
    own->told_of =
        operation.describes == Describes::statement ? operation.there.reading : own->reading;
}

// A Parse that fails has ended the unnamed statement all the same; one that the server never read
// has not.
void Server::undo(const StatementOperation& operation, bool failed) {
    if (operation.on_server == OnServer::prepares) {
        connection_.statements.remove(*operation.there.statement);
    } else if (operation.on_server == OnServer::closes) {
        connection_.statements.add(operation.there);
    } else if (operation.on_server == OnServer::sets_unnamed && !in_flight_.sets_unnamed()) {
        connection_.unnamed = failed ? ServerStatement() : operation.unnamed_on_server;
    }
    if (operation.describes == Describes::statement && !operation.tells) verifying_ = false;
    // What never came there has not been deallocated either.
    if (operation.materialises) materialised_.erase(operation.name);
    if (!operation.of_client || tenant_ == nullptr) return;
    ClientStatement before =
        failed && operation.name.empty() ? ClientStatement() : operation.before;
    // Its own Parse is older than what is taken back: it was answered, or is taken back next.
    if (before.as_of == not_answered) before.as_of = next_reading();
    if (StatementOperation* const later = in_flight_.oldest_of(operation.name)) {
        later->before = before;
    } else {
        tenant_->session().statements.set(operation.name, before);
    }
}

// --- names in errors -----------------------------------------------------------------------------

// The next request names this statement, which the server has by pgweir's name for it.
void Server::note_name(const StatementPtr& statement, Bytes clients_name) {
    constexpr std::size_t many = 64;
    const std::size_t answered = tracker_.sent_in_all() - tracker_.owed();
    while (names_.size() >= many && names_.front().request < answered) names_.pop_front();
    names_.push_back({.statement = statement,
                      .name = std::string(clients_name),
                      .request = tracker_.sent_in_all()});
}

// What the client is told in the place of an error of the server's.
Bytes Server::clients_error(const protocol::ErrorReport& report, Bytes error,
                            std::size_t failed_request) {
    while (!substitutes_.empty() && substitutes_.front().first < failed_request)
        substitutes_.pop_front();
    if (!substitutes_.empty() && substitutes_.front().first == failed_request)
        return told_.emplace_back(std::move(substitutes_.front().second));
    if (report.message.find(server_name_prefix) == std::string::npos) return error;
    while (names_.size() > 1 && names_[1].request <= failed_request) names_.pop_front();
    // A function of the database's has deallocated what is everybody's.
    constexpr std::string_view no_such_statement = "26000";
    if (report.code == no_such_statement) connection_.statements.mark_all_stale();
    return told_.emplace_back(with_clients_names(error, failed_request));
}

// An error that names a prepared statement says the client's name for it: of several, that of the
// request which failed, or for which what failed was put in front.
std::string Server::with_clients_names(Bytes error, std::size_t failed_request) const {
    std::string message(error);
    const NamedBy* named = nullptr;
    // What was put in front of a request is no more than this far from it.
    constexpr std::size_t furthest = 8;
    for (const NamedBy& candidate : names_) {
        if (candidate.request > failed_request + furthest) break;
        if (message.find(candidate.statement->server_name()) == std::string::npos) continue;
        named = &candidate;
        if (candidate.request >= failed_request) break;
    }
    if (named == nullptr) return message;
    const std::string& server_name = named->statement->server_name();
    message.replace(message.find(server_name), server_name.size(), named->name);
    protocol::write_uint32(message, 1, static_cast<std::uint32_t>(message.size() - 1));
    return message;
}

}  // namespace pgweir::pool
