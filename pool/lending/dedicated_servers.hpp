// Server connections that serve one client alone: replication.
#pragma once

#include <boost/intrusive/list.hpp>
#include <memory>
#include <vector>

#include "pool/connect/server_connection.hpp"
#include "pool/io/asio.hpp"
#include "pool/io/deadlines.hpp"
#include "pool/lending/waiter.hpp"

namespace pgweir::pool {

class PoolPart;
struct ConnectFailure;

/// Makes a connection for each client that must have one of its own, as its StartupMessage asks for
/// it. Such a server is lent once, for the client's life, and closed when the client has gone: a
/// WAL sender cannot be made as new.
///
/// It has a place under the limits of its database and user, not under default_pool_size: a stream
/// that lasts for days must not take from what the others share. Where those limits leave no place
/// an idle server is given up for it, or the next one that comes back. A failed attempt is the
/// client's to repeat, and says nothing about the pool.
///
/// Lives in a PoolPart; touch only from its worker. Never suspends.
class DedicatedServers {
  public:
    explicit DedicatedServers(PoolPart& part) : part_(part) {}

    /// Connects for this waiter as soon as there is a place. It is released when its tenant has
    /// been granted a lease, or when it was refused.
    void enqueue(Waiter& waiter, Clock::time_point now);
    /// The waiter gives up. Does nothing when it waits no more.
    void withdraw(Waiter& waiter);
    /// There may be a place now.
    void open_connections();

  private:
    /// A connection under way, and for whom.
    struct Attempt {
        Waiter* waiter;  ///< null: it has given up
        std::shared_ptr<const DedicatedLogin> login;
    };
    void start_connecting();
    Task<> connect(std::shared_ptr<Attempt> attempt);
    void connected(const Attempt& attempt, ServerConnection connection, Clock::duration took);
    void connect_failed(const Attempt& attempt, ConnectFailure failure);
    void queue_changed();

    PoolPart& part_;
    boost::intrusive::list<Waiter> waiters_;  ///< for a place
    std::vector<std::shared_ptr<Attempt>> attempts_;
};

}  // namespace pgweir::pool
