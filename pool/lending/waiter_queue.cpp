#include "pool/lending/waiter_queue.hpp"

#include <cassert>
#include <memory>

namespace pgweir::pool {

std::optional<Clock::time_point> WaiterQueue::oldest() const {
    if (waiters_.empty()) return std::nullopt;
    return waiters_.front().since;
}

std::size_t WaiterQueue::count_since(Clock::time_point latest, std::size_t most) const {
    std::size_t count = 0;
    for (const Waiter& waiter : waiters_) {
        if (count == most || waiter.since > latest) break;
        ++count;
    }
    return count;
}

void WaiterQueue::add(Waiter& waiter) {
    assert(waiter.waits && !waiter.dedicated);
    waiters_.push_back(waiter);
    publish();
}

Waiter& WaiterQueue::take_front() {
    assert(!waiters_.empty());
    Waiter& waiter = waiters_.front();
    waiters_.pop_front();
    publish();
    return waiter;
}

void WaiterQueue::withdraw(Waiter& waiter) {
    if (!waiter.is_linked()) return;
    waiters_.erase(waiters_.iterator_to(waiter));
    publish();
    waiter.release();
}

void WaiterQueue::refuse(const protocol::ErrorReport& report, Clock::time_point latest) {
    while (!waiters_.empty() && waiters_.front().since <= latest) {
        Waiter& waiter = take_front();
        waiter.refusal = std::make_unique<protocol::ErrorReport>(report);
        waiter.release();
    }
}

}  // namespace pgweir::pool
