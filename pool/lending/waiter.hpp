// A client that waits for a server.
#pragma once

#include <boost/intrusive/list.hpp>
#include <memory>

#include "pool/connect/dedicated_login.hpp"
#include "pool/io/deadlines.hpp"
#include "pool/server/tenant.hpp"
#include "protocol/wire/error_report.hpp"

namespace pgweir::pool {

/// A client in the queue. Lives in the client's session.
class Waiter : public boost::intrusive::list_base_hook<> {
  public:
    /// It waits no longer, and its tenant is to go on.
    void release() {
        waits = false;
        tenant->wake();
    }

    Tenant* tenant = nullptr;
    /// From PoolPart::enqueue() until it has a server, or never will.
    bool waits = false;
    /// The connection to make for this client alone; null: any server of the pool will do.
    std::shared_ptr<const DedicatedLogin> dedicated;
    Clock::time_point since;
    /// Why there is no server; meaningful once released without a lease. Apart, as a report is
    /// large and few clients are ever refused.
    std::unique_ptr<const protocol::ErrorReport> refusal;
};

}  // namespace pgweir::pool
