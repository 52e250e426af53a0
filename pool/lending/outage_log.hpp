// What a pool knows of its server's being out of reach.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>

#include "pool/lending/outage.hpp"

namespace pgweir::pool {

/// Keeps the outage of a pool from the first failed login to the next one that succeeds, so that
/// all workers repeat attempts at one pace and tell clients the same. Shared by all workers;
/// thread-safe. While there is no outage a look costs one load.
class OutageLog {
  public:
    /// Whether the server is known to be out of reach.
    [[nodiscard]] bool is_down() const { return down_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::optional<Outage> current() const;
    /// Records a failed attempt; returns what is known now. A report of the server that is not
    /// complete counts as none: the explanation tells.
    Outage note_failure(std::optional<protocol::ErrorReport> from_server, std::string explanation,
                        milliseconds server_login_retry, Clock::time_point now);
    /// A login has succeeded. True: that has ended an outage.
    bool note_success();
    /// What failed does not tell about the next attempt, which may be made at once: connections are
    /// made otherwise from now on.
    void forget();
    /// The same if the server has refused the login, which it may not do again.
    void forget_refusal();
    /// The same if it was the lack of a password that was accepted: there is another one to try.
    void forget_refused_password();

    /// A server has let this pool in.
    void note_connected() { has_connected_.store(true, std::memory_order_relaxed); }
    /// Whether one ever has: until then the pool's names are its client's word.
    [[nodiscard]] bool has_connected() const {
        return has_connected_.load(std::memory_order_relaxed);
    }

  private:
    /// Under the lock.
    void end();

    mutable std::mutex mutex_;
    std::optional<Outage> outage_;   ///< guarded by `mutex_`
    std::atomic<bool> down_{false};  ///< there is one; changed under `mutex_` only
    std::atomic<bool> has_connected_{false};
};

}  // namespace pgweir::pool
