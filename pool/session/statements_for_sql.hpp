// A client's prepared statements for SQL that names them.
#pragma once

#include <utility>
#include <vector>

#include "pool/session/request_writer.hpp"
#include "pool/session/statement.hpp"
#include "pool/session/statement_ledger.hpp"
#include "protocol/wire/extended_query.hpp"
#include "protocol/wire/request_tracker.hpp"

namespace pgweir::pool {

/// EXECUTE and DEALLOCATE look for a statement by the client's own name, and so does a Parse whose
/// name may be taken. This puts a client's statements on its server under their own names, in front
/// of such a request; the next question about the session takes them away again (ShownNames).
///
/// Bytes and values; one for each server, called only while there is a client. Lives on one worker.
class StatementsForSql {
  public:
    /// `ledger` outlives the object.
    explicit StatementsForSql(StatementLedger& ledger) : ledger_(ledger) {}

    /// Puts there those that `text` may name. `origin`: of the messages; what is sent as `pool`
    /// ends with a Sync of its own.
    void show(Bytes text, protocol::Origin origin, RequestWriter& requests);
    /// The same for a statement that is about to be read, described or run.
    void show_what_it_names(const Statement& statement, RequestWriter& requests);
    /// For a text that is not all here.
    void show_all(protocol::Origin origin, RequestWriter& requests);

    /// Something was put there since take() was called last.
    [[nodiscard]] bool has_shown() const { return !shown_.empty(); }
    /// Statements that SQL may run, since this was called last; null among them: only that
    /// something was shown.
    [[nodiscard]] std::vector<StatementPtr> take() { return std::exchange(shown_, {}); }

    /// SQL may have taken the name in this transaction: only the server knows, and says so.
    static void expect_free_name(const protocol::ParseMessage& parse, RequestWriter& requests);
    /// The client has something under this name: has the server refuse it.
    void refuse_taken_name(Bytes name, RequestWriter& requests);

    /// The lease is over.
    void forget() { shown_.clear(); }

  private:
    [[nodiscard]] bool show_one(Bytes name, bool to_go, protocol::Origin origin,
                                RequestWriter& requests);
    void put_under_clients_name(Bytes name, Bytes query, Bytes types, protocol::Origin origin,
                                RequestWriter& requests);
    static void end_showing(protocol::Origin origin, RequestWriter& requests);

    StatementLedger& ledger_;
    std::vector<StatementPtr> shown_;
};

}  // namespace pgweir::pool
