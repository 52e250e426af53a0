// The limits that a pool's connections are under.
#pragma once

#include <atomic>
#include <memory>

#include "pool/lending/budget.hpp"

namespace pgweir::pool {

/// Places for the connections of one pool: under the limit of the pool itself, of its database and
/// of its user. The pool's own limit has a reserve. Thread-safe.
class PoolPlaces {
  public:
    PoolPlaces(unsigned limit, std::shared_ptr<Budget> database, std::shared_ptr<Budget> user,
               unsigned reserve = 0)
        : own_(limit), reserve_(reserve), database_(std::move(database)), user_(std::move(user)) {}

    /// Takes a place under each limit, or none at all.
    [[nodiscard]] bool try_take() { return try_take_beyond(0); }
    /// The same where the pool's own limit is reached: one of the reserve.
    [[nodiscard]] bool try_take_reserve() { return try_take_beyond(reserve_); }
    void give_back();

    /// The pool's own limit, and how many of its connections are under it.
    [[nodiscard]] const Budget& own() const { return own_; }
    void set_limits(unsigned limit, unsigned reserve) {
        own_.set_limit(limit);
        reserve_ = reserve;
    }
    /// There are more than limit and reserve together allow, as the limit was lowered.
    [[nodiscard]] bool are_overdrawn() const { return own_.is_over(reserve_); }
    /// Some limit leaves no place for a connection that clients share.
    [[nodiscard]] bool are_full() const;
    /// Other pools may be under a limit that this one is under.
    [[nodiscard]] bool may_be_shared() const;
    [[nodiscard]] bool share_limit_with(const PoolPlaces& other) const;

  private:
    [[nodiscard]] bool try_take_beyond(unsigned reserve);

    Budget own_;
    std::atomic<unsigned> reserve_{0};
    const std::shared_ptr<Budget> database_;
    const std::shared_ptr<Budget> user_;
};

}  // namespace pgweir::pool
