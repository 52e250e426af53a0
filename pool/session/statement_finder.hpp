// How the prepared statement that a Bind or a Describe names comes to be on the server.
#pragma once

#include <optional>

#include "pool/session/clients_errors.hpp"
#include "pool/session/request_writer.hpp"
#include "pool/session/statement.hpp"
#include "pool/session/statement_ledger.hpp"
#include "pool/session/statements_for_sql.hpp"
#include "protocol/wire/extended_query.hpp"
#include "protocol/wire/frame_scanner.hpp"

namespace pgweir::pool {

/// Makes sure that what the client has prepared is on the server, was read there late enough, and
/// takes and gives what the client was told of it; else it is read again, or the request is made to
/// fail as PostgreSQL would have it fail (DECISIONS.md, D62 to D64). In a failed transaction, where
/// nothing can be read, a stand-in takes its place.
///
/// Bytes and values; one for each server, called only while there is a client. Lives on one worker.
class StatementFinder {
  public:
    /// All of it outlives the finder.
    StatementFinder(StatementLedger& ledger, StatementsForSql& for_sql, ClientsErrors& errors)
        : ledger_(ledger), for_sql_(for_sql), errors_(errors) {}

    /// Makes sure of what the request names, if it is a Bind or a Describe. False: the server was
    /// asked, and the request waits for the answer.
    [[nodiscard]] bool find(const protocol::Step& step, RequestWriter& requests);

    // What find() has found, until it is forgotten.
    /// The beginning of the Bind that it has read, if it was one.
    [[nodiscard]] const std::optional<protocol::BindHead>& bind_head() const { return found_.bind; }
    /// The client's statement that is named; null: not looked for, or there is none.
    [[nodiscard]] const ClientStatement* own() const { return found_.own; }
    /// The server's statement for it; null: not looked for, or not to be read in a failed
    /// transaction.
    [[nodiscard]] const ServerStatement* there() const { return found_.there; }
    /// The request was sent, or is another now.
    void forget() { found_ = {}; }

    /// The result that the client was told of is not what the statement that was found gives now.
    [[nodiscard]] bool has_other_result() const;
    /// Has the next request fail with what PostgreSQL says then. `tells_parameters`: it is a
    /// Describe.
    void fail_for_other_result(bool tells_parameters);
    /// The client is to be told from what it was told before: a statement without rows that the
    /// server does not have.
    [[nodiscard]] bool is_described_unread(const ClientStatement& own, Bytes name) const;
    /// What to ask the server for in the place of a statement that was not found: itself, or in a
    /// failed transaction a stand-in. `described`: it is to be described.
    [[nodiscard]] StatementPtr stand_in(StatementPtr statement, bool described) const;
    /// Has the server read the statement, if it does not have it.
    void have(const StatementPtr& statement, RequestWriter& requests);

  private:
    struct Found {
        ClientStatement* own = nullptr;
        ServerStatement* there = nullptr;
        std::optional<protocol::BindHead> bind;
    };

    [[nodiscard]] bool is_there(const ClientStatement& own, Bytes name) const;
    [[nodiscard]] bool find_named(ClientStatement& own, Bytes name, RequestWriter& requests);
    [[nodiscard]] bool find_unnamed(ClientStatement& own, RequestWriter& requests);
    [[nodiscard]] bool is_as_told(ClientStatement& own, const ServerStatement& there,
                                  Bytes server_name, RequestWriter& requests);
    ServerStatement* read_again(const ClientStatement& own, ServerStatement* present,
                                RequestWriter& requests);

    StatementLedger& ledger_;
    StatementsForSql& for_sql_;
    ClientsErrors& errors_;
    Found found_;
};

}  // namespace pgweir::pool
