#include "daemon/metrics/process_statistics.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <string>

namespace pgweir::daemon {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Seconds since the epoch at which the system started: `btime` in /proc/stat.
std::optional<double> boot_time(const fs::path& proc) {
    std::istringstream lines(read_file(proc / "stat"));
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("btime ")) continue;
        double seconds = 0;
        if (std::istringstream(line.substr(6)) >> seconds) return seconds;
    }
    return std::nullopt;
}

/// The fields of /proc/self/stat that we use, by their numbers in proc(5).
struct Stat {
    std::uint64_t utime = 0;      // 14
    std::uint64_t stime = 0;      // 15
    std::uint64_t threads = 0;    // 20
    std::uint64_t starttime = 0;  // 22
    std::uint64_t vsize = 0;      // 23
    std::uint64_t rss = 0;        // 24
};

std::optional<Stat> read_stat(const fs::path& proc) {
    const std::string text = read_file(proc / "self" / "stat");
    // The second field is the program's name in parentheses and may itself hold some.
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) return std::nullopt;
    std::istringstream fields(text.substr(name_end + 1));
    std::string skipped;
    const auto skip = [&](int count) {
        while (count-- > 0) fields >> skipped;
    };
    Stat stat;
    skip(11);  // 3 to 13
    fields >> stat.utime >> stat.stime;
    skip(4);  // 16 to 19
    fields >> stat.threads;
    skip(1);  // 21
    fields >> stat.starttime >> stat.vsize >> stat.rss;
    if (!fields) return std::nullopt;
    return stat;
}

std::optional<double> count_entries(const fs::path& folder) {
    std::error_code error;
    std::size_t count = 0;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        ++count;
    if (error) return std::nullopt;
    return static_cast<double>(count);
}

std::optional<double> open_files_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
    if (limit.rlim_cur == RLIM_INFINITY) return std::numeric_limits<double>::infinity();
    return static_cast<double>(limit.rlim_cur);
}

}  // namespace

ProcessStatistics read_process_statistics(const char* proc) {
    ProcessStatistics statistics;
    statistics.open_fds = count_entries(fs::path(proc) / "self" / "fd");
    // The one that is held open while counting.
    if (statistics.open_fds) *statistics.open_fds -= 1;
    statistics.max_fds = open_files_limit();

    const std::optional<Stat> stat = read_stat(proc);
    if (!stat) return statistics;
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    statistics.cpu_seconds = static_cast<double>(stat->utime + stat->stime) / ticks;
    statistics.threads = static_cast<double>(stat->threads);
    statistics.virtual_memory_bytes = static_cast<double>(stat->vsize);
    statistics.resident_memory_bytes =
        static_cast<double>(stat->rss) * static_cast<double>(sysconf(_SC_PAGESIZE));
    if (const auto boot = boot_time(proc))
        statistics.start_time_seconds = *boot + static_cast<double>(stat->starttime) / ticks;
    return statistics;
}

}  // namespace pgweir::daemon
