// A client that waits for a server.
#pragma once

#include <boost/intrusive/list.hpp>
#include <memory>

#include "pool/asio.hpp"
#include "pool/deadlines.hpp"
#include "pool/dedicated_login.hpp"
#include "pool/tenant.hpp"
#include "pool/wake_up.hpp"
#include "protocol/error_report.hpp"

namespace pgweir::pool {

/// A client in the queue. Lives in the client's session.
class Waiter : public boost::intrusive::list_base_hook<> {
  public:
    explicit Waiter(asio::io_context& io) : wake_up(io) {}

    Tenant* tenant = nullptr;
    /// The connection to make for this client alone; null: any server of the pool will do.
    std::shared_ptr<const DedicatedLogin> dedicated;
    Clock::time_point since;
    /// Why there is no server; meaningful once woken without a lease. Apart, as a report is large
    /// and few clients are ever refused.
    std::unique_ptr<const protocol::ErrorReport> refusal;
    WakeUp wake_up;
};

}  // namespace pgweir::pool
