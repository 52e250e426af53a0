// How what a server has said comes to its tenant.
#pragma once

#include <span>

#include "pool/io/suspension.hpp"
#include "pool/io/wake_up.hpp"
#include "pool/server/tenant.hpp"
#include "pool/session/counter.hpp"
#include "pool/session/delivery.hpp"

namespace pgweir::pool {

/// Writes a Delivery to the tenant, and waits where the tenant's socket takes no more: the whole of
/// the back-pressure from a slow client. Part of a Server; lives on its worker.
class ReplyDelivery {
  public:
    /// `pieces`: the session's. `sent`: counts the bytes. All outlive the object.
    ReplyDelivery(Delivery& pieces, Counter& sent, asio::io_context& io)
        : pieces_(pieces), sent_(sent), ready_(io) {}

    /// Writes what the tenant takes now. True: all is written, or nobody is there to have it
    /// (null).
    [[nodiscard]] bool write(Tenant* tenant);
    /// Writes the rest. Suspends until all is written or the tenant is gone; `tenant` is looked at
    /// anew behind each wait.
    Task<> finish(Tenant* const& tenant);
    /// finish() is waiting.
    [[nodiscard]] bool is_waiting() const { return is_waiting_; }
    /// The tenant takes replies again (Tenant::takes_replies), or is gone.
    void tenant_ready() { ready_.notify(); }
    /// Nobody is there any more to have it.
    void drop();

  private:
    Delivery& pieces_;
    Counter& sent_;
    WakeUp ready_;
    std::span<iovec> left_;  ///< empty between two reads
    bool is_waiting_ = false;
};

}  // namespace pgweir::pool
