#include "pool/lending/idle_servers.hpp"

#include <algorithm>
#include <cassert>

namespace pgweir::pool {

// The most recently used one; before it the server that has what the session got from a sequence.
Server* IdleServers::choose(const TenantSession& session, bool oldest_first) {
    const auto suits = [&](const Server& server) {
        return server.may_be_lent() && pool::suits(server.connection(), session);
    };
    const auto first = [this](const auto& fits) {
        const auto found = std::ranges::find_if(servers_, fits);
        return found == servers_.end() ? nullptr : &*found;
    };
    if (session.has_sequence_values) {
        Server* const last = first([&](const Server& server) {
            return server.connection().sequences.has_values_of(session.id) && suits(server);
        });
        if (last != nullptr) return last;
    }
    if (!oldest_first) return first(suits);
    const auto last = std::find_if(servers_.rbegin(), servers_.rend(), suits);
    return last == servers_.rend() ? nullptr : &*last;
}

std::optional<unsigned> IdleServers::add(Server& server) {
    assert(server.state() == Server::State::idle);
    servers_.push_front(server);
    return board_.offer_idle(worker_, servers_.size());
}

void IdleServers::remove(Server& server) {
    servers_.erase(servers_.iterator_to(server));
    board_.publish_idle(worker_, servers_.size());
}

}  // namespace pgweir::pool
