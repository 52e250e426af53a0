#include "pool/pool_part.hpp"

#include <algorithm>

#include "pool/pool.hpp"
#include "protocol/custom_settings.hpp"
#include "protocol/extended_query.hpp"

namespace pgweir::pool {

namespace {

// A client of this worker yields to another worker's that has waited longer by more than this:
// moving a connection costs two wake-ups, strict order is not worth that.
constexpr milliseconds slack{5};

}  // namespace

PoolPart::PoolPart(Pool& pool, WorkerContext& context, std::shared_ptr<const PoolSetup> setup)
    : pool_(pool), context_(context), setup_(std::move(setup)) {}

const conf::PoolOptions& PoolPart::options() const {
    return setup_->options;
}

bool PoolPart::is_paused() const {
    return setup_->paused;
}

// --- lending -------------------------------------------------------------------------------------

bool PoolPart::lend(Tenant& tenant) {
    if (!waiters_.empty() || is_paused()) return false;
    const auto found = choose_idle(tenant);
    if (found == idle_.end()) {
        // Such a server must not keep a better one from being made.
        if (!idle_.empty() && !idle_.back().suits(tenant.session()))
            idle_.back().close(ServerClose::evicted, "a client needs another temp_buffers");
        return false;
    }
    Server& server = *found;
    idle_.erase(found);
    pool_.publish_idle(context_.index, idle_.size());
    count_state(Server::State::idle, Server::State::leased);
    statistics_.leases.add();
    server.lend_to(tenant);
    return true;
}

// The most recently used one; before it the server that has what the tenant got from a sequence.
boost::intrusive::list<Server>::iterator PoolPart::choose_idle(Tenant& tenant) {
    const auto suits = [&](const Server& server) {
        return server.may_be_lent() && server.suits(tenant.session());
    };
    if (tenant.session().has_sequence_values) {
        const std::uint64_t id = tenant.session().id;
        const auto last = std::ranges::find_if(idle_, [&](const Server& server) {
            return server.connection().sequences.has_values_of(id) && suits(server);
        });
        if (last != idle_.end()) return last;
    }
    return std::ranges::find_if(idle_, suits);
}

void PoolPart::enqueue(Waiter& waiter, Clock::time_point now) {
    if (waiter.dedicated) {
        dedicated_.enqueue(waiter, now);
        return;
    }
    waiter.refusal.reset();
    waiter.waits = true;
    waiter.since = now;
    const auto outage = pool_.outage();
    if (outage && !is_paused() && pool_.budget().open() == 0 && now < outage->next_try &&
        should_refuse(*outage, options(), now)) {
        waiter.refusal =
            std::make_unique<protocol::ErrorReport>(refusal(*outage, pool_.database()));
        waiter.release();
        return;
    }
    waiters_.push_back(waiter);
    queue_changed();
    open_connections();
}

void PoolPart::withdraw(Waiter& waiter) {
    if (waiter.dedicated) {
        dedicated_.withdraw(waiter);
        return;
    }
    if (!waiter.is_linked()) return;
    waiters_.erase(waiters_.iterator_to(waiter));
    queue_changed();
    waiter.release();
}

void PoolPart::grant(Server& server) {
    Waiter& waiter = waiters_.front();
    if (!server.suits(waiter.tenant->session())) {
        server.close(ServerClose::evicted, "a client needs another temp_buffers");
        return;
    }
    waiters_.pop_front();
    queue_changed();
    lend_new(server, waiter);
}

void PoolPart::lend_new(Server& server, Waiter& waiter) {
    count_state(Server::State::cleaning, Server::State::leased);
    statistics_.leases.add();
    server.lend_to(*waiter.tenant);
    waiter.release();
}

void PoolPart::queue_changed() {
    pool_.publish_waiting(context_.index,
                          waiters_.empty() ? std::nullopt : std::optional(waiters_.front().since));
}

void PoolPart::returned(Server& server) {
    const auto now = context_.now();
    if (retire_if_due(server, now)) return;
    if (pool_.take_claim()) {
        server.close(ServerClose::evicted, "a client waits for a connection of its own");
        return;
    }
    const auto than =
        waiters_.empty() ? std::nullopt : std::optional(waiters_.front().since - slack);
    if (const auto other = pool_.longest_waiting(context_.index, than)) {
        if (server.leave_for(*other)) {
            count_state(Server::State::cleaning, Server::State::leaving);
            return;
        }
    }
    if (!waiters_.empty()) {
        grant(server);
    } else {
        keep_idle(server);
    }
}

void PoolPart::keep_idle(Server& server) {
    count_state(Server::State::cleaning, Server::State::idle);
    server.become_idle(context_.now());
    idle_.push_front(server);
    pool_.publish_idle(context_.index, idle_.size());
    // A client elsewhere that began to wait before this was published may have found nothing:
    // whoever publishes second sees the other.
    if (const auto other = pool_.longest_waiting(context_.index, std::nullopt))
        send_idle_to(*other);
}

std::optional<ServerClose> PoolPart::reason_to_retire(const Server& server,
                                                      Clock::time_point now) const {
    if (shutting_down_) return ServerClose::shutdown;
    if (is_paused()) return ServerClose::retired;
    const ServerConnection& connection = server.connection();
    if (connection.generation != setup_->generation) return ServerClose::retired;
    if (connection.is_worn_out || pool_.budget().is_over()) return ServerClose::retired;
    const milliseconds lifetime = options().server_lifetime;
    if (lifetime > milliseconds::zero() && now - connection.connected_at >= lifetime) {
        return ServerClose::lifetime;
    }
    return std::nullopt;
}

bool PoolPart::retire_if_due(Server& server, Clock::time_point now) {
    const auto reason = reason_to_retire(server, now);
    if (!reason) return false;
    const bool expired = *reason == ServerClose::lifetime;
    if (expired) statistics_.timeouts[static_cast<std::size_t>(Timeout::server_lifetime)].add();
    server.close(*reason, expired ? "server_lifetime" : "");
    return true;
}

// Now and then one is asked whether a login would bring something else by now; besides each that
// logged in with something else than the latest did.
void PoolPart::check_defaults(Clock::time_point now) {
    const milliseconds interval = options().login_defaults_interval;
    if (interval <= milliseconds::zero() || idle_.empty() || pool_.clients == 0) return;
    const LoginDefaultsPtr latest = pool_.greetings().defaults();
    const bool others = latest && std::ranges::any_of(idle_, [&](const Server& server) {
                            const LoginDefaultsPtr& own = server.connection().defaults;
                            return own && own->sources != latest->sources;
                        });
    if (!pool_.claim_check(now, others ? milliseconds::zero() : interval)) return;
    for (auto next = idle_.begin(); next != idle_.end();) {
        Server& server = *next++;
        const LoginDefaultsPtr& own = server.connection().defaults;
        const bool other = own && latest && own->sources != latest->sources;
        if (!server.may_be_lent() || (others && !other)) continue;
        idle_.erase(idle_.iterator_to(server));
        count_state(Server::State::idle, Server::State::cleaning);
        server.check_defaults();
        if (!others) break;
    }
    pool_.publish_idle(context_.index, idle_.size());
}

// --- moving between workers ----------------------------------------------------------------------

void PoolPart::send_idle_to(unsigned worker) {
    if (worker == context_.index) return;
    if (waiters_.empty()) {
        for (Server& server : idle_) {
            if (!server.leave_for(worker)) continue;
            idle_.erase(idle_.iterator_to(server));
            count_state(Server::State::idle, Server::State::leaving);
            pool_.publish_idle(context_.index, idle_.size());
            return;
        }
    }
    // Lent meanwhile: whoever asked looks anew, here or elsewhere or at a connection of its own.
    if (idle_.empty()) pool_.wake(worker);
}

void PoolPart::move_out(Server& server, unsigned worker) {
    ServerConnection connection = server.take_connection();
    servers_.erase(&server);
    pool_.move_to(worker, std::move(connection));
}

void PoolPart::adopt(ServerConnection connection) {
    statistics_.steals.add();
    auto server = std::make_shared<Server>(*this, std::move(connection));
    servers_.emplace(server.get(), server);
    count_state(Server::State::leaving, Server::State::cleaning);
    server->start();
    returned(*server);
}

// --- closing -------------------------------------------------------------------------------------

void PoolPart::server_closed(Server& server, Server::State before, ServerClose reason,
                             std::string_view detail) {
    if (before == Server::State::idle) {
        idle_.erase(idle_.iterator_to(server));
        pool_.publish_idle(context_.index, idle_.size());
    }
    count_state(before, Server::State::closed);
    statistics_.server_closes[static_cast<std::size_t>(reason)].add();
    std::string address;
    pool_.observer().server_closed(describe(server, address), reason, detail);
    const Place place = server.connection().place;
    if (place == Place::dedicated) statistics_.servers_dedicated.subtract();
    pool_.give_back_place(place);
    if (server.is_introducing()) introduction_failed(reason, detail);
    servers_.erase(&server);
}

void PoolPart::close_one_idle() {
    if (idle_.empty()) return;
    idle_.back().close(ServerClose::evicted, "another pool needs the room");
}

void PoolPart::sweep(Clock::time_point now) {
    const milliseconds timeout = options().server_idle_timeout;
    for (auto next = idle_.begin(); next != idle_.end();) {
        Server& server = *next++;
        if (retire_if_due(server, now)) continue;
        if (timeout > milliseconds::zero() && now - server.idle_since() >= timeout &&
            pool_.budget().open() > options().min_pool_size) {
            statistics_.timeouts[static_cast<std::size_t>(Timeout::server_idle_timeout)].add();
            server.close(ServerClose::idle, "server_idle_timeout");
        }
    }
    check_defaults(now);
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
    std::vector<std::shared_ptr<Server>> there;
    for (const auto& [key, server] : servers_) there.push_back(server);
    for (const auto& server : there) {
        server->close(reason, detail);
        servers_.erase(server.get());
    }
}

// --- session state -------------------------------------------------------------------------------

void PoolPart::catalogue_learned(const CataloguePtr& catalogue, std::uint64_t as_of) {
    catalogue_was_asked_ = true;
    names_.reset();
    plan_facts_ = {};
    if (!catalogue) return;
    if (as_of == pool_.catalogue_upkeep().changes()) {
        names_ = {catalogue, &catalogue->effects};
        lacks_settings_ = false;
        plan_facts_ = catalogue->plans;
    }
    for (const std::string& name : catalogue->custom_settings) note_custom_setting(name);
}

void PoolPart::note_custom_setting(const std::string& name) {
    if (std::ranges::find(custom_settings_, name) != custom_settings_.end()) return;
    // Each is asked for in every question: a client that invents names must not make them endless.
    constexpr std::size_t most = 256;
    if (custom_settings_.size() >= most) {
        custom_settings_.erase(custom_settings_.begin());
        lacks_room_ = true;
    }
    custom_settings_.push_back(name);
}

// --- telling -------------------------------------------------------------------------------------

void PoolPart::count_state(Server::State from, Server::State to) {
    const auto gauge = [this](Server::State state) -> Counter* {
        switch (state) {
            case Server::State::idle:
                return &statistics_.servers_idle;
            case Server::State::leased:
                return &statistics_.servers_active;
            case Server::State::cleaning:
                return &statistics_.servers_reset;
            case Server::State::leaving:
            case Server::State::closed:
                break;
        }
        return nullptr;
    };
    if (Counter* counter = gauge(from)) counter->subtract();
    if (Counter* counter = gauge(to)) counter->add();
}

Observer::ServerEvent PoolPart::describe(const Server& server, std::string& address) const {
    const ServerConnection& connection = server.connection();
    address = connection.address.to_string();
    return {.database = pool_.database(),
            .user = pool_.user(),
            .address = address,
            .server_pid = static_cast<int>(connection.cancel_key.pid),
            .age = Clock::now() - connection.connected_at,
            .replication = connection.replication};
}

}  // namespace pgweir::pool
