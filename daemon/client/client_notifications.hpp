// To the client: notifications that come from the pool's hub, between its transactions.
#pragma once

#include "daemon/client/notification_outbox.hpp"
#include "pool/io/asio.hpp"

namespace pgweir::daemon {

class ClientSession;

/// Writes to one client what its outbox says.
///
/// Owned by its ClientTenant while something waits to be told, on its worker.
class ClientNotifications {
  public:
    explicit ClientNotifications(ClientSession& client) : client_(client) {}

    /// A notification, or a notice about them. Ends the session where too much is unread.
    void add(const pool::SharedMessage& message);
    /// Writes what may be told now, at once as far as the client takes it. The rest is written by a
    /// coroutine, which calls ClientTenant::notifications_told() at its end.
    void write();

    /// A coroutine waits until the client takes more.
    [[nodiscard]] bool is_writing() const { return is_writing_; }
    /// Nothing waits, and this may be destroyed.
    [[nodiscard]] bool is_done() const { return outbox_.is_empty() && !is_writing_; }
    /// A message is written in part.
    [[nodiscard]] bool has_begun() const { return outbox_.has_begun(); }

  private:
    [[nodiscard]] bool may_begin() const;
    [[nodiscard]] bool write_what_fits();
    Task<> write_slowly();

    ClientSession& client_;
    NotificationOutbox outbox_;
    bool is_writing_ = false;
};

}  // namespace pgweir::daemon
