// How many connections there may be: the only thing the workers of a pool share on purpose.
#pragma once

#include <atomic>
#include <cassert>

namespace pgweir::pool {

/// A limit over all workers: of a pool, a database or a user. Shared; any thread. Places are taken
/// and given back in the one order of all threads (see WaitingBoard).
class Budget {
  public:
    explicit Budget(unsigned limit) : limit_(limit) {}

    /// Takes one place if there is one; `beyond`: so many more than the limit there may be.
    [[nodiscard]] bool try_take(unsigned beyond = 0) {
        unsigned open = open_.load();
        do {
            const unsigned limit = limit_.load(std::memory_order_relaxed);
            if (limit != 0 && open >= limit + beyond) return false;
        } while (!open_.compare_exchange_weak(open, open + 1));
        return true;
    }
    /// Takes one also beyond the limit: for who is counted and not limited.
    void take() { open_.fetch_add(1); }
    void give_back() {
        [[maybe_unused]] const unsigned before = open_.fetch_sub(1);
        assert(before > 0);
    }

    /// Places taken now: connections open or being opened.
    [[nodiscard]] unsigned open() const { return open_.load(); }
    /// 0: no limit.
    [[nodiscard]] unsigned limit() const { return limit_.load(std::memory_order_relaxed); }
    /// More may be open than a lowered limit allows; they are not counted anew until they close.
    void set_limit(unsigned limit) { limit_.store(limit, std::memory_order_relaxed); }
    [[nodiscard]] bool is_over(unsigned beyond = 0) const {
        return limit() != 0 && open() > limit() + beyond;
    }
    [[nodiscard]] bool is_full() const { return limit() != 0 && open() >= limit(); }

  private:
    std::atomic<unsigned> open_{0};
    std::atomic<unsigned> limit_;
};

}  // namespace pgweir::pool
