#include "pool/lending/retirement.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <memory>
#include <vector>

#include "pool/lending/pool.hpp"

namespace pgweir::pool {

std::optional<ServerClose> Retirement::reason_to_retire(const Server& server,
                                                        Clock::time_point now) const {
    if (part_.is_shutting_down()) return ServerClose::shutdown;
    if (part_.is_paused()) return ServerClose::retired;
    const ServerConnection& connection = server.connection();
    if (connection.generation != part_.setup()->generation) return ServerClose::retired;
    if (connection.is_worn_out || part_.pool().places().are_overdrawn())
        return ServerClose::retired;
    const milliseconds lifetime = part_.options().server_lifetime;
    if (lifetime > milliseconds::zero() && now - connection.connected_at >= lifetime) {
        return ServerClose::lifetime;
    }
    return std::nullopt;
}

bool Retirement::retire_if_due(Server& server, Clock::time_point now) {
    assert(server.state() == Server::State::cleaning || server.state() == Server::State::idle);
    const auto reason = reason_to_retire(server, now);
    if (!reason) return false;
    const bool expired = *reason == ServerClose::lifetime;
    if (expired)
        part_.statistics().timeouts[static_cast<std::size_t>(Timeout::server_lifetime)].add();
    server.close(*reason, expired ? "server_lifetime" : "");
    return true;
}

void Retirement::sweep(Clock::time_point now) {
    const milliseconds timeout = part_.options().server_idle_timeout;
    for (auto next = idle_.begin(); next != idle_.end();) {
        Server& server = *next++;
        if (retire_if_due(server, now)) continue;
        if (timeout > milliseconds::zero() && now - server.connection().idle_since >= timeout &&
            part_.pool().budget().open() > part_.options().min_pool_size) {
            part_.statistics()
                .timeouts[static_cast<std::size_t>(Timeout::server_idle_timeout)]
                .add();
            server.close(ServerClose::idle, "server_idle_timeout");
        }
    }
    close_replaced();
    check_defaults(now);
}

// server_fast_close: who keeps its server has no say, but for the transaction that is under way.
void Retirement::close_replaced() {
    if (!part_.options().server_fast_close) return;
    std::vector<std::shared_ptr<Server>> replaced;
    for (const auto& [key, server] : part_.servers()) {
        if (server->state() == Server::State::leased && server->rests() &&
            server->connection().generation != part_.setup()->generation) {
            replaced.push_back(server);
        }
    }
    for (const auto& server : replaced) server->close(ServerClose::retired, "server_fast_close");
}

// Now and then one is asked whether a login would bring something else by now; besides each that
// logged in with something else than the latest did.
void Retirement::check_defaults(Clock::time_point now) {
    const milliseconds interval = part_.options().login_defaults_interval;
    if (interval <= milliseconds::zero() || idle_.empty() || part_.pool().clients == 0) return;
    const LoginDefaultsPtr latest = part_.pool().greetings().defaults();
    const bool others = latest && std::ranges::any_of(idle_, [&](const Server& server) {
                            const LoginDefaultsPtr& own = server.connection().defaults;
                            return own && own->sources != latest->sources;
                        });
    if (!part_.pool().greetings().claim_check(now, others ? milliseconds::zero() : interval))
        return;
    for (auto next = idle_.begin(); next != idle_.end();) {
        Server& server = *next++;
        const LoginDefaultsPtr& own = server.connection().defaults;
        const bool other = own && latest && own->sources != latest->sources;
        if (!server.may_be_lent() || (others && !other)) continue;
        idle_.remove(server);
        server.try_out(ServerHome::Trial::defaults);
        if (!others) break;
    }
}

void Retirement::close_one_idle() {
    assert(part_.context().is_current());
    if (idle_.empty()) return;
    idle_.least_recently_used().close(ServerClose::evicted, "another pool needs the room");
}

}  // namespace pgweir::pool
