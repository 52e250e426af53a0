// How long things took, as a histogram.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace pgweir::bench {

/// Buckets for all values: 64 for each power of two, so that none is wider than 1.6 % of its
/// values.
struct Buckets {
    static constexpr unsigned fine_bits = 6;
    static constexpr std::size_t fine = std::size_t{1} << fine_bits;
    static constexpr std::size_t count = (65 - fine_bits) * fine;

    /// Below 128 each value has its own; above, the seven highest bits tell it.
    [[nodiscard]] static constexpr std::size_t of(std::uint64_t value) {
        const auto width = static_cast<unsigned>(std::bit_width(value | fine));
        const unsigned shift = width - fine_bits - 1;
        return shift * fine + static_cast<std::size_t>(value >> shift);
    }
    /// The greatest value in it.
    [[nodiscard]] static constexpr std::uint64_t greatest(std::size_t bucket) {
        if (bucket < 2 * fine) return bucket;
        const std::size_t shift = bucket / fine - 1;
        return ((bucket - shift * fine + 1) << shift) - 1;
    }
};
static_assert(Buckets::of(0) == 0 && Buckets::of(127) == 127 && Buckets::greatest(127) == 127);
static_assert(Buckets::of(128) == 128 && Buckets::of(129) == 128 && Buckets::of(130) == 129);
static_assert(Buckets::greatest(128) == 129 && Buckets::of(~std::uint64_t{0}) < Buckets::count);

/// Counts durations in Buckets, so that a quantile needs no list of millions of values.
class Latencies {
  public:
    void add(std::chrono::nanoseconds latency) {
        const auto value = static_cast<std::uint64_t>(std::max(latency.count(), std::int64_t{0}));
        ++counts_[Buckets::of(value)];
        ++count_;
        sum_ += value;
    }

    void add(const Latencies& others) {
        for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += others.counts_[i];
        count_ += others.count_;
        sum_ += others.sum_;
    }

    [[nodiscard]] std::uint64_t count() const { return count_; }

    /// In microseconds; 0 without any.
    [[nodiscard]] double mean() const {
        return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_) / 1e3;
    }

    /// What at least this part (0 to 1) of the latencies was not above; in microseconds.
    [[nodiscard]] double quantile(double part) const {
        std::uint64_t below = 0;
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            below += counts_[i];
            if (below > 0 && static_cast<double>(below) >= part * static_cast<double>(count_)) {
                return static_cast<double>(Buckets::greatest(i)) / 1e3;
            }
        }
        return 0;
    }

  private:
    std::array<std::uint64_t, Buckets::count> counts_{};
    std::uint64_t count_ = 0;
    std::uint64_t sum_ = 0;
};

}  // namespace pgweir::bench
