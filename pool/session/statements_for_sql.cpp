#include "pool/session/statements_for_sql.hpp"

#include <string>

#include "protocol/sql/statement_names.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Origin;

// In the place of what an earlier request may have left there.
void StatementsForSql::put_under_clients_name(Bytes name, Bytes query, Bytes types, Origin origin,
                                              RequestWriter& requests) {
    ledger_.shown().shown(name);
    requests.close(origin, name);
    StatementOperation operation{.name = std::string(name), .materialises = true};
    requests.parse(origin, name, query, types, std::move(operation));
}

// The question about the state that follows finds what is left of them.
void StatementsForSql::show(Bytes text, Origin origin, RequestWriter& requests) {
    // In a failed transaction no such statement runs, and none of these could be read.
    const ClientStatements& clients = ledger_.clients();
    if (!clients.has_named() || ledger_.has_failed()) return;
    bool shows = false;
    if (const auto only = protocol::only_deallocated(text)) {
        shows = show_one(*only, true, origin, requests);
    } else {
        protocol::for_each_possible_name(text, clients.longest_name(), [&](Bytes name) {
            shows = show_one(name, false, origin, requests) || shows;
        });
    }
    if (shows) end_showing(origin, requests);
}

// EXECUTE describes what it names when it is read, and looks for it when it is described or runs.
void StatementsForSql::show_what_it_names(const Statement& statement, RequestWriter& requests) {
    if (ledger_.effects_of(statement).contains(Effect::names_statement))
        show(statement.query(), Origin::injected, requests);
}

void StatementsForSql::show_all(Origin origin, RequestWriter& requests) {
    bool shows = false;
    for (const std::string& name : ledger_.clients().names())
        shows = show_one(name, false, origin, requests) || shows;
    if (shows) end_showing(origin, requests);
}

void StatementsForSql::end_showing(Origin origin, RequestWriter& requests) {
    if (origin == Origin::pool) requests.sync(Question::command);
}

// To DEALLOCATE, one without text: the client's may not be parsed any more, as a table of it is
// gone.
bool StatementsForSql::show_one(Bytes name, bool to_go, Origin origin, RequestWriter& requests) {
    const ClientStatement* const own = ledger_.own(name);
    if (name.empty() || own == nullptr || ledger_.is_reserved(name)) return false;
    if (to_go) {
        shown_.emplace_back();
        put_under_clients_name(name, {}, no_types, origin, requests);
    } else {
        const StatementPtr statement = own->statement;
        shown_.push_back(statement);
        put_under_clients_name(name, statement->query(), own->types(), origin, requests);
    }
    ledger_.shown().stands_for(name);
    return true;
}

void StatementsForSql::expect_free_name(const protocol::ParseMessage& parse,
                                        RequestWriter& requests) {
    requests.parse(Origin::injected, parse.statement, parse.query, parse.types);
    requests.close(Origin::injected, parse.statement);
}

// What has no text can be parsed even where the transaction has failed.
void StatementsForSql::refuse_taken_name(Bytes name, RequestWriter& requests) {
    put_under_clients_name(name, {}, no_types, Origin::injected, requests);
}

}  // namespace pgweir::pool
