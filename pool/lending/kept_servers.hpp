// Servers that clients at rest keep only until others wait.
#pragma once

namespace pgweir::pool {

class PoolPart;

/// Takes a server back for a client that waits, where no more servers can be had: from a client of
/// this worker that keeps it only for a sequence's value, or for settings whose names were not
/// seen.
///
/// Lives in a PoolPart; touch only from its worker. Never suspends.
class KeptServers {
  public:
    explicit KeptServers(PoolPart& part) : part_(part) {}

    /// Somebody waits: takes one server back, or does so as soon as one may be taken, and goes on
    /// for as long as anybody waits.
    void take_back();

  private:
    void take_back_if_awaited();

    PoolPart& part_;
    bool planned_ = false;  ///< take_back_if_awaited() will be called
};

}  // namespace pgweir::pool
