// A worker: one thread, one loop, and the clients and servers that live on it.
#pragma once

#include <atomic>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "conf/config.hpp"
#include "daemon/client_limits.hpp"
#include "daemon/client_session.hpp"
#include "daemon/console/console.hpp"
#include "daemon/exchange.hpp"
#include "daemon/login_room.hpp"
#include "daemon/random_bits.hpp"
#include "daemon/tls/client_tls.hpp"
#include "pool/registry.hpp"
#include "pool/spares.hpp"
#include "pool/statistics.hpp"
#include "pool/worker_context.hpp"

namespace pgweir::daemon {

/// What the workers ask of the rest of the process. Thread-safe.
struct Gateway {
    pool::Registry& registry;
    ClientLimits& limits;
    LoginRoom& logins;
    AuthShared& auth;
    ClientTlsStore& tls;
    console::Console& console;
    /// Brings a CancelRequest to the worker whose client has this key.
    /// `done` is called, on that worker, when the cancel has taken effect or never will.
    std::function<void(const protocol::CancelKey&, std::function<void()> done)> route_cancel;
    /// Every client of the process has another number.
    std::atomic<std::uint64_t> next_client{1};
    /// How many clients have come for the console.
    std::atomic<unsigned> console_clients{0};
    /// Told when a worker has no clients left while draining.
    std::function<void()> worker_is_empty;
    /// Called by every worker from its own loop, several times a second.
    std::function<void(unsigned worker)> beat;
};

/// Functions marked "any thread" post to the worker; all others are for its own thread.
class Worker {
  public:
    /// Keys of clients name their worker in these low bits of the pid, which bounds their number.
    static constexpr unsigned worker_bits = 8;
    static constexpr unsigned max_workers = 1U << worker_bits;
    /// The bit of such a pid that no process id of a server has.
    static constexpr std::uint32_t names_worker = 1U << 30U;

    Worker(pool::WorkerContext& context, Gateway& gateway,
           std::shared_ptr<const conf::Config> config);
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker() = default;  // stop() has been called

    /// Starts the thread. Call once.
    void run();
    /// Any thread but its own. Ends the loop when it has done what was posted to it before, and
    /// joins the thread. Sessions that are still there are cut off.
    void stop();

    // Any thread.
    /// On the worker's own, at once.
    void accept(AcceptedClient client);
    /// Cancels what the client with this key has asked; calls `done` then, or `otherwise`, if there
    /// is one, where no client of this worker has the key.
    void cancel(const protocol::CancelKey& key, std::function<void()> done,
                std::function<void()> otherwise);
    void reconfigure(std::shared_ptr<const conf::Config> config);
    /// Gives `done`, on the worker, what there is to tell about clients and servers, and about
    /// prepared statements if they are asked for.
    void look(bool statements, std::function<void(WorkerView)> done);
    /// No client stays longer than its present work.
    void drain();
    /// Cuts off the clients of one database, or of all but the console where none is named.
    void kill_clients(std::optional<std::string> database);
    /// Cuts off the client with this number, if this worker has it. `done` hears, on the worker,
    /// whether it has.
    void kill_client(std::uint64_t id, std::function<void(bool)> done);
    /// Every client is told that pgweir is shutting down, and closed.
    void close_clients();
    [[nodiscard]] const pool::WorkerStatistics& statistics() const { return statistics_; }
    /// Clients given to this worker that have not ended, whether it knows of them yet or not.
    [[nodiscard]] unsigned clients() const { return clients_.load(std::memory_order_relaxed); }

    // For sessions.
    [[nodiscard]] pool::WorkerContext& context() { return context_; }
    [[nodiscard]] Gateway& gateway() { return gateway_; }
    [[nodiscard]] const conf::Config& config() const { return *config_; }
    /// For what has to outlast a reload.
    [[nodiscard]] std::shared_ptr<const conf::Config> shared_config() const { return config_; }
    [[nodiscard]] pool::WorkerStatistics& counters() { return statistics_; }
    /// A key that no client has and nobody can guess; the session is found by it until it ends.
    /// Its pid is `server_pid`, or random where that is 0. Its secret is as long as PostgreSQL's
    /// for a client that speaks this version of the protocol.
    [[nodiscard]] protocol::CancelKey issue_key(ClientSession& session, std::uint32_t server_pid,
                                                std::uint32_t version);
    void remove(ClientSession& session);
    /// Room for what a session has to do.
    [[nodiscard]] std::unique_ptr<Exchange> lend_exchange();
    void take_back(std::unique_ptr<Exchange> exchange);
    [[nodiscard]] bool is_draining() const { return draining_; }
    /// Of the sessions that wait for something other than the client's socket: the tick looks
    /// whether their client is still there.
    boost::intrusive::list<Exchange, boost::intrusive::constant_time_size<false>> unwatched;

  private:
    using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

    static constexpr std::chrono::milliseconds tick{100};

    template <typename Action>
    void post(Action action);
    void begin(AcceptedClient client);
    Task<> keep_time();
    [[nodiscard]] ClientSession* find(const protocol::CancelKey& key) const;
    void end_if_empty();
    void end_loop(unsigned turns);

    pool::WorkerContext& context_;
    Gateway& gateway_;
    std::shared_ptr<const conf::Config> config_;
    pool::WorkerStatistics statistics_;
    boost::intrusive::list<ClientSession> sessions_;
    /// By the process id and the first four bytes of the secret, which no two of them share.
    boost::unordered_flat_map<std::uint64_t, ClientSession*> by_key_;
    std::atomic<unsigned> clients_{0};
    pool::Spares<Exchange> exchanges_;
    RandomBits random_;
    bool draining_ = false;
    asio::executor_work_guard<Executor> keep_running_;
    Timer ticker_;
    std::thread thread_;
};

}  // namespace pgweir::daemon
