// When a pool's catalogue has to be read, and by whom.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

#include "pool/io/deadlines.hpp"
#include "pool/session/catalogue.hpp"

namespace pgweir::pool {

/// As a rule one server at a time reads the catalogue: at the start, when a client has changed it,
/// and now and then, as others than pgweir's clients may change it as well. Reading takes long
/// where there are tens of thousands of tables, so it is never more than a tenth of a server's
/// time.
///
/// Thread-safe.
class CatalogueUpkeep {
  public:
    using Reading = CatalogueReading;

    /// Returns a Reading if the catalogue is due and nobody else is reading it. The caller must end
    /// it with read() or abandoned().
    [[nodiscard]] std::optional<Reading> claim();
    /// Begins a reading even if one is under way or none is due; for a caller that needs the answer
    /// now.
    [[nodiscard]] Reading begin();
    /// A reading is over. `answered`: the server gave an answer.
    void read(const Reading& reading, bool answered, Clock::time_point now);
    /// Whoever has begun cannot read any more.
    void abandoned() { claimed_ = false; }

    /// A client has changed it: what was read before is out of date.
    void mark_stale(Clock::time_point now);
    /// How often that has happened. What was read of an earlier version is out of date.
    [[nodiscard]] std::uint64_t version() const { return version_; }

    /// To be called about once a second.
    void sweep(Clock::time_point now);

  private:
    std::atomic<std::uint64_t> version_{0};
    std::atomic<bool> due_{true};
    std::atomic<bool> claimed_{false};

    std::mutex mutex_;  // guards what follows
    Clock::time_point rests_until_;
    Clock::time_point due_at_{Clock::time_point::max()};
};

}  // namespace pgweir::pool
