#include "pool/lending/pool_workers.hpp"
#include <cstdint>
#include <utility>

#include "pool/lending/pool.hpp"

namespace pgweir::pool {

PoolWorkers::PoolWorkers(Pool& pool, const std::vector<WorkerContext*>& contexts,
                         const std::shared_ptr<const PoolSetup>& setup)
    : pool_(pool), contexts_(contexts) {
    parts_.reserve(contexts.size());
    for (WorkerContext* context : contexts)
        parts_.push_back(std::make_unique<PoolPart>(pool, *context, setup));
}

std::shared_ptr<Pool> PoolWorkers::keep_alive() const {
    return pool_.shared_from_this();
}

std::uint64_t PoolWorkers::leases() const {
    std::uint64_t leases = 0;
    for (const auto& part : parts_) leases += std::as_const(*part).statistics().leases.get();
    return leases;
}

void PoolWorkers::wake(unsigned worker) {
    if (!pool_.board().is_waiting(worker)) return;
    post(worker, [](PoolPart& part) { part.open_connections(); });
}

void PoolWorkers::wake_all() {
    for (unsigned worker = 0; worker < parts_.size(); ++worker) wake(worker);
}

bool PoolWorkers::ask_for_idle(unsigned worker) {
    const auto other = pool_.board().idle_elsewhere(worker);
    if (other) post(*other, [worker](PoolPart& part) { part.send_idle_to(worker); });
    return other.has_value();
}

bool PoolWorkers::give_up_idle() {
    const auto worker = pool_.board().any_idle();
    if (worker) post(*worker, [](PoolPart& part) { part.retirement().close_one_idle(); });
    return worker.has_value();
}

void PoolWorkers::ask_for_kept_servers() {
    for (unsigned worker = 0; worker < parts_.size(); ++worker) {
        const auto& pinned = part(worker).statistics().clients_pinned;
        const auto kept_for = [&](PinReason reason) {
            return pinned[static_cast<std::size_t>(reason)].get() > 0;
        };
        if (kept_for(PinReason::custom_setting) || kept_for(PinReason::sequence))
            post(worker, [](PoolPart& part) { part.kept_servers().take_back(); });
    }
}

}  // namespace pgweir::pool
