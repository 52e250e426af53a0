// How long a client may take, and its server for it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "pool/io/deadlines.hpp"
#include "pool/telling/statistics.hpp"

namespace pgweir::daemon {

class ClientSession;

/// One deadline, for what a client's session waits for at the moment. The deadlines of its query
/// and of its transaction are in the Exchange, and call back here.
///
/// Owned by its ClientSession, on whose worker alone it may be touched. Nothing here suspends.
class ClientTimeouts final : private pool::Deadline {
  public:
    explicit ClientTimeouts(ClientSession& client) : client_(client) {}

    /// The session waits for something, and no longer than `limit`; 0: without limit.
    void wait(pool::Timeout timeout, std::chrono::milliseconds limit);
    /// It waits for a server, of which its client is told after query_wait_notify.
    void wait_for_server();
    /// It waits no longer.
    void stop() { cancel(); }
    /// What it has waited for last.
    [[nodiscard]] pool::Timeout latest() const { return latest_; }
    /// It waits for the client's next request.
    void expect_next_request();

    /// For the Exchange.
    void query_expired();
    void transaction_expired();

  private:
    void expired() override;
    void time_out(pool::Timeout timeout, std::string_view code, std::string message,
                  std::string detail);
    void tell_of_wait();
    [[nodiscard]] bool is_query_timeout_shorter() const;
    [[nodiscard]] std::chrono::milliseconds wait_limit() const;
    [[nodiscard]] std::chrono::milliseconds idle_limit() const;

    ClientSession& client_;
    pool::Timeout latest_ = pool::Timeout::client_login_timeout;
    bool is_notice_due_ = false;  ///< the deadline is that of the notice that it waits
};

}  // namespace pgweir::daemon
