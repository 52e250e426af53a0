// Memory that is used again.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace pgweir::pool {

/// Objects of one kind that one worker lends to its connections for as long as they need them.
/// Touch only from that worker.
template <typename T>
class Spares {
  public:
    using Pointer = std::unique_ptr<T>;

    /// One that was given back, or else what `make` makes.
    template <typename Make>
    [[nodiscard]] Pointer take(Make make) {
        if (unused_.empty()) return make();
        Pointer object = std::move(unused_.back());
        unused_.pop_back();
        return object;
    }
    void give_back(Pointer object) {
        if (unused_.size() < keep) unused_.push_back(std::move(object));
    }

  private:
    /// How many are kept for the next taker; the others are freed, so that a burst does not stay in
    /// memory.
    static constexpr std::size_t keep = 64;
    std::vector<Pointer> unused_;
};

}  // namespace pgweir::pool
