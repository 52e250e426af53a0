#include "pool/lending/dedicated_servers.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "pool/connect/server_connector.hpp"
#include "pool/lending/pool.hpp"
#include "pool/lending/pool_login.hpp"
#include "pool/lending/pool_part.hpp"

namespace pgweir::pool {

void DedicatedServers::enqueue(Waiter& waiter, Clock::time_point now) {
    waiter.refusal.reset();
    waiter.waits = true;
    waiter.since = now;
    waiters_.push_back(waiter);
    queue_changed();
    open_connections();
}

void DedicatedServers::withdraw(Waiter& waiter) {
    if (waiter.is_linked()) {
        waiters_.erase(waiters_.iterator_to(waiter));
        queue_changed();
    } else {
        const auto found = std::ranges::find(attempts_, &waiter, &Attempt::waiter);
        if (found == attempts_.end()) return;
        (*found)->waiter = nullptr;
    }
    waiter.release();
}

// It is published that somebody waits before a place is looked for: a place that becomes free after
// that is told.
void DedicatedServers::open_connections() {
    if (waiters_.empty() || part_.is_paused()) return;
    while (!waiters_.empty() && part_.pool().places().try_take()) start_connecting();
    queue_changed();
    if (!waiters_.empty()) part_.pool().ask_for_room(Place::dedicated);
}

void DedicatedServers::queue_changed() {
    part_.pool().board().publish_dedicated_waiting(part_.context().index, waiters_.size());
}

void DedicatedServers::start_connecting() {
    Waiter& waiter = waiters_.front();
    waiters_.pop_front();
    auto attempt = std::make_shared<Attempt>(Attempt{&waiter, waiter.dedicated});
    attempts_.push_back(attempt);
    part_.statistics().servers_login.add();
    asio::co_spawn(part_.context().io.get_executor(), connect(std::move(attempt)), asio::detached);
}

Task<> DedicatedServers::connect(std::shared_ptr<Attempt> attempt) {
    const auto keep_alive = part_.pool().shared_from_this();
    const auto setup = part_.setup();
    const auto started = Clock::now();
    ConnectResult result = co_await log_in_for(
        part_.pool(), part_.context().io, dedicated_keywords(setup->connection, *attempt->login),
        setup->options.server_connect_timeout);
    std::erase(attempts_, attempt);
    part_.statistics().servers_login.subtract();
    if (!result.connection) {
        connect_failed(*attempt, std::move(result.failure));
        co_return;
    }
    result.connection->generation = setup->generation;
    connected(*attempt, *std::move(result.connection), Clock::now() - started);
}

void DedicatedServers::connected(const Attempt& attempt, ServerConnection connection,
                                 Clock::duration took) {
    connection.place = Place::dedicated;
    connection.replication = attempt.login->replication;
    connection.settings = attempt.login->settings;
    Server& server = part_.add(std::move(connection), took);
    if (attempt.waiter == nullptr || part_.is_shutting_down()) {
        server.close(ServerClose::client_left, "while it was being connected");
        return;
    }
    part_.lend_new(server, *attempt.waiter);
}

void DedicatedServers::connect_failed(const Attempt& attempt, ConnectFailure failure) {
    Pool& pool = part_.pool();
    count_failure(part_.statistics(), failure);
    pool.give_back_place();
    pool.observer().connect_failed(pool.database(), pool.user(), failure.explanation,
                                   milliseconds::zero());
    if (attempt.waiter == nullptr) return;
    attempt.waiter->refusal = std::make_unique<protocol::ErrorReport>(
        failure.from_server ? *std::move(failure.from_server)
                            : unreachable(pool.database(), failure.explanation));
    attempt.waiter->release();
}

}  // namespace pgweir::pool
