// One worker's share of a pool: its servers, and its clients that wait for one.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cassert>
#include <cstdint>
#include <memory>

#include "conf/config.hpp"
#include "pool/lending/dedicated_servers.hpp"
#include "pool/lending/idle_servers.hpp"
#include "pool/lending/kept_servers.hpp"
#include "pool/lending/retirement.hpp"
#include "pool/lending/server_opener.hpp"
#include "pool/lending/waiter_queue.hpp"
#include "pool/listening/listeners.hpp"
#include "pool/server/server.hpp"
#include "pool/server/server_home.hpp"
#include "pool/session/pool_knowledge.hpp"
#include "pool/telling/observer.hpp"
#include "pool/telling/statistics.hpp"
#include "pool/worker/worker_context.hpp"

namespace pgweir::pool {

class Pool;
struct PoolSetup;

/// Lends servers to the clients of one worker, first come first served, and takes them back. Which
/// connections are opened its ServerOpener decides, and which are closed its Retirement. Lives on
/// one worker; touch only from its io_context (asserted). Never suspends.
class PoolPart final : public ServerHome {
  public:
    PoolPart(Pool& pool, WorkerContext& context, std::shared_ptr<const PoolSetup> setup);
    ~PoolPart() override = default;
    PoolPart(const PoolPart&) = delete;
    PoolPart& operator=(const PoolPart&) = delete;

    // For tenants.
    /// Lends an idle server at once if there is one and nobody waits.
    [[nodiscard]] bool lend(Tenant& tenant);
    [[nodiscard]] bool has_idle() const { return !idle_.empty(); }
    /// Puts the waiter in the queue. It is released when its tenant has been granted a lease, or
    /// when it was refused, which may be before this returns.
    void enqueue(Waiter& waiter, Clock::time_point now);
    /// Takes the waiter out of the queue, if it is still in it.
    void withdraw(Waiter& waiter);

    [[nodiscard]] Pool& pool() const { return pool_; }
    [[nodiscard]] const conf::PoolOptions& options() const override;
    [[nodiscard]] PoolStatistics& statistics() override { return statistics_; }
    [[nodiscard]] const PoolStatistics& statistics() const { return statistics_; }
    [[nodiscard]] WorkerContext& context() const override { return context_; }

    // For servers.
    /// What they ask of the database and of statements.
    [[nodiscard]] PoolKnowledge& knowledge() {
        assert(context_.is_current());
        return knowledge_;
    }
    /// The answer to a question for the catalogue, here or by another worker's server; null: there
    /// was none. `version`: the catalogue's when it was asked for (CatalogueUpkeep::version).
    void catalogue_learned(const CataloguePtr& catalogue, std::uint64_t version);
    /// Its clients that listen.
    [[nodiscard]] Listeners& listeners() { return listeners_; }
    [[nodiscard]] SessionRooms::Surroundings surroundings(ServerConnection& connection) override;
    [[nodiscard]] std::unique_ptr<SessionHost> host(const Server& server) override;
    [[nodiscard]] std::shared_ptr<void> keep_alive() override;
    void passed(Server& server, Trial trial) override;
    void returned(Server& server) override;
    void move_out(Server& server, unsigned worker) override;
    void closed(Server& server, const End& end) override;
    void cancel_timed_out(const Server& server) override;

    // For those that get servers, and for telling of them.
    [[nodiscard]] ServerOpener& opener() { return opener_; }
    [[nodiscard]] KeptServers& kept_servers() { return kept_servers_; }
    [[nodiscard]] Retirement& retirement() { return retirement_; }
    /// Clients that wait for any server.
    [[nodiscard]] WaiterQueue& waiters() { return waiters_; }
    /// All of its servers, whatever they do.
    [[nodiscard]] const auto& servers() const { return servers_; }
    [[nodiscard]] const std::shared_ptr<const PoolSetup>& setup() const { return setup_; }
    /// No server may be lent and no connection made.
    [[nodiscard]] bool is_paused() const;
    [[nodiscard]] bool is_shutting_down() const { return shutting_down_; }
    /// A connection has been made; the server is nobody's yet.
    Server& add(ServerConnection connection, Clock::duration took);
    /// Lends a server that was just added.
    void lend_new(Server& server, Waiter& waiter);
    /// Gets servers for all clients that wait.
    void open_connections();

    // For the pool, by post.
    void adopt(ServerConnection connection);
    void send_idle_to(unsigned worker);
    void sweep(Clock::time_point now);
    void reconfigure(std::shared_ptr<const PoolSetup> setup);
    /// Closes every server, whatever it does.
    void close_servers(ServerClose reason, std::string_view detail);
    /// The same for good. What is connecting is closed when it has connected.
    void shut_down();

  private:
    void grant(Server& server);
    void pass_on(Server& server, Clock::time_point since);

    Pool& pool_;
    WorkerContext& context_;
    std::shared_ptr<const PoolSetup> setup_;
    PoolStatistics statistics_;
    boost::unordered_flat_map<const Server*, std::shared_ptr<Server>> servers_;
    IdleServers idle_;
    WaiterQueue waiters_;
    DedicatedServers dedicated_{*this};
    ServerOpener opener_{*this};
    KeptServers kept_servers_{*this};
    Retirement retirement_{*this, idle_};
    PoolKnowledge knowledge_;
    Listeners listeners_{*this};
    bool shutting_down_ = false;
};

}  // namespace pgweir::pool
