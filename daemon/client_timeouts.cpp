// How long a client may take, and its server for it: what is measured when, and what an end of
// patience is told as.
#include <algorithm>
#include <bit>
#include <cstdint>

#include "daemon/client_session.hpp"
#include "daemon/log.hpp"
#include "daemon/metrics/reason_names.hpp"
#include "daemon/worker.hpp"

namespace pgweir::daemon {

using protocol::TransactionStatus;

void ClientSession::wait_until(Timeout timeout, std::chrono::milliseconds limit) {
    waiting_for_ = timeout;
    worker_.context().deadlines.set(state_deadline_, limit, worker_.context().now());
}

void ClientSession::expect_next_request() {
    const bool open = lease_ && lease_->tracker().transaction_status() != TransactionStatus::idle;
    if (open) {
        wait_until(Timeout::idle_transaction_timeout, options().idle_transaction_timeout);
    } else {
        wait_until(Timeout::client_idle_timeout, idle_limit());
    }
}

// client_idle_timeout, or the client's own idle_session_timeout where that is shorter. While it has
// a server, the server itself keeps it.
std::chrono::milliseconds ClientSession::idle_limit() const {
    const std::chrono::milliseconds limit = options().client_idle_timeout;
    std::chrono::milliseconds own = lease_ || mode_ == conf::PoolMode::session
                                        ? std::chrono::milliseconds::zero()
                                        : pool::idle_session_timeout(*session_.settings);
    // Each duration has a list of its own, and clients must not make many: 32 for each doubling.
    const auto count = static_cast<std::uint64_t>(own.count());
    const unsigned spare = std::max(0, static_cast<int>(std::bit_width(count)) - 6);
    own = std::chrono::milliseconds(((count + (std::uint64_t{1} << spare) - 1) >> spare) << spare);
    if (own.count() == 0) return limit;
    return limit.count() == 0 ? own : std::min(own, limit);
}

void ClientSession::state_expired() {
    switch (waiting_for_) {
        case Timeout::client_login_timeout:
            worker_.counters().login_timeouts.add();
            time_out(waiting_for_, protocol::sqlstate::query_canceled,
                     "canceling authentication due to timeout");
            break;
        case Timeout::client_idle_timeout:
            time_out(waiting_for_, protocol::sqlstate::idle_session_timeout,
                     "terminating connection due to idle-session timeout");
            break;
        case Timeout::idle_transaction_timeout:
            time_out(waiting_for_, protocol::sqlstate::idle_in_transaction_timeout,
                     "terminating connection due to idle-in-transaction timeout");
            break;
        case Timeout::query_wait_timeout:
            time_out(waiting_for_, protocol::sqlstate::too_many_connections,
                     "no server connection became free within query_wait_timeout");
            break;
        default:
            break;
    }
}

void ClientSession::query_expired() {
    if (!lease_) return;
    if (!exchange_->query_cancelled) {
        // First as PostgreSQL would end it. Only if that does not help the connection goes.
        exchange_->query_cancelled = true;
        statistics().timeouts[static_cast<std::size_t>(Timeout::query_timeout)].add();
        log::write(conf::LogLevel::warning, "query_timeout",
                   {{"client", session_.id}, {"database", database()}, {"user", user()}});
        lease_->cancel_query();
        // A server that hangs heeds no cancel, and the client has waited long enough.
        constexpr std::chrono::milliseconds patience{1000};
        worker_.context().deadlines.set(exchange_->query_deadline, patience, Clock::now());
        return;
    }
    end(ClientClose::timeout, ErrorReport::fatal(protocol::sqlstate::query_canceled,
                                                 "terminating connection due to query timeout"));
}

void ClientSession::transaction_expired() {
    time_out(Timeout::transaction_timeout, protocol::sqlstate::transaction_timeout,
             "terminating connection due to transaction timeout");
}

void ClientSession::time_out(Timeout timeout, std::string_view code, std::string message) {
    if (part_ != nullptr) statistics().timeouts[static_cast<std::size_t>(timeout)].add();
    end(ClientClose::timeout, ErrorReport::fatal(code, std::move(message)));
    ending_->timeout = name(timeout);
}

}  // namespace pgweir::daemon
