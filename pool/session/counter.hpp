// The numbers that statistics are made of.
#pragma once

#include <atomic>
#include <cstdint>

namespace pgweir::pool {

/// A number that one worker writes and any thread may read. Neither call is a read-modify-write:
/// the owner is alone in writing, so a plain load and store is enough and costs no bus lock.
class Counter {
  public:
    void add(std::uint64_t n = 1) {
        value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    void subtract(std::uint64_t n = 1) {
        value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_{0};
};

}  // namespace pgweir::pool
