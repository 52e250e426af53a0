// Who a server is lent to, as the server sees it.
#pragma once

#include <cstdint>
#include <optional>

#include "pool/io/byte_stream.hpp"
#include "pool/session/notification_merge.hpp"
#include "pool/session/pins.hpp"
#include "pool/session/tenant_session.hpp"
#include "protocol/wire/error_report.hpp"
#include "protocol/wire/messages.hpp"

namespace pgweir::pool {

class Server;

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
