#include "pool/lending/kept_servers.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "pool/lending/pool.hpp"
#include "pool/lending/pool_part.hpp"
#include "pool/worker/do_at.hpp"

namespace pgweir::pool {

void KeptServers::take_back() {
    const auto now = Clock::now();
    std::optional<Clock::time_point> next;
    for (const auto& [key, server] : part_.servers()) {
        const auto until = server->kept_until();
        if (!until) continue;
        if (*until <= now) {
            server->give_up();
            next = now;  // more clients may wait
            break;
        }
        next = std::min(next.value_or(*until), *until);
    }
    if (!next || !part_.pool().board().has_waiting() || std::exchange(planned_, true)) return;
    do_at(*next, part_.context(),
          [this, keep_alive = part_.pool().shared_from_this()] { take_back_if_awaited(); });
}

void KeptServers::take_back_if_awaited() {
    planned_ = false;
    if (part_.pool().board().has_waiting()) take_back();
}

}  // namespace pgweir::pool
