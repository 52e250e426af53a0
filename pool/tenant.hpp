// Who a server is lent to, as the server sees it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/config.hpp"
#include "pool/byte_stream.hpp"
#include "pool/deadlines.hpp"
#include "pool/greetings.hpp"
#include "pool/listeners.hpp"
#include "pool/session/login_defaults.hpp"
#include "pool/session/pins.hpp"
#include "pool/session/session_settings.hpp"
#include "pool/session/statement.hpp"
#include "pool/statistics.hpp"
#include "protocol/error_report.hpp"
#include "protocol/messages.hpp"

namespace pgweir::pool {

class Server;

/// Since when a client keeps its server, and what led to it.
struct Pinned {
    Clock::time_point since;
    std::string by;  ///< the statement, without its constants
};

/// What a client's session consists of, whichever server its statements run on. Owned by the
/// client's session; while a server is lent to it, that server keeps it up to date. Lives on one
/// worker.
struct TenantSession {
    std::uint64_t id = 0;   ///< the client's
    std::uint32_t pid = 0;  ///< that the client takes for its own: its BackendKeyData's
    /// What RESET goes back to: what its StartupMessage asked for, and the defaults that it began
    /// with where a server has others.
    SettingsPtr startup;
    Greeting greeting;  ///< what it was told at its login
    /// The reported defaults of a server that it knows of: at its login, or told since.
    Greeting told;
    /// The login's defaults that it has where it has set nothing: of the latest server, as those
    /// that it began with and that this one has not are among `startup`. Null: not known.
    LoginDefaultsPtr defaults;
    SettingsPtr settings;  ///< what it has now
    /// Reported parameters that are no settings, as they were told since: is_superuser, …
    std::unique_ptr<std::vector<Parameter>> told_facts;
    ClientStatements statements;
    std::unique_ptr<Listener> listener;    ///< null: it listens to nothing, or to its server alone
    std::unique_ptr<const Pinned> pinned;  ///< null without pins
    /// Why it keeps its server; empty: its server is anybody's between transactions.
    Pins pins;

    /// In session pooling nothing has to follow: the client's messages pass as they are.
    bool follows = false;
    conf::SessionState tracking = conf::SessionState::track;
    bool has_sequence_values = false;  ///< it got some, on one server or another
    bool settings_refused = false;     ///< by the latest server that was to have them
    unsigned max_prepared_statements = 0;
};

/// The holder of a lease: a client session, seen from below. All calls come from the worker that
/// both live on; none may throw or suspend.
class Tenant {
  public:
    /// The wait in the queue has ended. The tenant continues from the event loop, not inside this
    /// call.
    virtual void wake() = 0;
    /// A server is now lent to this tenant.
    virtual void lease_granted(Server& server) = 0;
    /// The lease is over; the tenant must not touch the server again.
    virtual void lease_ended() = 0;

    [[nodiscard]] virtual TenantSession& session() = 0;
    /// Where the server's replies go.
    [[nodiscard]] virtual ByteStream& replies() = 0;
    /// Writing the replies failed: the client is gone.
    virtual void replies_failed() = 0;
    /// False while a message to the server is on its way in parts: pgweir's own must wait.
    [[nodiscard]] virtual bool between_requests() const = 0;
    /// False for a tenant that keeps its server over transactions.
    [[nodiscard]] virtual bool may_release() const = 0;
    /// False when this transaction status is one that the tenant's pool mode does not allow; its
    /// ReadyForQuery is then not passed on, and the tenant ends.
    [[nodiscard]] virtual bool accepts(protocol::TransactionStatus status) = 0;

    /// The client's reply has been passed on up to a ReadyForQuery.
    virtual void reply_finished(protocol::TransactionStatus status) = 0;
    /// All that its server had for it has been passed on, for now.
    virtual void replies_delivered() = 0;
    /// False while a notification is half written to it: `Server::client_ready()` follows.
    [[nodiscard]] virtual bool takes_replies() const = 0;
    /// A notification, or a notice about them: to be given to the client between its transactions.
    virtual void notify(const SharedMessage& message) = 0;
    /// The hub listens to what the session's listener wants.
    virtual void channels_confirmed() = 0;
    /// What pgweir asked before the client's requests was answered; with the error if it failed.
    virtual void set_up_finished(const std::optional<protocol::ErrorReport>& error) = 0;
    /// Something that pgweir asked between the tenant's requests was answered.
    virtual void question_answered() = 0;
    /// The session's pins are other ones than before.
    virtual void pins_changed(Pins before) = 0;
    /// The server's connection broke; the lease is over. `may_explain`: the client stands between
    /// two messages and has not heard of it from the server itself.
    virtual void server_lost(bool may_explain) = 0;

    virtual ~Tenant() = default;
};

}  // namespace pgweir::pool
