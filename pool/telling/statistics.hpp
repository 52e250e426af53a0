// What is counted. Each worker counts for itself and the scraper sums, so that nothing on the data
// path is shared.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "pool/session/counter.hpp"
#include "pool/session/pins.hpp"
#include "pool/session/session_counters.hpp"

namespace pgweir::pool {

/// Durations in buckets, upper bounds in microseconds; the last bucket takes all that is longer.
class DurationHistogram {
  public:
    static constexpr std::array<std::uint64_t, 18> bounds_us{
        50,     100,     250,     500,     1'000,     2'500,     5'000,     10'000,     25'000,
        50'000, 100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000, 60'000'000};

    void observe(std::chrono::nanoseconds duration) {
        const auto us =
            static_cast<std::uint64_t>(duration.count() < 0 ? 0 : duration.count() / 1000);
        std::size_t bucket = 0;
        while (bucket < bounds_us.size() && us > bounds_us[bucket]) ++bucket;
        buckets_[bucket].add();
        sum_us_.add(us);
    }
    /// How many fell into bucket i (not cumulative); i == bounds_us.size() is the open end.
    [[nodiscard]] std::uint64_t count(std::size_t i) const { return buckets_[i].get(); }
    [[nodiscard]] std::uint64_t sum_us() const { return sum_us_.get(); }

  private:
    std::array<Counter, bounds_us.size() + 1> buckets_;
    Counter sum_us_;
};

/// Which limit of time ended something. The names are the options'.
enum class Timeout : std::uint8_t {
    client_login_timeout,
    client_idle_timeout,
    query_timeout,
    idle_transaction_timeout,
    transaction_timeout,
    query_wait_timeout,
    server_connect_timeout,
    server_idle_timeout,
    server_lifetime,
    cancel_wait_timeout,
    count_
};

/// Why a client's connection ended.
enum class ClientClose : std::uint8_t {
    terminate,           ///< the client said goodbye (Terminate)
    lost,                ///< the client's socket ended without a goodbye
    protocol_error,      ///< the client sent what is not the protocol
    refused,             ///< not let in: limits, unknown database, authentication
    timeout,             ///< one of our timeouts
    server_lost,         ///< its server went away while it was in use
    server_unavailable,  ///< no server could be had
    shutdown,            ///< pgweir is stopping
    killed,              ///< an operator asked for it
    unread,              ///< it does not read its notifications
    count_
};

/// Why a server's connection ended.
enum class ServerClose : std::uint8_t {
    idle,            ///< server_idle_timeout
    lifetime,        ///< server_lifetime
    lost,            ///< the server closed it, or the network did
    dirty,           ///< a client left it in a state that could not be cleaned
    protocol_error,  ///< the server sent what is not the protocol
    evicted,         ///< another pool of the same limit needed the room
    retired,         ///< configuration changed, or an operator asked
    shutdown,        ///< pgweir is stopping
    connect_failed,  ///< never became usable
    client_left,     ///< it was made for one client alone, who is gone
    count_
};

template <typename Enum>
using CounterPer = std::array<Counter, static_cast<std::size_t>(Enum::count_)>;

/// Gauges: what is there now of one pool.
struct PoolGauges {
    Counter clients_active;   ///< clients that have a server
    Counter clients_idle;     ///< clients that have none and want none
    Counter clients_waiting;  ///< clients in the queue for one
    Counter servers_active;   ///< servers lent to a client
    Counter servers_idle;
    Counter servers_login;      ///< connecting
    Counter servers_reset;      ///< being cleaned after a client
    Counter servers_dedicated;  ///< of the active ones, those made for one client alone
    Counter listening_clients;  ///< clients that LISTEN, in transaction pooling
};

/// Bytes of one pool's clients and servers.
struct PoolTraffic {
    Counter client_bytes_received;
    Counter client_bytes_sent;
    Counter server_bytes_received;
    Counter server_bytes_sent;
};

/// What one worker counts for one pool (a database and a user). Times are of the server's work as
/// the client's worker sees it.
struct PoolStatistics : SessionCounters, PoolGauges, PoolTraffic {
    Counter client_logins;
    Counter server_logins;
    Counter server_login_failures;
    Counter leases;                      ///< a server was lent
    Counter queries;                     ///< replies that ended in ReadyForQuery
    Counter transactions;                ///< ... with no transaction open any more
    Counter cancels;                     ///< CancelRequests carried to the server
    Counter reserve_connections;         ///< connections that the reserve of the pool was taken for
    Counter steals;                      ///< servers taken over from another worker
    Counter notification_interruptions;  ///< times that some may have been missed
    CounterPer<PinReason> pins;          ///< times a client came to keep its server
    CounterPer<PinReason> clients_pinned;  ///< a gauge: clients that keep their server now
    CounterPer<Timeout> timeouts;
    CounterPer<ClientClose> client_closes;
    CounterPer<ServerClose> server_closes;

    DurationHistogram wait;            ///< a client's wait for a server (0 when one was idle)
    DurationHistogram query;           ///< from a request to its ReadyForQuery
    DurationHistogram transaction;     ///< from the first request to ReadyForQuery with none open
    DurationHistogram server_connect;  ///< from the start to a usable connection
};

/// What one worker counts that belongs to no pool.
struct WorkerStatistics {
    Counter clients;             ///< connections there now, logged in or not
    Counter logins_refused;      ///< closed before a pool was known
    Counter logins_crowded_out;  ///< closed before a pool was known, to make room for others
    Counter login_timeouts;
    Counter tls_handshakes_failed;
    Counter authentications_failed;   ///< whatever the reason
    Counter authentications_blocked;  ///< failures that shut the door (auth_failure_limit)
    Counter console_logins;           ///< clients of the console that were let in
    Counter console_askers;           ///< ... and those of them that have asked something
    Counter cancel_requests;          ///< CancelRequests received
    Counter cancel_requests_unknown;  ///< ... whose key belongs to nobody
};

}  // namespace pgweir::pool
