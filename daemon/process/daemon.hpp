// The process: workers, listener, HTTP, signals, reload and the way out.
#pragma once

#include <atomic>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "conf/file/configuration_file.hpp"
#include "daemon/auth/authentication.hpp"
#include "daemon/client/client_limits.hpp"
#include "daemon/console/console.hpp"
#include "daemon/metrics/collector.hpp"
#include "daemon/process/http_server.hpp"
#include "daemon/process/listener.hpp"
#include "daemon/process/pool_log.hpp"
#include "daemon/process/reachability.hpp"
#include "daemon/process/reconfiguration.hpp"
#include "daemon/process/service_manager.hpp"
#include "daemon/process/worker.hpp"
#include "pool/lending/registry.hpp"

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
class Daemon : private console::Operations {
  public:
    /// `loaded` is what `file` holds, without a problem.
    Daemon(conf::ConfigurationFile file, conf::Loaded loaded);
    ~Daemon() override = default;
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    /// Runs until it is told to stop.
    [[nodiscard]] ExitCode run();

  private:
    /// Leaving: nobody comes in, and it ends when the last client has left; draining: clients leave
    /// when their work is done.
    enum class Phase : std::uint8_t { running, leaving, draining, stopping };
    using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

    // For the console.
    [[nodiscard]] std::shared_ptr<const conf::Config> config() const override {
        return reconfiguration_.config();
    }
    [[nodiscard]] pool::Registry& registry() override { return registry_; }
    [[nodiscard]] const console::ClientCounts& client_counts() const override { return limits_; }
    [[nodiscard]] std::size_t client_size() const override { return sizeof(ClientSession); }
    [[nodiscard]] std::vector<console::WorkerOperations*> workers() const override {
        std::vector<console::WorkerOperations*> workers;
        for (const auto& worker : workers_) workers.push_back(worker.get());
        return workers;
    }

    ReloadReport reload() override;
    ReloadReport set(const conf::NamedSetting& setting, std::string_view text) override;
    void shut_down(console::ShutdownWay way) override;
    [[nodiscard]] bool is_shutting_down() const override { return phase_ != Phase::running; }

    [[nodiscard]] bool open_listeners();
    [[nodiscard]] bool may_listen_at(const std::vector<int>& inherited);
    [[nodiscard]] bool open_http();
    void give_to_worker(AcceptedClient client);
    void route_cancel(const protocol::CancelKey& key, std::function<void()> done);
    void ask_for_cancel(const protocol::CancelKey& key, std::function<void()> done,
                        std::size_t worker);
    Task<> handle_signals();
    Task<> keep_house();
    Task<> feed_watchdog();
    Task<> limit_shutdown();
    void apply_configuration();
    void pause_all(bool paused);
    void refresh_tls();
    void begin_shutdown(Phase phase);
    void stop_now();
    void leave_if_empty();
    [[nodiscard]] Sample sample() const;
    [[nodiscard]] Readiness readiness() const;
    [[nodiscard]] bool has_server() const;
    void tell_status() const;
    [[nodiscard]] unsigned clients() const;

    Reconfiguration reconfiguration_;
    asio::io_context io_{1};
    PoolLog pool_log_;
    ClientLimits limits_;
    LoginRoom logins_;  ///< outlives all sessions
    ClientTlsStore tls_;
    std::vector<std::unique_ptr<pool::WorkerContext>> contexts_;
    AuthQuery auth_query_;
    AuthShared auth_{.query = auth_query_};
    pool::Registry registry_;
    console::Console console_;
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
