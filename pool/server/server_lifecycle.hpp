// What a server does, as a state machine.
#pragma once

#include <cassert>
#include <cstdint>

#include "pool/telling/statistics.hpp"

namespace pgweir::pool {

enum class ServerState : std::uint8_t {
    idle,      ///< in the pool, to be lent
    leased,    ///< a tenant has it
    cleaning,  ///< nobody's: just made, or between tenants; also a cancel that is on its way
    leaving,   ///< about to move to another worker
    closed,
};

/// Whether a server may come from one state into another (ARCHITECTURE.md, "States").
[[nodiscard]] constexpr bool may_follow(ServerState from, ServerState to) {
    switch (from) {
        case ServerState::cleaning:
            return to != ServerState::cleaning;
        case ServerState::idle:
            return to != ServerState::idle;
        case ServerState::leased:
            return to == ServerState::cleaning || to == ServerState::closed;
        case ServerState::leaving:
            return to == ServerState::closed;
        case ServerState::closed:
            break;
    }
    return false;
}

/// Begins as `cleaning`, ends as `closed`. Only `to` changes the state, and it moves the gauges of
/// the statistics with it, which must outlive the object. Lives on one worker.
class ServerLifecycle {
  public:
    explicit ServerLifecycle(PoolStatistics& statistics) : statistics_(statistics) { count(true); }
    ~ServerLifecycle() { count(false); }
    ServerLifecycle(const ServerLifecycle&) = delete;
    ServerLifecycle& operator=(const ServerLifecycle&) = delete;

    [[nodiscard]] ServerState state() const { return state_; }
    [[nodiscard]] bool is(ServerState state) const { return state_ == state; }

    void to(ServerState next) {
        assert(may_follow(state_, next));
        count(false);
        state_ = next;
        count(true);
    }

  private:
    void count(bool comes);

    PoolStatistics& statistics_;
    ServerState state_ = ServerState::cleaning;
};

}  // namespace pgweir::pool
