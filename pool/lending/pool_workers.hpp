// The workers of one pool: each one's part, and how one of them asks another for something.
#pragma once

#include <boost/asio/post.hpp>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "pool/lending/pool_part.hpp"
#include "pool/worker/worker_context.hpp"

namespace pgweir::pool {

class Pool;
class WaitingBoard;
struct PoolSetup;

/// Owns the parts of a pool. One worker reaches another by a `post`, never by a lock; whom to ask
/// it sees on the board. Thread-safe unless said otherwise.
class PoolWorkers {
  public:
    PoolWorkers(Pool& pool, const std::vector<WorkerContext*>& contexts,
                const std::shared_ptr<const PoolSetup>& setup);

    [[nodiscard]] std::size_t size() const { return parts_.size(); }
    /// The part of this worker; touch only on that worker.
    [[nodiscard]] PoolPart& part(unsigned worker) { return *parts_[worker]; }
    [[nodiscard]] const PoolPart& part(unsigned worker) const { return *parts_[worker]; }
    [[nodiscard]] WorkerContext& context(unsigned worker) const { return *contexts_[worker]; }

    /// Has a worker do this with its part of the pool, which is kept alive until then.
    template <typename Action>
    void post(unsigned worker, Action action) {
        asio::post(contexts_[worker]->io.get_executor(),
                   [keep_alive = keep_alive(), &part = *parts_[worker],
                    action = std::move(action)]() mutable { action(part); });
    }
    template <typename Action>
    void post_all(const Action& action) {
        for (unsigned worker = 0; worker < parts_.size(); ++worker) post(worker, action);
    }

    /// How often a server was lent, on any worker.
    [[nodiscard]] std::uint64_t leases() const;

    /// Has a worker look again for what its waiting clients need.
    void wake(unsigned worker);
    /// A place has become free for this pool: workers with waiting clients may connect.
    void wake_all();
    /// Asks another worker that has an idle server to send it to `worker`, whose client waits.
    /// False when none has.
    [[nodiscard]] bool ask_for_idle(unsigned worker);
    /// Gives up one idle server, on whichever worker has one, to make room for another pool or for
    /// a dedicated server. False when there is none.
    bool give_up_idle();
    /// Has workers take back servers that clients keep only until others wait.
    void ask_for_kept_servers();

  private:
    [[nodiscard]] std::shared_ptr<Pool> keep_alive() const;

    Pool& pool_;
    const std::vector<WorkerContext*> contexts_;
    std::vector<std::unique_ptr<PoolPart>> parts_;
};

}  // namespace pgweir::pool
