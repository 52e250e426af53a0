// Of StatementTranslator: what stands on the server in the place of a client's statements for a
// time, for SQL that names them and in a failed transaction.
#include "pool/session/statement_translator.hpp"
#include "protocol/sql/statement_names.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Origin;

// --- in a failed transaction ---------------------------------------------------------------------

// The transaction has failed, and nothing that was sent in it or before may end it.
bool StatementTranslator::has_failed() const {
    return tracks() &&
           server_.tracker.transaction_status() == protocol::TransactionStatus::failed &&
           !server_.suspected.contains(Effect::ends_transaction);
}

// What the server is asked for in the statement's place: in a failed transaction it parses nothing
// but the ends of one and what has no text.
StatementPtr StatementTranslator::stand_in(StatementPtr statement, bool described) {
    if (!has_failed()) return statement;
    if (server_.statements.use(*statement) != nullptr) return statement;
    if (statement->effects(server_.knowledge.function_effects()).contains(Effect::ends_transaction))
        return statement;
    const auto types = statement->types_without_text(described);
    return types ? server_.knowledge.statements().intern({}, *types, {}) : statement;
}

// One that is stale is as good as new where nothing is run.
void StatementTranslator::have_stand_in(const StatementPtr& statement, RequestWriter& requests) {
    if (server_.statements.use(*statement) != nullptr) return;
    const ClientStatement own{.statement = statement};
    std::ignore = read_again(own, nullptr, requests);
}

// --- for SQL that names statements ---------------------------------------------------------------

// For what looks for a statement by the name that the client has for it; in the place of what an
// earlier request may have left there.
void StatementTranslator::put_under_clients_name(Bytes name, Bytes query, Bytes types,
                                                 Origin origin, RequestWriter& requests) {
    shown_.shown(name);
    requests.close(origin, name);
    StatementOperation operation{.name = std::string(name), .materialises = true};
    requests.parse(origin, name, query, types, std::move(operation));
}

// The question about the state that follows finds what is left of them.
void StatementTranslator::show_to_sql(Bytes text, Origin origin, RequestWriter& requests) {
    // In a failed transaction no such statement runs, and none of these could be read.
    if (!client_->statements.has_named() || has_failed()) return;
    bool shows = false;
    if (const auto only = protocol::only_deallocated(text)) {
        shows = show_one(*only, true, origin, requests);
    } else {
        protocol::for_each_possible_name(text, client_->statements.longest_name(), [&](Bytes name) {
            shows = show_one(name, false, origin, requests) || shows;
        });
    }
    if (shows) end_showing(origin, requests);
}

// EXECUTE describes what it names when it is read, and looks for it when it is described or runs.
void StatementTranslator::show_what_it_names(const Statement& statement, RequestWriter& requests) {
    if (effects_of(statement).contains(Effect::names_statement))
        show_to_sql(statement.query(), Origin::injected, requests);
}

void StatementTranslator::show_all_to_sql(Origin origin, RequestWriter& requests) {
    bool shows = false;
    for (const std::string& name : client_->statements.names())
        shows = show_one(name, false, origin, requests) || shows;
    if (shows) end_showing(origin, requests);
}

void StatementTranslator::end_showing(Origin origin, RequestWriter& requests) {
    if (origin == Origin::pool) requests.sync(Question::command);
}

// To DEALLOCATE, one without text: the client's may not be parsed any more, as a table of it is
// gone.
bool StatementTranslator::show_one(Bytes name, bool to_go, Origin origin, RequestWriter& requests) {
    const ClientStatement* const own = this->own(name);
    if (name.empty() || own == nullptr || is_reserved(name)) return false;
    if (to_go) {
        shown_statements_.emplace_back();
        put_under_clients_name(name, {}, no_types, origin, requests);
    } else {
        const StatementPtr statement = own->statement;
        shown_statements_.push_back(statement);
        put_under_clients_name(name, statement->query(), own->types(), origin, requests);
    }
    shown_.stands_for(name);
    return true;
}

void StatementTranslator::all_dropped() {
    server_.statements.clear();
    client_->statements.forget_named();
    shown_.all_dropped();
}

}  // namespace pgweir::pool
