// A client's prepared statements on whichever server it has.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/config.hpp"
#include "pool/session/clients_errors.hpp"
#include "pool/session/counter.hpp"
#include "pool/session/pool_knowledge.hpp"
#include "pool/session/request_writer.hpp"
#include "pool/session/shown_names.hpp"
#include "pool/session/statement.hpp"
#include "pool/session/statements_in_flight.hpp"
#include "protocol/wire/extended_query.hpp"
#include "protocol/wire/frame_scanner.hpp"
#include "protocol/wire/request_tracker.hpp"

namespace pgweir::pool {

/// Puts the names that a server has for prepared statements in the place of its client's, and sees
/// to it that what the client has prepared is there and means what the client was told (manual,
/// "Extended Query"; DECISIONS.md, D62 to D64).
///
/// Bytes and values: it writes through the RequestWriter that it is given and suspends nowhere.
/// Lives on one worker, as long as its server.
class StatementTranslator {
  public:
    /// What belongs to the server and to its pool; all of it outlives the translator.
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
    explicit StatementTranslator(const ServerSide& server) : server_(server) {}

    /// A lease begins.
    void attach(const ClientSide& client) { client_.emplace(client); }
    /// The lease is over.
    void detach();

    [[nodiscard]] StatementsInFlight& in_flight() { return in_flight_; }
    [[nodiscard]] const StatementsInFlight& in_flight() const { return in_flight_; }
    [[nodiscard]] ShownNames& shown() { return shown_; }
    [[nodiscard]] const ShownNames& shown() const { return shown_; }
    [[nodiscard]] ClientsErrors& errors() { return errors_; }
    /// The names that servers have are no secret; they are nobody's to use or to close.
    [[nodiscard]] bool is_reserved(Bytes statement_name) const;
    /// What running the statement may leave; nothing where texts are not looked at.
    [[nodiscard]] protocol::Effects effects_of(const Statement& statement) const;

    // Requests, in the order of their messages.
    /// True if the request must be held back: an operation before an earlier Sync settles what it
    /// means, and may fail; or the server has to read again what it names, and its transaction may
    /// have failed.
    [[nodiscard]] bool must_hold_back(const protocol::Step& step) const;
    /// SQL that names statements, while an error may undo what the client has under its names.
    [[nodiscard]] bool names_doubtful(Bytes text) const;
    /// The server is asked about a statement that a request waits for.
    [[nodiscard]] bool is_verifying() const { return verifying_; }

    /// Makes sure that what a Bind or a Describe names is on the server, and is what its client was
    /// told. False: the server was asked, and the request waits for the answer.
    [[nodiscard]] bool find(const protocol::Step& step, RequestWriter& requests);
    /// The beginning of the Bind that find() has read, if it was one.
    [[nodiscard]] const std::optional<protocol::BindHead>& bind_head() const { return named_.bind; }
    /// The client's statement that it names; null: not looked for, or there is none.
    [[nodiscard]] const ClientStatement* found() const { return named_.own; }
    /// What find() has found is forgotten: its request was sent, or is another now.
    void forget_found() { named_ = {}; }

    /// A Parse without a name, which goes as it is.
    void parse_unnamed(const StatementPtr& statement, Bytes message, RequestWriter& requests);
    void parse_named(const protocol::ParseMessage& parse, const StatementPtr& statement,
                     RequestWriter& requests);
    /// A Parse that cannot be read, or is too long to be kept.
    void parse_unread();
    /// SQL may have taken the name in this transaction: only the server knows, and says so.
    void expect_free_name(const protocol::ParseMessage& parse, RequestWriter& requests);
    /// The name is taken: has the server say so.
    void refuse_taken_name(Bytes name, RequestWriter& requests);

    /// What the client has under this name; null: nothing.
    [[nodiscard]] const ClientStatement* own(Bytes name) const;
    /// `own`: what the client has under the name in it, or null.
    void bind(const protocol::BindHead& bind, const ClientStatement* own, Bytes message,
              RequestWriter& requests);
    void describe(const protocol::TargetMessage& target, Bytes message, RequestWriter& requests);
    /// Returns whether the client has, by the protocol, what it closes.
    [[nodiscard]] bool close(Bytes name, RequestWriter& requests);
    /// A simple query ends the unnamed statement (exec_simple_query). Returns what its message has
    /// to be noted with, if the server may yet discard it.
    [[nodiscard]] std::optional<StatementOperation> simple_query();

