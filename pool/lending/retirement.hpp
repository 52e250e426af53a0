// When a worker closes servers that nothing is wrong with.
#pragma once

#include <optional>

#include "pool/io/deadlines.hpp"
#include "pool/telling/statistics.hpp"

namespace pgweir::pool {

class IdleServers;
class PoolPart;
class Server;

/// Closes servers that are too old, too many, or of a configuration that is gone, as soon as no
/// client has them; and asks idle ones whether a login would bring something else by now.
///
/// Lives in a PoolPart; touch only from its worker. Never suspends.
class Retirement {
  public:
    /// `idle`: the part's.
    Retirement(PoolPart& part, IdleServers& idle) : part_(part), idle_(idle) {}

    /// Closes the server if there is a reason to; false: it may stay. It is being cleaned, or idle.
    bool retire_if_due(Server& server, Clock::time_point now);
    /// Looks at all idle servers.
    void sweep(Clock::time_point now);
    /// Another pool needs the room.
    void close_one_idle();

  private:
    [[nodiscard]] std::optional<ServerClose> reason_to_retire(const Server& server,
                                                              Clock::time_point now) const;
    void close_replaced();
    void check_defaults(Clock::time_point now);

    PoolPart& part_;
    IdleServers& idle_;
};

}  // namespace pgweir::pool
