// A client as its servers see it.
#pragma once

#include <cassert>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "daemon/client/client_notifications.hpp"
#include "daemon/client/exchange.hpp"
#include "pool/lending/pool.hpp"
#include "pool/server/server.hpp"
#include "pool/server/tenant.hpp"

namespace pgweir::daemon {

class ClientSession;

/// Waits for a server, holds its lease, and hears what the server has to say of the client. Holds
/// what the session consists of whichever server it has, and the Exchange while there is one.
///
/// Owned by its ClientSession, on whose worker alone it may be touched. Nothing here suspends. That
/// a lease implies an Exchange is asserted where either is asked for.
class ClientTenant final : public pool::Tenant {
  public:
    ClientTenant(ClientSession& client, std::uint64_t id);

    /// The login has found the pool: from now on it has servers.
    void enter(std::shared_ptr<pool::PoolPart> part) { part_ = std::move(part); }
    /// Its pool's part on this worker; null: it uses no pool, or has not found it yet.
    [[nodiscard]] const std::shared_ptr<pool::PoolPart>& part() const { return part_; }
    /// Only with a part.
    [[nodiscard]] pool::PoolStatistics& statistics() const { return part_->statistics(); }
    /// The server that is lent to it; false: none.
    [[nodiscard]] const pool::Lease& lease() const { return lease_; }
    /// The server is out of date and goes back without having been used.
    void return_outdated();

    [[nodiscard]] bool has_exchange() const { return exchange_ != nullptr; }
    /// Only while it has one.
    [[nodiscard]] Exchange& exchange() const {
        assert(exchange_);
        return *exchange_;
    }
    void borrow_exchange();
    void give_back_exchange();

    /// Into the queue for a server.
    void enqueue();
    /// Out of it. False when no server was had: the session ends, or the request was refused.
    bool leave_queue();
    /// It waits for a server; or for what the one that it has is asked about it.
    void begin_to_wait();
    void stop_waiting();

    /// The session ends: whatever it waits for is to look at that now.
    void interrupt();
    /// Cancels what its server is doing, or takes it out of the queue; calls `done` then.
    void cancel(std::function<void()> done);
    /// The session is over: gives back what it has. Whether the client stands between two messages
    /// and may be told why.
    [[nodiscard]] bool leave();

    /// A request is about to be sent, the first since all was answered.
    void note_request(pool::Clock::time_point now) { request_at_ = now; }
    /// When the latest such request was sent.
    [[nodiscard]] pool::Clock::time_point request_at() const { return request_at_; }
    /// A coroutine has told all notifications that may be told now.
    void notifications_told();

    [[nodiscard]] const pool::TenantSession& session() const { return session_; }

    // pool::Tenant
    void wake() override;
    void lease_granted(pool::Server& server) override;
    void lease_ended() override;
    [[nodiscard]] pool::TenantSession& session() override { return session_; }
    [[nodiscard]] pool::ByteStream& replies() override;
    void replies_failed() override;
    [[nodiscard]] bool between_requests() const override;
    [[nodiscard]] bool may_release() const override;
    [[nodiscard]] bool accepts(protocol::TransactionStatus status) override;
    void reply_finished(protocol::TransactionStatus status) override;
    void replies_delivered() override;
    [[nodiscard]] bool takes_replies() const override;
    void notify(const pool::SharedMessage& message) override;
    void channels_confirmed() override;
    void set_up_finished(const std::optional<protocol::ErrorReport>& error) override;
    void question_answered() override;
    void pins_changed(pool::Pins before) override;
    void server_lost(bool may_explain) override;

  private:
    void tell_notifications();

    ClientSession& client_;
    pool::TenantSession session_;
    std::shared_ptr<pool::PoolPart> part_;
    std::unique_ptr<Exchange> exchange_;  ///< null: at rest; never null with a lease
    pool::Lease lease_;
    std::unique_ptr<ClientNotifications> notifications_;  ///< null: none waits to be told
    pool::Clock::time_point request_at_;
};

}  // namespace pgweir::daemon
