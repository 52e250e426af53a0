// The way out: which clients stay, for how long, and what ends the process.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>

#include "daemon/log/log.hpp"
#include "daemon/process/daemon.hpp"

namespace pgweir::daemon {

using conf::LogLevel;

void Daemon::shut_down(console::ShutdownWay way) {
    switch (way) {
        case console::ShutdownWay::at_once:
            stop_now();
            break;
        case console::ShutdownWay::when_servers_are_free:
            begin_shutdown(Phase::draining);
            break;
        case console::ShutdownWay::when_clients_have_left:
            begin_shutdown(Phase::leaving);
            break;
    }
}

// Nobody comes in any more but to the console, by a Unix socket.
void Daemon::begin_shutdown(Phase phase) {
    if (phase_ != Phase::running) return;
    phase_ = phase;
    service_manager::notify_stopping();
    log::write(LogLevel::info, phase == Phase::draining ? "draining" : "leaving",
               {{"clients", clients()}});
    gateway_.is_shutting_down = true;
    listener_.stop_tcp();
    asio::co_spawn(io_.get_executor(), limit_shutdown(), asio::detached);
    if (phase == Phase::draining) {
        for (const auto& worker : workers_) worker->drain();
    }
    leave_if_empty();
}

Task<> Daemon::limit_shutdown() {
    if (config()->shutdown_timeout <= std::chrono::milliseconds::zero()) co_return;
    deadline_.expires_after(config()->shutdown_timeout);
    const auto [error] = co_await deadline_.async_wait(as_result);
    if (error || phase_ == Phase::stopping) co_return;
    log::write(LogLevel::warning, "shutdown_timeout", {{"clients", clients()}});
    exit_code_ = ExitCode::drain_timeout;
    stop_now();
}

// Clients are told, and have a moment to hear it.
void Daemon::stop_now() {
    if (phase_ == Phase::stopping) return;
    if (phase_ == Phase::running) service_manager::notify_stopping();
    phase_ = Phase::stopping;
    log::write(LogLevel::info, "stopping", {{"clients", clients()}});
    gateway_.is_shutting_down = true;
    listener_.stop();
    for (const auto& worker : workers_) worker->close_clients();
    deadline_.expires_after(std::chrono::seconds(2));
    deadline_.async_wait([this](error_code error) {
        if (!error) io_.stop();
    });
    leave_if_empty();
}

// The console's own clients keep nothing going.
void Daemon::leave_if_empty() {
    if (phase_ == Phase::running) return;
    if (phase_ != Phase::stopping && clients() <= gateway_.console_clients) stop_now();
    if (phase_ == Phase::stopping && clients() == 0) io_.stop();
}

}  // namespace pgweir::daemon
