#include "pool/lending/pool_part.hpp"

#include <atomic>
#include <cassert>
#include <cstdint>

#include "pool/io/socket_names.hpp"
#include "pool/lending/pool.hpp"
#include "pool/lending/server_host.hpp"
#include "pool/worker/connection_number.hpp"

namespace pgweir::pool {

namespace {

Observer::ServerEvent describe(const Pool& pool, const Server& server, std::string& address) {
    const ServerConnection& connection = server.connection();
    address = connection.address.to_string();
    return {.database = pool.database(),
            .user = pool.user(),
            .address = address,
            .server_pid = static_cast<int>(connection.cancel_key.pid),
            .id = connection.id,
            .age = Clock::now() - connection.connected_at,
            .replication = connection.replication};
}

// A client of this worker yields to another worker's that has waited longer by more than this:
// moving a connection costs two wake-ups, strict order is not worth that.
constexpr milliseconds slack{5};

}  // namespace

PoolPart::PoolPart(Pool& pool, WorkerContext& context, std::shared_ptr<const PoolSetup> setup)
    : pool_(pool),
      context_(context),
      setup_(std::move(setup)),
      idle_(pool.board(), context.index),
      waiters_(pool.board(), context.index) {}

const conf::PoolOptions& PoolPart::options() const {
    return setup_->options;
}

bool PoolPart::is_paused() const {
    return setup_->paused;
}

// --- for servers ---------------------------------------------------------------------------------

SessionRooms::Surroundings PoolPart::surroundings(ServerConnection& connection) {
    return {.server = connection,
            .server_pid = connection.cancel_key.pid,
            .knowledge = knowledge(),
            .settings = context_.settings,
            .readers = pool_.sequence_readers(),
            .counters = statistics_,
            .marker_channel = pool_.marker_channel()};
}

std::unique_ptr<SessionHost> PoolPart::host(const Server& server) {
    return std::make_unique<ServerHost>(*this, server);
}

std::shared_ptr<void> PoolPart::keep_alive() {
    return pool_.shared_from_this();
}

void PoolPart::passed(Server& server, Trial trial) {
    switch (trial) {
        case Trial::login:
            opener_.introduced(server);
            break;
        case Trial::probe:
            opener_.probed(server);
            break;
        case Trial::defaults:
            // Asked, and not used: what it would be closed for goes on.
            pass_on(server, server.connection().idle_since);
            break;
    }
}

// --- lending -------------------------------------------------------------------------------------

bool PoolPart::lend(Tenant& tenant) {
    assert(context_.is_current());
    if (!waiters_.empty() || is_paused()) return false;
    Server* const server = idle_.choose(tenant.session(), options().server_round_robin);
    if (server == nullptr) {
        if (idle_.empty()) return false;
        // Such a server must not keep a better one from being made.
        Server& oldest = idle_.least_recently_used();
        if (!suits(oldest.connection(), tenant.session()))
            oldest.close(ServerClose::evicted, "a client needs another temp_buffers");
        return false;
    }
    idle_.remove(*server);
    if (opener_.is_probe_due(*server)) {
        opener_.probe(*server);
        return false;
    }
    statistics_.leases.add();
    server->lend_to(tenant);
    return true;
}

void PoolPart::enqueue(Waiter& waiter, Clock::time_point now) {
    assert(context_.is_current());
    if (waiter.dedicated) {
        dedicated_.enqueue(waiter, now);
        return;
    }
    waiter.refusal.reset();
    waiter.waits = true;
    waiter.since = now;
    const auto outage = pool_.outages().current();
    if (outage && !is_paused() && pool_.budget().open() == 0 && now < outage->next_try &&
        should_refuse(*outage, options(), now)) {
        waiter.refusal =
            std::make_unique<protocol::ErrorReport>(refusal(*outage, pool_.database()));
        waiter.release();
        return;
    }
    waiters_.add(waiter);
    open_connections();
}

void PoolPart::withdraw(Waiter& waiter) {
    assert(context_.is_current());
    if (waiter.dedicated) {
        dedicated_.withdraw(waiter);
        return;
    }
    waiters_.withdraw(waiter);
}

void PoolPart::grant(Server& server) {
    if (!suits(server.connection(), waiters_.front().tenant->session())) {
        server.close(ServerClose::evicted, "a client needs another temp_buffers");
        return;
    }
    lend_new(server, waiters_.take_front());
}

void PoolPart::lend_new(Server& server, Waiter& waiter) {
    assert(server.state() == Server::State::cleaning);
    statistics_.leases.add();
    server.lend_to(*waiter.tenant);
    waiter.release();
}

void PoolPart::returned(Server& server) {
    pass_on(server, context_.now());
}

// `since`: when its last client left it.
void PoolPart::pass_on(Server& server, Clock::time_point since) {
    assert(context_.is_current());
    assert(server.state() == Server::State::cleaning && servers_.contains(&server));
    const auto now = context_.now();
    if (retirement_.retire_if_due(server, now)) return;
    if (pool_.board().take_claim()) {
        server.close(ServerClose::evicted, "a client waits for a connection of its own");
        return;
    }
    auto than = waiters_.oldest();
    if (than) *than -= slack;
    if (const auto other = pool_.board().longest_waiting(context_.index, than)) {
        if (server.leave_for(*other)) return;
    }
    if (!waiters_.empty()) {
        grant(server);
    } else {
        server.become_idle(since);
        if (const auto other = idle_.add(server)) send_idle_to(*other);
    }
}

void PoolPart::open_connections() {
    assert(context_.is_current());
    dedicated_.open_connections();
    opener_.open_for_waiting();
}

Server& PoolPart::add(ServerConnection connection, Clock::duration took) {
    assert(context_.is_current());
    pool_.outages().note_connected();
    connection.id = next_connection_number();
    statistics_.server_logins.add();
    statistics_.server_connect.observe(took);
    auto server = std::make_shared<Server>(*this, std::move(connection));
    servers_.emplace(server.get(), server);
    std::string address;
    const std::string local = local_end(server->connection().socket());
    Observer::ServerEvent event = describe(pool_, *server, address);
    event.local = local;
    pool_.observer().server_connected(event, took);
    if (server->connection().place == Place::dedicated) statistics_.servers_dedicated.add();
    server->start();
    return *server;
}

// --- moving between workers ----------------------------------------------------------------------

void PoolPart::send_idle_to(unsigned worker) {
    assert(context_.is_current());
    if (worker == context_.index) return;
    if (waiters_.empty()) {
        for (Server& server : idle_) {
            if (opener_.is_probe_due(server)) {
                idle_.remove(server);
                opener_.probe(server);  // whoever has waited longest gets it after that
                return;
            }
            if (!server.leave_for(worker)) continue;
            idle_.remove(server);
            return;
        }
    }
    // Lent meanwhile: whoever asked looks anew, here or elsewhere or at a connection of its own.
    if (idle_.empty()) pool_.workers().wake(worker);
}

void PoolPart::move_out(Server& server, unsigned worker) {
    assert(context_.is_current() && server.state() == Server::State::leaving);
    ServerConnection connection = server.take_connection();
    servers_.erase(&server);
    pool_.workers().post(worker, [connection = std::move(connection)](PoolPart& part) mutable {
        part.adopt(std::move(connection));
    });
}

void PoolPart::adopt(ServerConnection connection) {
    assert(context_.is_current());
    statistics_.steals.add();
    auto server = std::make_shared<Server>(*this, std::move(connection));
    servers_.emplace(server.get(), server);
    server->start();
    returned(*server);
}

// --- closing -------------------------------------------------------------------------------------

void PoolPart::closed(Server& server, const End& end) {
    assert(context_.is_current());
    assert(end.before != Server::State::closed && servers_.contains(&server));
    if (end.before == Server::State::idle) idle_.remove(server);
    statistics_.server_closes[static_cast<std::size_t>(end.reason)].add();
    std::string address;
    pool_.observer().server_closed(describe(pool_, server, address), end.reason, end.detail);
    const Place place = server.connection().place;
    if (place == Place::dedicated) statistics_.servers_dedicated.subtract();
    pool_.give_back_place();
    if (end.trial == Trial::login) opener_.introduction_failed(end.reason, end.detail);
    servers_.erase(&server);
    if (end.trial == Trial::probe) opener_.probe_failed();
}

void PoolPart::cancel_timed_out(const Server& server) {
    std::string address;
    pool_.observer().cancel_timed_out(describe(pool_, server, address));
}

void PoolPart::sweep(Clock::time_point now) {
    assert(context_.is_current());
    retirement_.sweep(now);
    // Safety net: in case a wake-up was missed, look again for clients that wait.
    open_connections();
}

void PoolPart::reconfigure(std::shared_ptr<const PoolSetup> setup) {
    setup_ = std::move(setup);
    pool_.greetings().forget();
    sweep(Clock::now());
}

void PoolPart::shut_down() {
    shutting_down_ = true;
    close_servers(ServerClose::shutdown, "");
}

// Closing one may bring others in or out: what was there before is gone through.
void PoolPart::close_servers(ServerClose reason, std::string_view detail) {
    assert(context_.is_current());
    std::vector<std::shared_ptr<Server>> there;
    for (const auto& [key, server] : servers_) there.push_back(server);
    for (const auto& server : there) {
        server->close(reason, detail);
        servers_.erase(server.get());
    }
}

// --- the catalogue -------------------------------------------------------------------------------

void PoolPart::catalogue_learned(const CataloguePtr& catalogue, std::uint64_t version) {
    assert(context_.is_current());
    knowledge_.learn(catalogue, version == pool_.catalogue_upkeep().version());
}

}  // namespace pgweir::pool
