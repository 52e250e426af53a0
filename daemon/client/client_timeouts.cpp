// What is measured when, and what an end of patience is told as.
#include "daemon/client/client_timeouts.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <memory>
#include <utility>

#include "daemon/client/client_session.hpp"
#include "daemon/client/client_worker.hpp"
#include "daemon/log/log.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::daemon {

using pool::Timeout;
using protocol::TransactionStatus;

void ClientTimeouts::wait(Timeout timeout, std::chrono::milliseconds limit) {
    latest_ = timeout;
    pool::WorkerContext& context = client_.worker().context();
    context.deadlines.set(*this, limit, context.now());
}

void ClientTimeouts::wait_for_server() {
    const std::chrono::milliseconds limit = wait_limit();
    const std::chrono::milliseconds notify = client_.worker().config().query_wait_notify;
    // One that has a server waits for pgweir's own question; one that logs in cannot be told.
    const ClientTenant& tenant = client_.tenant();
    const bool can_be_told = !tenant.lease() && tenant.session().greeting != nullptr;
    is_notice_due_ = can_be_told && notify.count() > 0 && (limit.count() == 0 || notify < limit);
    wait(Timeout::query_wait_timeout, is_notice_due_ ? notify : limit);
}

// As in PgBouncer, query_timeout bounds the wait for a server as well.
bool ClientTimeouts::is_query_timeout_shorter() const {
    const conf::PoolOptions& options = client_.options();
    return options.query_timeout.count() > 0 &&
           (options.query_wait_timeout.count() == 0 ||
            options.query_timeout < options.query_wait_timeout);
}

std::chrono::milliseconds ClientTimeouts::wait_limit() const {
    const conf::PoolOptions& options = client_.options();
    return is_query_timeout_shorter() ? options.query_timeout : options.query_wait_timeout;
}

// In PgBouncer's words. The rest of query_wait_timeout follows.
void ClientTimeouts::tell_of_wait() {
    constexpr std::chrono::milliseconds shortest{1};
    const std::chrono::milliseconds limit = wait_limit();
    const std::chrono::milliseconds notify = client_.worker().config().query_wait_notify;
    if (limit.count() > 0) wait(Timeout::query_wait_timeout, std::max(limit - notify, shortest));
    auto message = std::make_shared<std::string>();
    protocol::append_notice_response(
        *message,
        {.severity = "NOTICE",
         .code = "00000",
         .message = "No server connection available in postgres backend, client being queued"});
    client_.tenant().notify(std::move(message));
}

void ClientTimeouts::expect_next_request() {
    const pool::Lease& lease = client_.tenant().lease();
    const bool open =
        lease && lease->session().tracker().transaction_status() != TransactionStatus::idle;
    if (open) {
        wait(Timeout::idle_transaction_timeout, client_.options().idle_transaction_timeout);
    } else {
        wait(Timeout::client_idle_timeout, idle_limit());
    }
}

// client_idle_timeout, or the client's own idle_session_timeout where that is shorter. While it has
// a server, the server itself keeps it.
std::chrono::milliseconds ClientTimeouts::idle_limit() const {
    const std::chrono::milliseconds limit = client_.options().client_idle_timeout;
    std::chrono::milliseconds own =
        client_.tenant().lease() || client_.mode() == conf::PoolMode::session
            ? std::chrono::milliseconds::zero()
            : client_.tenant().session().settings->idle_session_timeout();
    // Each duration has a list of its own, and clients must not make many: 32 for each doubling.
    const auto count = static_cast<std::uint64_t>(own.count());
    const unsigned spare = std::max(0, static_cast<int>(std::bit_width(count)) - 6);
    own = std::chrono::milliseconds(((count + (std::uint64_t{1} << spare) - 1) >> spare) << spare);
    if (own.count() == 0) return limit;
    return limit.count() == 0 ? own : std::min(own, limit);
}

void ClientTimeouts::expired() {
    switch (latest_) {
        case Timeout::client_login_timeout:
            client_.worker().counters().login_timeouts.add();
            time_out(latest_, protocol::sqlstate::query_canceled,
                     "canceling authentication due to timeout", "client_login_timeout");
            break;
        case Timeout::client_idle_timeout:
            time_out(latest_, protocol::sqlstate::idle_session_timeout,
                     "terminating connection due to idle-session timeout", "client_idle_timeout");
            break;
        case Timeout::idle_transaction_timeout:
            time_out(latest_, protocol::sqlstate::protocol_violation,
                     "terminating connection due to idle-in-transaction timeout",
                     "idle transaction timeout (idle_transaction_timeout)");
            break;
        case Timeout::query_wait_timeout:
            if (std::exchange(is_notice_due_, false)) {
                tell_of_wait();
                break;
            }
            if (is_query_timeout_shorter()) {
                time_out(Timeout::query_timeout, protocol::sqlstate::query_canceled,
                         "no server connection became free within query_timeout", "");
            } else {
                time_out(latest_, protocol::sqlstate::too_many_connections,
                         "no server connection became free within query_wait_timeout", "");
            }
            break;
        default:
            break;
    }
}

void ClientTimeouts::query_expired() {
    const pool::Lease& lease = client_.tenant().lease();
    if (!lease) return;
    Exchange& exchange = client_.tenant().exchange();
    if (!exchange.query_cancelled) {
        // First as PostgreSQL would end it. Only if that does not help the connection goes.
        exchange.query_cancelled = true;
        client_.tenant()
            .statistics()
            .timeouts[static_cast<std::size_t>(Timeout::query_timeout)]
            .add();
        log::write(
            conf::LogLevel::warning, "query_timeout",
            {{"client", client_.id()}, {"database", client_.database()}, {"user", client_.user()}});
        lease->session().note_overdue();
        lease->cancels().send();
        // A server that hangs heeds no cancel, and the client has waited long enough.
        constexpr std::chrono::milliseconds patience{1000};
        client_.worker().context().deadlines.set(exchange.query_deadline, patience, Clock::now());
        return;
    }
    client_.end(ClientClose::timeout,
                ErrorReport::fatal(protocol::sqlstate::query_canceled,
                                   "terminating connection due to query timeout"));
}

void ClientTimeouts::transaction_expired() {
    time_out(Timeout::transaction_timeout, protocol::sqlstate::protocol_violation,
             "terminating connection due to transaction timeout",
             "transaction timeout (transaction_timeout)");
}

// The SQLSTATEs and their reasons are in timeouts.md.
void ClientTimeouts::time_out(Timeout timeout, std::string_view code, std::string message,
                              std::string detail) {
    if (client_.tenant().part() != nullptr) {
        client_.tenant().statistics().timeouts[static_cast<std::size_t>(timeout)].add();
    }
    auto report = ErrorReport::fatal(code, std::move(message));
    report.detail = std::move(detail);
    client_.time_out(timeout, std::move(report));
}

}  // namespace pgweir::daemon
