// What the kernel tells about this process.
#pragma once

#include <optional>

namespace pgweir::daemon {

/// Each is absent if /proc does not tell (not mounted, hidden, or a kernel that writes otherwise):
/// a scrape goes on without it.
struct ProcessStatistics {
    std::optional<double> cpu_seconds;  ///< user and system, all threads, since the start
    std::optional<double> resident_memory_bytes;
    std::optional<double> virtual_memory_bytes;
    std::optional<double> open_fds;
    std::optional<double> max_fds;             ///< soft limit; +Inf for none
    std::optional<double> start_time_seconds;  ///< since the epoch
    std::optional<double> threads;
};

/// Reads a handful of files in `proc` (a folder like /proc; tests give another). Takes a few dozen
/// microseconds, more with many open descriptors, as they are counted.
[[nodiscard]] ProcessStatistics read_process_statistics(const char* proc = "/proc");

}  // namespace pgweir::daemon
