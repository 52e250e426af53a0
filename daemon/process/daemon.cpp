#include "daemon/process/daemon.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <csignal>
#include <cstdint>
#include <thread>
#include <utility>

#include "daemon/log/log.hpp"

namespace pgweir::daemon {

using conf::LogLevel;

namespace {

// How many of those who have not logged in make room when descriptors run out.
constexpr std::size_t leave_at_once = 16;

constexpr std::array signals{SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2};

unsigned number_of_workers(const conf::Config& config) {
    const unsigned wanted =
        config.workers != 0 ? config.workers : std::thread::hardware_concurrency();
    return std::clamp(wanted, 1U, ClientWorker::max_workers);
}

std::vector<std::unique_ptr<pool::WorkerContext>> make_contexts(unsigned count) {
    std::vector<std::unique_ptr<pool::WorkerContext>> contexts;
    for (unsigned i = 0; i < count; ++i)
        contexts.push_back(std::make_unique<pool::WorkerContext>(i));
    return contexts;
}

std::vector<pool::WorkerContext*> pointers(
    const std::vector<std::unique_ptr<pool::WorkerContext>>& contexts) {
    std::vector<pool::WorkerContext*> result;
    result.reserve(contexts.size());
    for (const auto& context : contexts) result.push_back(context.get());
    return result;
}

// Clients and servers are a descriptor each; the soft limit is made for programs that use select().
void raise_descriptor_limit(const conf::Config& config) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < config.max_client_conn + 100ULL) {
        log::write(LogLevel::warning, "few_descriptors",
                   {{"limit", static_cast<std::uint64_t>(limit.rlim_cur)},
                    {"max_client_conn", config.max_client_conn},
                    {"hint", "raise LimitNOFILE of the service, or ulimit -n"}});
    }
}

}  // namespace

// Asio gives a signal its default action back when a signal set ends, and any thread may be chosen
// to take it. Only the main thread takes signals, and only while it listens for them: a second
// SIGTERM does not turn an orderly end into a death by signal.
void mask_signals(int how) {
    sigset_t ours{};
    sigemptyset(&ours);
    for (const int signal : signals) sigaddset(&ours, signal);
    pthread_sigmask(how, &ours, nullptr);
}

Daemon::Daemon(conf::ConfigurationFile file, conf::Loaded loaded)
    : reconfiguration_(std::move(file), std::move(loaded)),
      limits_(reconfiguration_.config()->max_client_conn),
      contexts_(make_contexts(number_of_workers(*reconfiguration_.config()))),
      auth_query_(contexts_.front()->io),
      registry_(pointers(contexts_), pool_log_),
      console_(io_, *this),
      gateway_{.registry = registry_,
               .limits = limits_,
               .logins = logins_,
               .auth = auth_,
               .tls = tls_,
               .console = console_,
               .route_cancel =
                   [this](const protocol::CancelKey& key, std::function<void()> done) {
                       route_cancel(key, std::move(done));
                   },
               .client_has_left =
                   [this] { asio::post(io_.get_executor(), [this] { leave_if_empty(); }); },
               .beat = [this](unsigned worker) { watchdog_.beat(worker); }},
      watchdog_(contexts_.size(), Clock::now()),
      // A single worker takes in its clients itself: to be woken by another thread for each would
      // cost more than to accept it.
      listener_(
          contexts_.size() == 1 ? contexts_.front()->io : io_,
          [this](AcceptedClient client) { give_to_worker(std::move(client)); },
          [this] { return logins_.make_room(leave_at_once) > 0; }),
      collector_([this] { return sample(); }),
      signals_(io_.get_executor()),
      housekeeping_(io_.get_executor()),
      watchdog_timer_(io_.get_executor()),
      deadline_(io_.get_executor()) {
    for (const int signal : signals) signals_.add(signal);
    for (const auto& context : contexts_) {
        workers_.push_back(std::make_unique<Worker>(*context, gateway_, reconfiguration_.config()));
    }
}

