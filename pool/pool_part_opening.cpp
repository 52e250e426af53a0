// When a worker opens server connections, and what happens to waiting clients if it cannot.
#include <atomic>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "pool/pool.hpp"
#include "pool/pool_login.hpp"
#include "pool/pool_part.hpp"
#include "pool/pool_sizing.hpp"

namespace pgweir::pool {

namespace {

using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

}  // namespace

void PoolPart::open_connections() {
    dedicated_.open_connections();
    unsigned wanted = connections_to_start(waiters_.size(), connecting_);
    if (wanted == 0 || shutting_down_ || is_paused()) return;
    if (const auto outage = pool_.outages().current()) {
        if (Clock::now() < outage->next_try) {
            retry_at(outage->next_try);
            return;
        }
        wanted = 1;  // a probe
        if (connecting_ > 0) return;
    }
    for (; wanted > 0; --wanted) {
        if (pool_.workers().ask_for_idle(context_.index)) continue;
        if (!pool_.places().try_take(Place::shared)) {
            pool_.ask_for_room(Place::shared);
            pool_.workers().ask_for_kept_servers();
            return;
        }
        start_connecting();
    }
}

// Somebody waits, and no more servers may be had.
void PoolPart::take_back_kept_server() {
    const auto now = Clock::now();
    std::optional<Clock::time_point> next;
    for (const auto& [key, server] : servers_) {
        const auto until = server->kept_until();
        if (!until) continue;
        if (*until <= now) {
            server->give_up();
            next = now;  // there may be more who wait
            break;
        }
        next = std::min(next.value_or(*until), *until);
    }
    if (!next || !pool_.board().has_waiting() || std::exchange(take_back_planned_, true)) return;
    do_at(*next, &PoolPart::take_back_if_awaited);
}

void PoolPart::take_back_if_awaited() {
    take_back_planned_ = false;
    if (pool_.board().has_waiting()) take_back_kept_server();
}

void PoolPart::open_for_minimum() {
    if (shutting_down_ || is_paused() || pool_.outages().is_down() ||
        !pool_.places().try_take(Place::shared))
        return;
    start_connecting();
}

void PoolPart::start_connecting() {
    ++connecting_;
    statistics_.servers_login.add();
    asio::co_spawn(context_.io.get_executor(), connect(), asio::detached);
}

Task<> PoolPart::connect() {
    const auto keep_alive = pool_.shared_from_this();
    const auto setup = setup_;
    const auto started = Clock::now();
    ConnectResult result = co_await log_in_for(pool_, context_.io, setup->connection,
                                               setup->options.server_connect_timeout);
    --connecting_;
    statistics_.servers_login.subtract();
    if (!result.connection) {
        connect_failed(std::move(result.failure));
        co_return;
    }
    result.connection->generation = setup->generation;
    connected(*std::move(result.connection), Clock::now() - started);
}

void PoolPart::connected(ServerConnection connection, Clock::duration took) {
    connection.settings = context_.settings.none();
    connection.reported_at_login =
        std::make_shared<const std::vector<Parameter>>(connection.reported);
    Server& server = add(std::move(connection), took);
    if (retire_if_due(server, context_.now())) {  // shut down, paused or changed meanwhile
        open_connections();
        return;
    }
    ++connecting_;  // until it can be lent
    server.introduce();
}

void PoolPart::introduced(Server& server) {
    --connecting_;
    if (pool_.outages().note_success()) pool_.workers().wake_all();
    returned(server);
    open_connections();
}

// A server that lets everybody in and closes then is as good as one that cannot be reached.
void PoolPart::introduction_failed(ServerClose reason, std::string_view detail) {
    --connecting_;
    if (reason == ServerClose::retired || reason == ServerClose::shutdown) return;
    statistics_.server_login_failures.add();
    note_failure(
        {.explanation = "server closed the connection after the login: " + std::string(detail)});
}

Server& PoolPart::add(ServerConnection connection, Clock::duration took) {
    pool_.outages().note_connected();
    static std::atomic<std::uint64_t> last_id{0};
    connection.id = ++last_id;
    statistics_.server_logins.add();
    statistics_.server_connect.observe(took);
    auto server = std::make_shared<Server>(*this, std::move(connection));
    servers_.emplace(server.get(), server);
    count_state(Server::State::leaving, Server::State::cleaning);
    std::string address;
    pool_.observer().server_connected(describe(*server, address), took);
    if (server->connection().place == Place::dedicated) statistics_.servers_dedicated.add();
    server->start();
    return *server;
}

void PoolPart::connect_failed(ConnectFailure failure) {
    count_failure(failure);
    pool_.give_back_place(Place::shared);
    note_failure(std::move(failure));
}

void PoolPart::note_failure(ConnectFailure failure) {
    const std::string explanation = failure.explanation;
    const Outage outage =
        pool_.outages().note_failure(std::move(failure.from_server), std::move(failure.explanation),
                                     options().server_login_retry, Clock::now());
    pool_.observer().connect_failed(
        pool_.database(), pool_.user(), explanation,
        std::chrono::duration_cast<milliseconds>(outage.next_try - Clock::now()));
    // All who wait hear of it.
    pool_.workers().post_all([](PoolPart& part) { part.outage_announced(); });
}

void PoolPart::count_failure(const ConnectFailure& failure) {
    statistics_.server_login_failures.add();
    if (!failure.timed_out) return;
    statistics_.timeouts[static_cast<std::size_t>(Timeout::server_connect_timeout)].add();
}

void PoolPart::outage_announced() {
    const auto outage = pool_.outages().current();
    if (!outage || waiters_.empty() || is_paused()) return;
    // Where some connection is alive its clients are served, if slowly.
    if (pool_.budget().open() == 0 && should_refuse(*outage, options(), Clock::now())) {
        refuse_waiting(*outage);
    } else {
        retry_at(outage->next_try);
    }
}

void PoolPart::refuse_waiting(const Outage& outage) {
    const protocol::ErrorReport report = refusal(outage, pool_.database());
    while (!waiters_.empty()) {
        Waiter& waiter = waiters_.front();
        waiters_.pop_front();
        waiter.refusal = std::make_unique<protocol::ErrorReport>(report);
        waiter.release();
    }
    queue_changed();
}

void PoolPart::retry_at(Clock::time_point when) {
    if (!std::exchange(retry_planned_, true)) do_at(when, &PoolPart::retry);
}

void PoolPart::retry() {
    retry_planned_ = false;
    open_connections();
}

void PoolPart::do_at(Clock::time_point when, void (PoolPart::*what)()) {
    asio::co_spawn(context_.io.get_executor(), do_after(when - Clock::now(), what), asio::detached);
}

Task<> PoolPart::do_after(Clock::duration delay, void (PoolPart::*what)()) {
    const auto keep_alive = pool_.shared_from_this();
    Timer timer(context_.io.get_executor());
    timer.expires_after(delay);
    co_await timer.async_wait(as_result);
    (this->*what)();
}

}  // namespace pgweir::pool
