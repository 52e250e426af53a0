// The rooms for a client's prepared statements on whichever server it has.
#pragma once

#include "pool/session/clients_errors.hpp"
#include "pool/session/statement_doubts.hpp"
#include "pool/session/statement_finder.hpp"
#include "pool/session/statement_ledger.hpp"
#include "pool/session/statement_translator.hpp"
#include "pool/session/statements_for_sql.hpp"

namespace pgweir::pool {

/// What the protocol's prepared statements need on one server, one subject a room. Bytes and
/// values. Lives on one worker, as long as its server.
struct PreparedStatements {
    explicit PreparedStatements(const StatementLedger::ServerSide& server)
        : ledger(server), errors(server.tracker) {}
    PreparedStatements(const PreparedStatements&) = delete;
    PreparedStatements& operator=(const PreparedStatements&) = delete;
    ~PreparedStatements() = default;

    /// A lease begins.
    void attach(const StatementLedger::ClientSide& client) { ledger.attach(client); }
    /// The lease is over.
    void detach() {
        ledger.detach();
        errors.clear();
        for_sql.forget();
        finder.forget();
        translator.forget();
    }

    StatementLedger ledger;
    ClientsErrors errors;
    StatementsForSql for_sql{ledger};
    StatementFinder finder{ledger, for_sql, errors};
    StatementTranslator translator{
        {.ledger = ledger, .for_sql = for_sql, .finder = finder, .errors = errors}};
    StatementDoubts doubts{ledger};
};

}  // namespace pgweir::pool