ExitCode Daemon::run() {
    std::signal(SIGPIPE, SIG_IGN);  // NOLINT(cert-err33-c): it cannot fail for a known signal
    reconfiguration_.log_import();
    raise_descriptor_limit(*config());
    logins_.set_limits(login_limits(*config()));
    if (const auto problem = tls_.load(*config())) {
        log::write(LogLevel::error, "cannot_start", {{"error", *problem}});
        return ExitCode::bad_configuration;
    }
    if (!open_listeners() || !open_http()) return ExitCode::cannot_start;
    for (const auto& worker : workers_) worker->run();
    registry_.make_minimum_pools(*config());
    asio::co_spawn(io_.get_executor(), handle_signals(), asio::detached);
    asio::co_spawn(io_.get_executor(), keep_house(), asio::detached);
    asio::co_spawn(io_.get_executor(), feed_watchdog(), asio::detached);
    listener_.start();
    log::write(LogLevel::info, "started",
               {{"version", PGWEIR_VERSION},
                {"workers", workers_.size()},
                {"config", reconfiguration_.path()}});
    service_manager::notify_ready();
    tell_status();
    mask_signals(SIG_UNBLOCK);
    io_.run();
    mask_signals(SIG_BLOCK);
    registry_.shut_down();
    for (const auto& worker : workers_) worker->stop();
    log::write(LogLevel::info, "stopped", {{"exit_code", static_cast<int>(exit_code_)}});
    return exit_code_;
}

bool Daemon::open_listeners() {
    // A service manager that hands over sockets has decided where to listen.
    const std::vector<int> inherited = service_manager::inherited_sockets();
    for (const int socket : inherited) listener_.adopt(socket);
    if (!inherited.empty()) return may_listen_at(inherited);
    return std::ranges::all_of(config()->listen, [this](const conf::ListenAddress& address) {
        const auto problem = listener_.listen(address, config()->so_reuseport);
        if (problem) log::write(LogLevel::error, "cannot_start", {{"error", *problem}});
        return !problem;
    });
}

// Of sockets that were handed over the check of the configuration knows nothing.
bool Daemon::may_listen_at(const std::vector<int>& inherited) {
    std::vector<conf::ListenAddress> addresses(inherited.size());
    std::ranges::transform(inherited, addresses.begin(), address_of);
    reconfiguration_.listens_at(std::move(addresses));
    const auto problem = reconfiguration_.exposure(*config());
    if (problem) log::write(LogLevel::error, "cannot_start", {{"error", *problem}});
    return !problem;
}

bool Daemon::open_http() {
    if (!config()->http) return true;
    reachability_ = std::make_unique<Reachability>(config(), [this] { return has_server(); });
    http_ = std::make_unique<HttpServer>(
        io_, [this] { return expose(collector_); }, [this] { return readiness(); });
    const auto problem = http_->listen(*config()->http);
    if (problem) log::write(LogLevel::error, "cannot_start", {{"error", *problem}});
    return !problem;
}

// --- clients -------------------------------------------------------------------------------------

void Daemon::give_to_worker(AcceptedClient client) {
    const auto least = std::ranges::min_element(workers_, {}, &Worker::clients);
    (*least)->accept(std::move(client));
}

// Called by workers.
void Daemon::route_cancel(const protocol::CancelKey& key, std::function<void()> done) {
    if ((key.pid & ClientWorker::names_worker) == 0) {
        ask_for_cancel(key, std::move(done), 0);
        return;
    }
    const unsigned worker = key.pid & (ClientWorker::max_workers - 1);
    workers_[worker < workers_.size() ? worker : 0]->cancel(key, std::move(done), {});
}

// A server's process id does not tell whose client has the key: one worker after the other looks.
void Daemon::ask_for_cancel(const protocol::CancelKey& key, std::function<void()> done,
                            std::size_t worker) {
    std::function<void()> next;
    if (worker + 1 < workers_.size()) {
        next = [this, key, done, worker] { ask_for_cancel(key, done, worker + 1); };
    }
    workers_[worker]->cancel(key, std::move(done), std::move(next));
}

unsigned Daemon::clients() const {
    unsigned sum = 0;
    for (const auto& worker : workers_) sum += worker->clients();
    return sum;
}

// --- signals -------------------------------------------------------------------------------------

Task<> Daemon::handle_signals() {
    while (phase_ != Phase::stopping) {
        const auto [error, signal] = co_await signals_.async_wait(as_result);
        if (error) co_return;
        if (signal == SIGHUP) {
            std::ignore = reload();
        } else if (signal == SIGUSR1 || signal == SIGUSR2) {
            if (phase_ == Phase::running) {
                pause_all(signal == SIGUSR1);
            } else {
                log::write(LogLevel::warning, "signal_ignored",
                           {{"signal", signal == SIGUSR1 ? "SIGUSR1" : "SIGUSR2"}});
            }
        } else if (signal == SIGQUIT || phase_ != Phase::running) {
            stop_now();
        } else {
            shut_down(signal == SIGTERM ? console::ShutdownWay::when_clients_have_left
                                        : console::ShutdownWay::when_servers_are_free);
        }
    }
}

