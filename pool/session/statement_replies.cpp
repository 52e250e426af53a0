// Of StatementTranslator: what a client's Parse, Close and Describe messages change when the server
// has answered them. It is assumed when they are sent, as the next messages depend on it, and taken
// back if they fail.
#include "pool/session/statement_translator.hpp"
#include "protocol/sql/sql_reader.hpp"
#include "protocol/wire/messages.hpp"

namespace pgweir::pool {

using protocol::Backend;
using protocol::Effect;
using protocol::Frontend;
using OnServer = StatementOperation::OnServer;
using Describes = StatementOperation::Describes;

StatementOperation&& StatementTranslator::assumed(StatementOperation&& operation) {
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

// --- answers -------------------------------------------------------------------------------------

void StatementTranslator::parameters_told(Bytes body, bool whole) {
    parameters_.reset();
    if (whole) parameters_.emplace(body);
}

void StatementTranslator::finished(const protocol::Verdict& verdict, Backend type, Bytes body,
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

void StatementTranslator::done(const StatementOperation& operation, Backend type, Bytes body,
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
void StatementTranslator::described(const StatementOperation& operation, Backend type, Bytes body,
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
void StatementTranslator::undo_preparing(const ServerStatement& there) {
    server_.statements.remove(*there.statement);
    StatementOperation* const later = in_flight_.oldest_close_of(there.statement->server_name());
    if (later != nullptr && later->there.reading == there.reading) later->there.reading = 0;
}

// A Parse that fails has ended the unnamed statement all the same; one that the server never read
// has not.
void StatementTranslator::undo(const StatementOperation& operation, bool failed) {
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

std::optional<std::string> StatementTranslator::in_place_of(const protocol::ErrorReport& report,
                                                            Bytes error,
                                                            std::size_t failed_request) {
    if (auto substitute = errors_.substitute_for(failed_request)) return substitute;
    std::optional<std::string> renamed;
    if (report.message.find(server_name_prefix) != std::string::npos) {
        // A function of the database's has deallocated what is everybody's.
        constexpr std::string_view no_such_statement = "26000";
        if (report.code == no_such_statement) server_.statements.mark_all_stale();
        renamed = errors_.with_clients_name(error, failed_request);
    }
    std::string told = errors_.preceding(failed_request);
    if (told.empty()) return renamed;
    return told.append(renamed ? Bytes(*renamed) : error);
}

// --- what a request has to wait for --------------------------------------------------------------

bool StatementTranslator::names_doubtful(Bytes text) const {
    return in_flight_.has_doubtful() &&
           protocol::look_at(text, server_.knowledge.function_effects().get())
               .contains(Effect::names_statement);
}

// The server has to read what a Bind or a Describe names, and what was sent before may fail: in a
// transaction that has failed nothing is read, and something else is done (stand_in).
bool StatementTranslator::may_be_read_too_late(const protocol::Step& step) const {
    if (!server_.tracker.block_may_fail()) return false;
    Bytes name;
    if (static_cast<Frontend>(step.type) == Frontend::bind) {
        if (const auto bind = protocol::parse_bind_head(step.body)) name = bind->statement;
    } else if (static_cast<Frontend>(step.type) == Frontend::describe) {
        const auto target = protocol::parse_target(step.body);
        if (target && target->kind == 'S') name = target->name;
    }
    const ClientStatement* const own = name.empty() ? nullptr : this->own(name);
    return own != nullptr && own->statement != unknown_statement() &&
           !serves(server_.statements.use(*own->statement), *own);
}

// Whether a Sync stands between this request and an unanswered one about the same statement; if an
// error came before that, the server has never read it.
bool StatementTranslator::must_hold_back(const protocol::Step& step) const {
    if (may_be_read_too_late(step)) return true;
    if (!in_flight_.has_doubtful()) return false;
    const auto is_doubtful = [&](Bytes name) {
        if (in_flight_.is_doubtful(name, false)) return true;
        const ClientStatement* const own = this->own(name);
        return own != nullptr && own->statement != unknown_statement() &&
               (in_flight_.is_doubtful_text(own->statement->query()) ||
                names_doubtful(own->statement->query()));
    };
    switch (static_cast<Frontend>(step.type)) {
        case Frontend::parse: {
            const auto parse = step.whole ? protocol::parse_parse(step.body) : std::nullopt;
            if (!parse) return false;
            if (parse->statement.empty()) return names_doubtful(parse->query);
            return in_flight_.is_doubtful(parse->statement, true) ||
                   in_flight_.is_doubtful_text(parse->query) || names_doubtful(parse->query);
        }
        case Frontend::bind: {
            const auto bind = protocol::parse_bind_head(step.body);
            return bind && is_doubtful(bind->statement);
        }
        case Frontend::describe:
        case Frontend::close: {
            const auto target = protocol::parse_target(step.body);
            return target && target->kind == 'S' && is_doubtful(target->name);
        }
        default:
            return false;
    }
}

}  // namespace pgweir::pool
