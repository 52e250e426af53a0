#include "daemon/process/service_manager.hpp"

#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <string>
#include <system_error>

#include "daemon/log/log.hpp"

namespace pgweir::daemon {
namespace service_manager {
namespace {

void notify(const std::string& state) {
    // Keeps the environment: NOTIFY_SOCKET is needed for the whole of the daemon's life.
    const int result = sd_notify(0, state.c_str());
    if (result >= 0) return;
    log::write(conf::LogLevel::debug, "service_manager_unreachable",
               {{"error", std::generic_category().message(-result)}});
}

bool is_listening_stream(int descriptor) {
    return sd_is_socket(descriptor, AF_UNSPEC, SOCK_STREAM, 1) > 0;
}

}  // namespace

void notify_ready() {
    notify("READY=1");
}

void notify_reloading() {
    // systemd compares this with the time of its own SIGHUP, on the same clock (sd_notify(3)).
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const auto us = static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000;
    notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(us));
}

void notify_stopping() {
    notify("STOPPING=1");
}

void notify_status(std::string_view status) {
    std::string line(status);
    std::ranges::replace(line, '\n', ' ');
    notify("STATUS=" + line);
}

void notify_watchdog() {
    notify("WATCHDOG=1");
}

std::optional<std::chrono::microseconds> watchdog_interval() {
    std::uint64_t usec = 0;
    const int result = sd_watchdog_enabled(0, &usec);
    if (result > 0) return std::chrono::microseconds(usec / 2);
    if (result < 0)
        log::write(conf::LogLevel::warning, "watchdog_setting_invalid",
                   {{"error", std::generic_category().message(-result)}});
    return std::nullopt;
}

std::vector<int> inherited_sockets() {
    std::vector<int> sockets;
    const int count = sd_listen_fds(1);  // makes them close-on-exec as well
    if (count < 0) {
        log::write(conf::LogLevel::warning, "inherited_sockets_unreadable",
                   {{"error", std::generic_category().message(-count)}});
        return sockets;
    }
    for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + count; ++fd) {
        if (is_listening_stream(fd)) {
            sockets.push_back(fd);
            continue;
        }
        log::write(conf::LogLevel::warning, "inherited_descriptor_refused",
                   {{"descriptor", fd}, {"reason", "not a listening stream socket"}});
        close(fd);
    }
    return sockets;
}

}  // namespace service_manager

Watchdog::Watchdog(std::size_t workers, Clock::time_point now)
    : beats_(workers), seen_(workers, Seen{.changed = now}) {}

bool Watchdog::feed(Clock::time_point now) {
    silent_.clear();
    for (std::size_t worker = 0; worker < beats_.size(); ++worker) {
        const std::uint64_t beats = beats_[worker].load(std::memory_order_relaxed);
        Seen& seen = seen_[worker];
        if (beats != seen.last) seen = {.at_feed = seen.at_feed, .last = beats, .changed = now};
        if (beats == seen.at_feed) silent_.push_back({worker, now - seen.changed});
    }
    if (!silent_.empty()) return false;
    for (Seen& seen : seen_) seen.at_feed = seen.last;
    return true;
}

}  // namespace pgweir::daemon