ReloadReport Daemon::reload() {
    service_manager::notify_reloading();
    ReloadReport report = reconfiguration_.reload(tls_);
    if (report.applied()) apply_configuration();
    service_manager::notify_ready();
    return report;
}

ReloadReport Daemon::set(const conf::NamedSetting& setting, std::string_view text) {
    ReloadReport report = reconfiguration_.set(setting, text, tls_);
    if (report.applied()) apply_configuration();
    return report;
}

void Daemon::apply_configuration() {
    const auto config = reconfiguration_.config();
    limits_.set_max_client_conn(config->max_client_conn);
    logins_.set_limits(login_limits(*config));
    registry_.reconfigure(*config);
    for (const auto& worker : workers_) worker->reconfigure(config);
    if (reachability_) reachability_->reconfigure(config);
}

void Daemon::pause_all(bool paused) {
    log::write(LogLevel::info, paused ? "paused" : "resumed");
    registry_.pause(nullptr, paused);
}

// --- housekeeping --------------------------------------------------------------------------------

Task<> Daemon::keep_house() {
    while (true) {
        housekeeping_.expires_after(std::chrono::seconds(1));
        const auto [error] = co_await housekeeping_.async_wait(as_result);
        if (error) co_return;
        if (phase_ != Phase::stopping) registry_.sweep(Clock::now());
        auth_query_.sweep();
        console_.keep_house();
        leave_if_empty();
        refresh_tls();
        tell_status();
    }
}

// Certificates are renewed by programs that do not know of us. A bad new file leaves the former
// certificate in use.
void Daemon::refresh_tls() {
    bool loaded = false;
    const auto problem = tls_.refresh(*config(), loaded);
    if (problem) {
        log::write(LogLevel::error, "tls_files_bad",
                   {{"error", *problem}, {"hint", "the former certificate stays in use"}});
    } else if (loaded) {
        log::write(LogLevel::info, "tls_files_read");
    }
}

Task<> Daemon::feed_watchdog() {
    const auto interval = service_manager::watchdog_interval();
    if (!interval) co_return;
    while (true) {
        watchdog_timer_.expires_after(*interval / 2);
        const auto [error] = co_await watchdog_timer_.async_wait(as_result);
        if (error) co_return;
        if (watchdog_.feed(Clock::now())) {
            service_manager::notify_watchdog();
            continue;
        }
        for (const Watchdog::Silent& silent : watchdog_.silent()) {
            const auto ms =
                std::chrono::duration_cast<std::chrono::milliseconds>(silent.since).count();
            log::write(LogLevel::warning, "worker_silent",
                       {{"worker", silent.worker}, {"since_ms", ms}});
        }
    }
}

Sample Daemon::sample() const {
    Sample sample{.draining = phase_ != Phase::running,
                  .max_client_conn = config()->max_client_conn};
    for (const auto& pool : registry_.all()) {
        PoolSample& row = sample.pools.emplace_back();
        // A name that has never been more than a client's word costs no series of its own.
        const bool known = pool->outages().has_connected();
        row.database = known || config()->names_database(pool->database()) ? pool->database() : "*";
        row.user =
            known || config()->names_user(pool->database(), pool->user()) ? pool->user() : "*";
        row.pool_size = pool->budget().limit();
        row.servers_open = pool->budget().open();
        for (unsigned worker = 0; worker < workers_.size(); ++worker) {
            row.workers.emplace_back(pool, &pool->statistics(worker));
        }
    }
    if (const auto tls = tls_.current()) {
        sample.client_tls_expiry =
            std::chrono::duration<double>(tls->expires_at().time_since_epoch()).count();
    }
    for (const auto& worker : workers_) sample.workers.push_back(&worker->statistics());
    return sample;
}

Readiness Daemon::readiness() const {
    if (phase_ != Phase::running) return {.ok = false, .explanation = "draining"};
    if (has_server() || reachability_->any_reachable()) return {.ok = true, .explanation = "ready"};
    return {.ok = false, .explanation = "no server can be reached"};
}

bool Daemon::has_server() const {
    return std::ranges::any_of(registry_.all(), [](const std::shared_ptr<pool::Pool>& pool) {
        return pool->budget().open() > 0 && !pool->outages().is_down();
    });
}

void Daemon::tell_status() const {
    unsigned servers = 0;
    for (const auto& pool : registry_.all()) servers += pool->budget().open();
    service_manager::notify_status((phase_ == Phase::running ? "" : "stopping: ") +
                                   std::to_string(clients()) + " clients, " +
                                   std::to_string(servers) + " servers");
}

}  // namespace pgweir::daemon
