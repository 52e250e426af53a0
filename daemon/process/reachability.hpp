// Whether a server could be reached, for /readyz, while no connection shows it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "conf/config.hpp"

namespace pgweir::daemon {

/// Asks the servers of the configuration, on a thread of its own since libpq's question blocks,
/// whether they accept connections (PQping: no login, no password). Thread-safe.
class Reachability {
  public:
    /// `is_known`: true while some pool has a connection, so that there is nothing to ask.
    Reachability(std::shared_ptr<const conf::Config> config, std::function<bool()> is_known);
    ~Reachability();
    Reachability(const Reachability&) = delete;
    Reachability& operator=(const Reachability&) = delete;

    void reconfigure(std::shared_ptr<const conf::Config> config);

    /// Whether any server of the configuration answered when it was last asked.
    [[nodiscard]] bool any_reachable() const;

  private:
    static constexpr std::chrono::seconds interval{2};

    void run();
    [[nodiscard]] static bool ask(const conf::Config& config);

    std::function<bool()> is_known_;
    mutable std::mutex mutex_;  ///< guards what follows
    std::condition_variable changed_;
    std::shared_ptr<const conf::Config> config_;
    bool any_reachable_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace pgweir::daemon
