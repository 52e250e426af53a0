// The idle servers of one worker's part of a pool.
#pragma once

#include <boost/intrusive/list.hpp>
#include <optional>

#include "pool/lending/waiting_board.hpp"
#include "pool/server/server.hpp"

namespace pgweir::pool {

/// How many there are is published on the board with each change. The most recently used server is
/// the first, so that those which nobody needs get old.
///
/// Lives in a PoolPart; touch only from its worker.
class IdleServers {
  public:
    IdleServers(WaitingBoard& board, unsigned worker) : board_(board), worker_(worker) {}

    [[nodiscard]] bool empty() const { return servers_.empty(); }
    /// The most recently used one first.
    [[nodiscard]] auto begin() { return servers_.begin(); }
    [[nodiscard]] auto end() { return servers_.end(); }
    [[nodiscard]] Server& least_recently_used() { return servers_.back(); }
    /// The one to lend to this session; null: there is none for it. `oldest_first`: of those that
    /// are as good, the least recently used one.
    [[nodiscard]] Server* choose(const TenantSession& session, bool oldest_first);

    /// Returns the other worker whose client waits longest: it may have found nothing before this
    /// one was published.
    [[nodiscard]] std::optional<unsigned> add(Server& server);
    void remove(Server& server);

  private:
    WaitingBoard& board_;
    const unsigned worker_;
    boost::intrusive::list<Server> servers_;
};

}  // namespace pgweir::pool
