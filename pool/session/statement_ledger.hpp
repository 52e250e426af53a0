// Which prepared statements a client has, and which its server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "conf/config.hpp"
#include "pool/session/counter.hpp"
#include "pool/session/pool_knowledge.hpp"
#include "pool/session/request_writer.hpp"
#include "pool/session/shown_names.hpp"
#include "pool/session/statement.hpp"
#include "pool/session/statements_in_flight.hpp"
#include "protocol/wire/request_tracker.hpp"

namespace pgweir::pool {

/// What a client has under its names and what its server has under pgweir's. A Parse, Close or
/// Describe changes both when it is sent, as the next messages depend on it; what it has changed
/// is taken back if the server refuses or discards it (manual, "Extended Query").
///
/// Bytes and values; one for each server, for the client that has it. Lives on one worker.
class StatementLedger {
  public:
    /// What belongs to the server and to its pool; all of it outlives the ledger.
    struct ServerSide {
        ServerStatements& statements;
        ServerStatement& unnamed;  ///< unknown_statement() where that cannot be told
        const protocol::RequestTracker& tracker;
        /// What the client's requests since the last question may have left.
        const protocol::Effects& suspected;
        PoolKnowledge& knowledge;
        Counter& plans_renewed;  ///< statements read again, as they may mean something else
    };
    /// What belongs to the client; all of it outlives the lease, and a new configuration may
    /// change it.
    struct ClientSide {
        ClientStatements& statements;
        /// max_prepared_statements; 0: names pass as they are.
        const unsigned& limit;
        const conf::SessionState& tracking;  ///< `off`: texts are not looked at
    };
    explicit StatementLedger(const ServerSide& server) : server_(server) {}

    /// A lease begins.
    void attach(const ClientSide& client) { client_.emplace(client); }
    /// The lease is over.
    void detach();

    // What there is.
    [[nodiscard]] const ServerSide& server() const { return server_; }
    /// Only while there is a client.
    [[nodiscard]] ClientStatements& clients() const { return client_->statements; }
    /// What the client has under this name; null: nothing. Valid until the next change.
    [[nodiscard]] const ClientStatement* own(Bytes name) const;
    /// The names that servers have are no secret; they are nobody's to use or to close.
    [[nodiscard]] bool is_reserved(Bytes statement_name) const;
    /// What running the statement may leave; nothing where texts are not looked at.
    [[nodiscard]] protocol::Effects effects_of(const Statement& statement) const;
    /// The transaction has failed, and nothing that was sent in it or before may end it.
    [[nodiscard]] bool has_failed() const;
    /// Clients' names that are on the server for SQL.
    [[nodiscard]] ShownNames& shown() { return shown_; }
    [[nodiscard]] const ShownNames& shown() const { return shown_; }
    /// What is on its way and not answered.
    [[nodiscard]] StatementsInFlight& in_flight() { return in_flight_; }
    [[nodiscard]] const StatementsInFlight& in_flight() const { return in_flight_; }

    // What is sent.
    /// Assumes that the operation succeeds. Returns it with what is needed to take it back; a
    /// message is to be noted with it.
    [[nodiscard]] StatementOperation&& assumed(StatementOperation&& operation);
    /// The statement is about to be prepared on the server: closes `present`, which the server has
    /// of it, or if that is null what is over the limit.
    void make_way_for(const StatementPtr& statement, const ServerStatement* present,
                      RequestWriter& requests);
    /// Ends the server's unnamed statement where the client has none.
    void end_unnamed(RequestWriter& requests);
    /// A Parse that cannot be read, or is too long to be kept.
    void parse_unread();
    /// A simple query ends the unnamed statement (exec_simple_query). Returns what its message has
    /// to be noted with, if the server may yet discard it.
    [[nodiscard]] std::optional<StatementOperation> simple_query();
    /// Asks the server what the statement takes and gives. `server_name`: its name there.
    void verify(const ServerStatement& there, Bytes server_name, RequestWriter& requests);
    /// verify() has asked, and the server has not answered.
    [[nodiscard]] bool is_verifying() const { return verifying_; }

    // What the server says.
    /// ParameterDescription.
    void parameters_told(Bytes body, bool whole);
    /// A verdict about operations. `body`: of the message that gave it; `whole`: all of it.
    void finished(const protocol::Verdict& verdict, protocol::Backend type, Bytes body, bool whole);
    /// SQL has dropped all of the client's statements.
    void all_dropped();

  private:
    [[nodiscard]] bool tracks() const { return client_->tracking != conf::SessionState::off; }
    void inject_close(const ServerStatement& there, RequestWriter& requests);
    void done(const StatementOperation& operation, protocol::Backend type, Bytes body, bool whole);
    void described(const StatementOperation& operation, protocol::Backend type, Bytes body,
                   bool whole);
    void undo(const StatementOperation& operation, bool failed);
    void undo_preparing(const ServerStatement& there);

    ServerSide server_;
    std::optional<ClientSide> client_;  ///< nothing without a lease
    StatementsInFlight in_flight_;
    ShownNames shown_;
    bool verifying_ = false;
    std::optional<std::string> parameters_;  ///< of the statement that is being described
};

}  // namespace pgweir::pool
