// The clients of one worker.
#pragma once

#include <atomic>
#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "conf/config.hpp"
#include "daemon/client/client_session.hpp"
#include "daemon/client/exchange.hpp"
#include "daemon/client/gateway.hpp"
#include "daemon/client/random_bits.hpp"
#include "pool/io/spares.hpp"
#include "pool/telling/statistics.hpp"
#include "pool/worker/worker_context.hpp"

namespace pgweir::daemon {

/// A worker as its clients' sessions know it: the list of them, what they share, and what is done
/// to all of them. Touch only on the worker's thread, but for what says otherwise.
class ClientWorker {
  public:
    /// Keys of clients name their worker in these low bits of the pid, which bounds their number.
    static constexpr unsigned worker_bits = 8;
    static constexpr unsigned max_workers = 1U << worker_bits;
    /// The bit of such a pid that no process id of a server has.
    static constexpr std::uint32_t names_worker = 1U << 30U;

    ClientWorker(pool::WorkerContext& context, Gateway& gateway,
                 std::shared_ptr<const conf::Config> config)
        : context_(context), gateway_(gateway), config_(std::move(config)) {}
    ClientWorker(const ClientWorker&) = delete;
    ClientWorker& operator=(const ClientWorker&) = delete;
    ~ClientWorker() = default;

    // For sessions.
    [[nodiscard]] pool::WorkerContext& context() { return context_; }
    [[nodiscard]] Gateway& gateway() { return gateway_; }
    [[nodiscard]] const conf::Config& config() const { return *config_; }
    /// For what has to outlast a reload.
    [[nodiscard]] std::shared_ptr<const conf::Config> shared_config() const { return config_; }
    [[nodiscard]] pool::WorkerStatistics& counters() { return statistics_; }
    /// The process id of a client's key and the first four bytes of its secret, which no two
    /// clients share; never 0.
    using ShortKey = std::uint64_t;
    static constexpr std::size_t short_secret = 4;
    /// Of a key whose secret has as many bytes at least.
    [[nodiscard]] static ShortKey short_of(const protocol::CancelKey& key) {
        return ShortKey{key.pid} << 32U | protocol::read_uint32(key.secret);
    }
    [[nodiscard]] static std::uint32_t pid_of(ShortKey key) {
        return static_cast<std::uint32_t>(key >> 32U);
    }
    /// A key that no client has and nobody can guess; the session is found by it until it ends.
    /// Its pid is `server_pid`, or random where that is 0. Its secret is as long as PostgreSQL's
    /// for a client that speaks this version of the protocol.
    [[nodiscard]] protocol::CancelKey issue_key(ClientSession& session, std::uint32_t server_pid,
                                                std::uint32_t version);
    void remove(ClientSession& session);
    /// Room for what a session has to do.
    [[nodiscard]] std::unique_ptr<Exchange> lend_exchange();
    void take_back(std::unique_ptr<Exchange> exchange);
    /// Of the sessions that wait for something other than the client's socket: the tick looks
    /// whether their client is still there.
    boost::intrusive::list<Exchange, boost::intrusive::constant_time_size<false>> unwatched;

    // For the worker's thread.
    /// Any thread: a client is on its way to begin().
    void expect_client() { clients_.fetch_add(1, std::memory_order_relaxed); }
    /// Clients that were expected and have not ended. Any thread.
    [[nodiscard]] unsigned clients() const { return clients_.load(std::memory_order_relaxed); }
    /// Any thread.
    [[nodiscard]] const pool::WorkerStatistics& statistics() const { return statistics_; }
    void begin(AcceptedClient client);
    /// Cancels what the client with this key has asked; calls `done` then, or `otherwise`, if there
    /// is one, where no client of this worker has the key.
    void cancel(const protocol::CancelKey& key, std::function<void()> done,
                const std::function<void()>& otherwise);
    void reconfigure(std::shared_ptr<const conf::Config> config);
    /// What there is to tell about clients and servers, and about prepared statements if they are
    /// asked for.
    [[nodiscard]] WorkerView view(bool statements);
    /// Ends the sessions whose client has gone while nothing reads it.
    void look_for_ends();
    /// No client stays longer than its present work, but those of the console.
    void drain();
    /// Cuts off the clients of one database, or of all but the console where none is named.
    void kill_clients(const std::optional<std::string>& database);
    /// Cuts off the client with this number. False: there is none here.
    [[nodiscard]] bool kill_client(std::uint64_t id);
    /// Every client is told that pgweir is shutting down, and closed.
    void close_clients();
    /// Every client is closed without a word: the loop is about to end.
    void cut_off();

  private:
    [[nodiscard]] ClientSession* find(const protocol::CancelKey& key) const;

    pool::WorkerContext& context_;
    Gateway& gateway_;
    std::shared_ptr<const conf::Config> config_;
    pool::WorkerStatistics statistics_;
    boost::intrusive::list<ClientSession> sessions_;
    boost::unordered_flat_map<ShortKey, ClientSession*> by_key_;
    /// Secrets of more than four bytes, whole: few clients speak protocol 3.2.
    boost::unordered_flat_map<ShortKey, std::string> long_secrets_;
    std::atomic<unsigned> clients_{0};
    pool::Spares<Exchange> exchanges_;
    RandomBits random_;
    bool closing_ = false;  ///< nobody is let in any more
};

}  // namespace pgweir::daemon
