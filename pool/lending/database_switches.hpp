// What an operator has switched off, by PAUSE and DISABLE.
#pragma once

#include <mutex>
#include <set>
#include <string>

namespace pgweir::pool {

/// Thread-safe. A name may be switched whether there is a database of that name or not: by `*` any
/// may come. Forgotten when the process ends.
class DatabaseSwitches {
  public:
    /// No server is lent, and no connection is made.
    [[nodiscard]] bool is_paused(const std::string& database) const {
        const std::lock_guard lock(mutex_);
        return all_paused_ || paused_.contains(database);
    }
    /// Paused by its own name, not only with all others.
    [[nodiscard]] bool is_paused_alone(const std::string& database) const {
        const std::lock_guard lock(mutex_);
        return paused_.contains(database);
    }
    [[nodiscard]] bool all_are_paused() const {
        const std::lock_guard lock(mutex_);
        return all_paused_;
    }
    /// All are paused, by SUSPEND.
    [[nodiscard]] bool are_suspended() const {
        const std::lock_guard lock(mutex_);
        return suspended_;
    }
    /// No new client comes in.
    [[nodiscard]] bool is_disabled(const std::string& database) const {
        const std::lock_guard lock(mutex_);
        return disabled_.contains(database);
    }

    void pause_all(bool paused) {
        const std::lock_guard lock(mutex_);
        all_paused_ = paused;
        suspended_ = false;
    }
    /// Tells why all are paused; pausing itself, or going on, is another call.
    void note_suspended() {
        const std::lock_guard lock(mutex_);
        suspended_ = all_paused_;
    }
    void pause(const std::string& database, bool paused) { change(paused_, database, paused); }
    void disable(const std::string& database, bool disabled) {
        change(disabled_, database, disabled);
    }

  private:
    void change(std::set<std::string>& names, const std::string& name, bool in) {
        const std::lock_guard lock(mutex_);
        if (in) {
            names.insert(name);
        } else {
            names.erase(name);
        }
    }

    mutable std::mutex mutex_;  ///< guards what follows
    bool all_paused_ = false;
    bool suspended_ = false;
    std::set<std::string> paused_;
    std::set<std::string> disabled_;
};

}  // namespace pgweir::pool
