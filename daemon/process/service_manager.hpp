// What pgweir says to systemd, and what systemd gives to it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

/// Every function here does nothing (and says so) when no service manager is there. A message that
/// cannot be delivered is logged at debug level: there is nothing else to do about it.
namespace pgweir::daemon::service_manager {

/// READY=1: clients can connect. Also ends a reload.
void notify_ready();

/// RELOADING=1 with the time since boot that Type=notify-reload asks for. notify_ready() must
/// follow, whether the reload succeeded or not.
void notify_reloading();

/// STOPPING=1: draining has begun.
void notify_stopping();

/// STATUS=, shown by `systemctl status`: one line, such as "120 clients, 8 servers". A line break
/// becomes a space, as it would begin another assignment.
void notify_status(std::string_view status);

/// WATCHDOG=1. See Watchdog for when.
void notify_watchdog();

/// How often to look whether the watchdog may be fed: half of what systemd waits for
/// (WATCHDOG_USEC). Nothing when it does not watch this process (WATCHDOG_PID).
[[nodiscard]] std::optional<std::chrono::microseconds> watchdog_interval();

/// Listening stream sockets handed over by socket activation, in systemd's order, close-on-exec.
/// The caller owns them. Any other descriptor handed over is logged as a warning and closed. The
/// environment variables are removed, so that no child takes them for its own: call once, before
/// there are other threads.
[[nodiscard]] std::vector<int> inherited_sockets();

}  // namespace pgweir::daemon::service_manager

namespace pgweir::daemon {

/// Decides whether the service manager's watchdog is fed. Each worker beats from its own loop; the
/// dog is fed only if every one of them has beaten since it was last fed, so a worker that is stuck
/// counts although the thread that feeds is well.
///
/// With `interval = watchdog_interval()`, look every interval / 2 and let workers beat at least
/// every interval / 4: then one late beat does not cost the process its life.
class Watchdog {
  public:
    using Clock = std::chrono::steady_clock;

    /// A worker that is silent.
    struct Silent {
        std::size_t worker;
        Clock::duration since;  ///< since the last look that found a beat of it
    };

    Watchdog(std::size_t workers, Clock::time_point now);

    /// Called by each worker, from its loop. Thread-safe. `worker` < workers.
    void beat(std::size_t worker) noexcept {
        beats_[worker].fetch_add(1, std::memory_order_relaxed);
    }

    /// Whether to feed now; true starts a new round. One thread only.
    [[nodiscard]] bool feed(Clock::time_point now);

    /// Who kept the last feed() from being true: for the log. The same thread as feed().
    [[nodiscard]] const std::vector<Silent>& silent() const { return silent_; }

  private:
    struct Seen {
        std::uint64_t at_feed = 0;  ///< beats when the dog was last fed
        std::uint64_t last = 0;     ///< beats at the last look
        Clock::time_point changed;  ///< the last look at which they had grown
    };
    std::vector<std::atomic<std::uint64_t>> beats_;
    std::vector<Seen> seen_;
    std::vector<Silent> silent_;
};

}  // namespace pgweir::daemon
