#include "pool/lending/server_opener.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cassert>
#include <cstdint>
#include <utility>

#include "pool/lending/pool.hpp"
#include "pool/lending/pool_login.hpp"
#include "pool/lending/pool_part.hpp"
#include "pool/lending/pool_sizing.hpp"
#include "pool/worker/do_at.hpp"

namespace pgweir::pool {

void ServerOpener::open_for_waiting() {
    unsigned wanted = connections_to_start(part_.waiters().size(), connecting_);
    if (wanted == 0 || part_.is_shutting_down() || part_.is_paused()) return;
    Pool& pool = part_.pool();
    const auto outage = pool.outages().current();
    for (; wanted > 0; --wanted) {
        if (pool.workers().ask_for_idle(part_.context().index)) continue;
        if (outage && !may_try(*outage)) return;
        if (!pool.places().try_take() && !take_reserve()) {
            pool.ask_for_room(Place::shared);
            pool.workers().ask_for_kept_servers();
            return;
        }
        if (!outage && pool.outages().is_down()) {
            // The place is one whose login has just failed: outage_announced() follows.
            pool.give_back_place();
            return;
        }
        start_connecting();
    }
}

// For each client of this worker that has waited long enough, one connection beyond the pool's
// size; who gets it is the one that waits longest, on whichever worker it is.
bool ServerOpener::take_reserve() {
    const conf::PoolOptions& options = part_.options();
    const auto oldest = part_.waiters().oldest();
    if (options.reserve_pool_size == 0 || options.reserve_pool_timeout <= milliseconds::zero() ||
        !oldest) {
        return false;
    }
    const auto latest = Clock::now() - options.reserve_pool_timeout;
    const std::size_t due = part_.waiters().count_since(latest, connecting_ + 1);
    if (due <= connecting_) {
        if (*oldest > latest) retry_at(*oldest + options.reserve_pool_timeout);
        return false;
    }
    Pool& pool = part_.pool();
    if (!pool.places().try_take_reserve()) return false;
    part_.statistics().reserve_connections.add();
    pool.observer().reserve_used(pool.database(), pool.user());
    return true;
}

// One attempt at a time tells whether the outage is over.
bool ServerOpener::may_try(const Outage& outage) {
    if (Clock::now() >= outage.next_try) return connecting_ == 0;
    tell_and_retry(outage);
    return false;
}

void ServerOpener::open_for_minimum() {
    Pool& pool = part_.pool();
    if (part_.is_shutting_down() || part_.is_paused() || pool.outages().is_down()) return;
    if (pool.places().try_take()) start_connecting();
}

void ServerOpener::start_connecting() {
    ++connecting_;
    part_.statistics().servers_login.add();
    asio::co_spawn(part_.context().io.get_executor(), connect(), asio::detached);
}

Task<> ServerOpener::connect() {
    const auto keep_alive = part_.pool().shared_from_this();
    const auto setup = part_.setup();
    const auto started = Clock::now();
    ConnectResult result = co_await log_in_for(part_.pool(), part_.context().io, setup->connection,
                                               setup->options.server_connect_timeout);
    assert(connecting_ > 0);
    --connecting_;
    part_.statistics().servers_login.subtract();
    if (!result.connection) {
        connect_failed(std::move(result.failure));
        co_return;
    }
    result.connection->generation = setup->generation;
    connected(*std::move(result.connection), Clock::now() - started);
}

void ServerOpener::connected(ServerConnection connection, Clock::duration took) {
    connection.settings = part_.context().settings.none();
    connection.reported_at_login =
        std::make_shared<const std::vector<Parameter>>(connection.reported);
    Server& server = part_.add(std::move(connection), took);
    // Shut down, paused or changed meanwhile.
    if (part_.retirement().retire_if_due(server, part_.context().now())) {
        part_.open_connections();
        return;
    }
    ++connecting_;  // until it can be lent
    server.try_out(ServerHome::Trial::login);
}

void ServerOpener::introduced(Server& server) {
    assert(connecting_ > 0);
    --connecting_;
    if (part_.pool().outages().note_success()) part_.pool().workers().wake_all();
    part_.returned(server);
    part_.open_connections();
}

// A server that lets everybody in and closes then is as good as one that cannot be reached.
void ServerOpener::introduction_failed(ServerClose reason, std::string_view detail) {
    assert(connecting_ > 0);
    --connecting_;
    if (reason == ServerClose::retired || reason == ServerClose::shutdown) return;
    part_.statistics().server_login_failures.add();
    note_failure(
        {.explanation = "server closed the connection after the login: " + std::string(detail)});
}

bool ServerOpener::is_probe_due(const Server& server) const {
    return !part_.options().server_check_query.empty() &&
           Clock::now() - server.connection().idle_since >= part_.options().server_check_delay;
}

void ServerOpener::probe(Server& server) {
    ++connecting_;
    ++probing_;
    server.try_out(ServerHome::Trial::probe, part_.options().server_check_query);
}

void ServerOpener::probed(Server& server) {
    assert(probing_ > 0 && connecting_ > 0);
    --connecting_;
    --probing_;
    part_.returned(server);
    part_.open_connections();
}

void ServerOpener::probe_failed() {
    assert(probing_ > 0 && connecting_ > 0);
    --connecting_;
    --probing_;
    part_.open_connections();
}

void ServerOpener::connect_failed(ConnectFailure failure) {
    count_failure(part_.statistics(), failure);
    // It is known before another client gets the place: of a refused login one attempt is enough.
    note_failure(std::move(failure));
    part_.pool().give_back_place();
}

void ServerOpener::note_failure(ConnectFailure failure) {
    Pool& pool = part_.pool();
    const std::string explanation = failure.explanation;
    if (failure.secret_unfit && !failure.from_server) {
        failure.from_server = protocol::ErrorReport::fatal(
            protocol::sqlstate::invalid_password, "server login failed: wrong password type");
        failure.from_server->detail = explanation;
    }
    const Outage outage =
        pool.outages().note_failure(std::move(failure.from_server), std::move(failure.explanation),
                                    part_.options().server_login_retry, Clock::now());
    pool.observer().connect_failed(
        pool.database(), pool.user(), explanation,
        std::chrono::duration_cast<milliseconds>(outage.next_try - Clock::now()));
    // All who wait hear of it.
    pool.workers().post_all([](PoolPart& part) { part.opener().outage_announced(); });
}

void ServerOpener::outage_announced() {
    const auto outage = part_.pool().outages().current();
    if (outage && !part_.is_paused()) tell_and_retry(*outage);
}

// Since when no client of the pool has got a server, as far as this worker has looked.
Clock::time_point ServerOpener::look_who_is_served(Clock::time_point now) {
    const std::uint64_t leases = part_.pool().workers().leases();
    if (std::exchange(leases_seen_, leases) != leases) served_until_ = now;
    return served_until_;
}

// Where some connection is alive, it may serve its clients. While the server cannot be reached they
// wait for that; where it refuses the login no more will come, and they are told so as soon as
// nobody gets one of those that are there.
void ServerOpener::tell_and_retry(const Outage& outage) {
    WaiterQueue& waiters = part_.waiters();
    const Budget& budget = part_.pool().budget();
    const auto now = Clock::now();
    auto next = outage.next_try;
    if (should_refuse(outage, part_.options(), now)) {
        const protocol::ErrorReport report = refusal(outage, part_.pool().database());
        if (budget.open() == 0) {
            waiters.refuse(report);
        } else if (is_lasting(outage) && !budget.is_full()) {
            const auto still_since = std::max(outage.since, look_who_is_served(now));
            if (now - still_since >= wait_for_turn) waiters.refuse(report, now - wait_for_turn);
            if (const auto oldest = waiters.oldest())
                next = std::min(next, std::max(*oldest, still_since) + wait_for_turn);
        }
    }
    if (!waiters.empty()) retry_at(next);
}

void ServerOpener::retry_at(Clock::time_point when) {
    if (next_look_ && *next_look_ <= when) return;
    next_look_ = when;
    do_at(when, part_.context(), [this, when, keep_alive = part_.pool().shared_from_this()] {
        if (next_look_ == when) next_look_.reset();
        part_.open_connections();
    });
}

}  // namespace pgweir::pool