    // The client's statements for SQL that names them.
    /// Puts those that `text` may name under their own names.
    void show_to_sql(Bytes text, protocol::Origin origin, RequestWriter& requests);
    void show_what_it_names(const Statement& statement, RequestWriter& requests);
    /// For a text that is not all here.
    void show_all_to_sql(protocol::Origin origin, RequestWriter& requests);
    /// Statements that the text may run, since this was called last; null among them: only that
    /// something was shown.
    [[nodiscard]] std::vector<StatementPtr> take_shown_statements() {
        return std::exchange(shown_statements_, {});
    }
    [[nodiscard]] bool has_shown() const { return !shown_statements_.empty(); }
    /// SQL has dropped all of the client's statements.
    void all_dropped();

    // Replies.
    /// ParameterDescription.
    void parameters_told(Bytes body, bool whole);
    /// A verdict about operations. `body`: of the message that gave it; `whole`: all of it.
    void finished(const protocol::Verdict& verdict, protocol::Backend type, Bytes body, bool whole);
    /// What takes the place of the server's error; nothing: it is the client's as it is.
    [[nodiscard]] std::optional<std::string> in_place_of(const protocol::ErrorReport& report,
                                                         Bytes error, std::size_t failed_request);

  private:
    struct Named {
        ClientStatement* own = nullptr;
        ServerStatement* there = nullptr;
        std::optional<protocol::BindHead> bind;
    };
    /// The portal of the latest Bind, if its description would tell the client something new.
    struct Bound {
        std::string portal;
        std::string name;
        std::uint64_t reading = 0;
    };

    [[nodiscard]] bool tracks() const { return client_->tracking != conf::SessionState::off; }
    [[nodiscard]] static bool serves(const ServerStatement* there, const ClientStatement& own);
    [[nodiscard]] bool is_there(const ClientStatement& own, Bytes name);
    [[nodiscard]] bool is_described_unread(const ClientStatement& own, Bytes name);
    [[nodiscard]] bool may_be_read_too_late(const protocol::Step& step) const;
    [[nodiscard]] bool find_named(ClientStatement& own, Bytes name, RequestWriter& requests);
    [[nodiscard]] bool find_unnamed(ClientStatement& own, RequestWriter& requests);
    [[nodiscard]] bool is_as_told(ClientStatement& own, const ServerStatement& there,
                                  Bytes server_name, RequestWriter& requests);
    [[nodiscard]] bool has_other_result() const;
    void fail_for_other_result(bool tells_parameters);
    ServerStatement* read_again(const ClientStatement& own, ServerStatement* present,
                                RequestWriter& requests);
    void put_under_clients_name(Bytes name, Bytes query, Bytes types, protocol::Origin origin,
                                RequestWriter& requests);
    [[nodiscard]] bool has_failed() const;
    [[nodiscard]] StatementPtr stand_in(StatementPtr statement, bool described);
    void have_stand_in(const StatementPtr& statement, RequestWriter& requests);
    void end_unnamed(RequestWriter& requests);
    void make_room_for(const StatementPtr& statement, RequestWriter& requests);
    void inject_close(const ServerStatement& there, RequestWriter& requests);
    void describe_portal(Bytes portal, Bytes message, RequestWriter& requests);
    [[nodiscard]] bool show_one(Bytes name, bool to_go, protocol::Origin origin,
                                RequestWriter& requests);
    void end_showing(protocol::Origin origin, RequestWriter& requests);
    void note_name(const StatementPtr& statement, Bytes clients_name);
    [[nodiscard]] StatementOperation&& assumed(StatementOperation&& operation);
    void done(const StatementOperation& operation, protocol::Backend type, Bytes body, bool whole);
    void described(const StatementOperation& operation, protocol::Backend type, Bytes body,
                   bool whole);
    void undo(const StatementOperation& operation, bool failed);
    void undo_preparing(const ServerStatement& there);

    ServerSide server_;
    std::optional<ClientSide> client_;  ///< nothing without a lease
    StatementsInFlight in_flight_;
    ShownNames shown_;
    ClientsErrors errors_;
    Named named_;
    std::optional<Bound> bound_portal_;
    bool verifying_ = false;
    std::optional<std::string> parameters_;  ///< of the statement that is being described
    std::vector<StatementPtr> shown_statements_;
};

}  // namespace pgweir::pool
