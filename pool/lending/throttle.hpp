// How often is often enough.
#pragma once

#include <mutex>
#include <utility>

#include "pool/io/deadlines.hpp"

namespace pgweir::pool {

/// Bounds how often something is done that costs others, and that any client may ask for: the first
/// time at once, then not before a rest is over, however often it was asked for meanwhile.
///
/// Thread-safe.
class Throttle {
  public:
    explicit Throttle(Clock::duration rest) : rest_(rest) {}

    /// It is asked for. True: do it now. False: it will be due.
    [[nodiscard]] bool ask(Clock::time_point now) {
        const std::lock_guard lock(mutex_);
        owed_ = true;
        return take(now);
    }
    /// Whether to do now what was asked for in the rest. To be called about once a second.
    [[nodiscard]] bool is_due(Clock::time_point now) {
        const std::lock_guard lock(mutex_);
        return take(now);
    }

  private:
    bool take(Clock::time_point now) {
        if (!owed_ || now < rests_until_) return false;
        rests_until_ = now + rest_;
        return std::exchange(owed_, false);
    }

    const Clock::duration rest_;
    std::mutex mutex_;
    bool owed_ = false;
    Clock::time_point rests_until_;
};

}  // namespace pgweir::pool
