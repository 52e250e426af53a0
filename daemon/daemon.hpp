// The process: workers, listener, HTTP, signals, reload and the way out.
#pragma once

#include <atomic>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/signal_set.hpp>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "conf/configuration_file.hpp"
#include "daemon/client_limits.hpp"
#include "daemon/http_server.hpp"
#include "daemon/listener.hpp"
#include "daemon/metrics/collector.hpp"
#include "daemon/pool_log.hpp"
#include "daemon/reachability.hpp"
#include "daemon/service_manager.hpp"
#include "daemon/worker.hpp"
#include "pool/registry.hpp"

namespace pgweir::daemon {

/// How pgweir ends.
enum class ExitCode : int {
    ok = 0,            ///< asked to stop, and stopped
    cannot_start = 1,  ///< a port is taken, a folder cannot be written, …
    bad_configuration = 2,
    drain_timeout = 3,  ///< asked to stop; clients were cut off at shutdown_timeout
};

/// Blocks (SIG_BLOCK) or takes (SIG_UNBLOCK) the signals that pgweir listens for, on this thread.
/// To be blocked before there is any other thread.
void mask_signals(int how);

/// Runs on the main thread, which carries no client.
class Daemon {
  public:
    /// `loaded` is what `file` holds, without a problem.
    Daemon(conf::ConfigurationFile file, conf::Loaded loaded);
    ~Daemon() = default;
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    /// Runs until it is told to stop.
    [[nodiscard]] ExitCode run();

  private:
    enum class Phase : std::uint8_t { running, draining, stopping };
    using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

    [[nodiscard]] bool open_listeners();
    [[nodiscard]] bool open_http();
    void give_to_worker(AcceptedClient client);
    void route_cancel(const protocol::CancelKey& key, std::function<void()> done);
    Task<> handle_signals();
    Task<> keep_house();
    Task<> feed_watchdog();
    Task<> drain_deadline();
    void reload();
    void refuse_reload(const std::vector<conf::Problem>& problems) const;
    /// How many changes a reload applies, and how many wait for a restart.
    struct ReloadCounts {
        std::size_t applied = 0;
        std::size_t need_restart = 0;
    };
    [[nodiscard]] ReloadCounts log_changes(const conf::Config& next) const;
    void log_report(const conf::pgbouncer::Report& report);
    void refresh_tls();
    void begin_drain();
    void stop_now();
    void leave_if_empty();
    [[nodiscard]] Sample sample() const;
    [[nodiscard]] Readiness readiness() const;
    [[nodiscard]] bool has_server() const;
    void tell_status() const;
    [[nodiscard]] unsigned clients() const;

    const conf::ConfigurationFile config_file_;
    std::shared_ptr<const conf::Config> config_;
    /// What was read at the start: what needs a restart is as it says.
    const std::shared_ptr<const conf::Config> config_at_start_;
    conf::pgbouncer::Report report_;  ///< until it is logged
    std::set<std::string> reported_;  ///< what has been
    asio::io_context io_{1};
    PoolLog pool_log_;
    ClientLimits limits_;
    ClientTlsStore tls_;
    std::vector<std::unique_ptr<pool::WorkerContext>> contexts_;
    AuthQuery auth_query_;
    AuthShared auth_{.query = auth_query_};
    pool::Registry registry_;
    Gateway gateway_;
    std::vector<std::unique_ptr<Worker>> workers_;
    Watchdog watchdog_;
    Listener listener_;
    Collector collector_;
    std::unique_ptr<HttpServer> http_;
    std::unique_ptr<Reachability> reachability_;  ///< only with HTTP, which is who asks
    asio::basic_signal_set<Executor> signals_;
    Timer housekeeping_;
    Timer watchdog_timer_;
    Timer deadline_;
    Phase phase_ = Phase::running;
    ExitCode exit_code_ = ExitCode::ok;
};

}  // namespace pgweir::daemon
