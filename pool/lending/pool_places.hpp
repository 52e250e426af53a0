// The limits that a pool's connections are under.
#pragma once

#include <memory>

#include "pool/connect/server_connection.hpp"
#include "pool/lending/budget.hpp"

namespace pgweir::pool {

/// Places for the connections of one pool: under the limit of the pool itself (only those that
/// clients share), of its database and of its user. Thread-safe.
class PoolPlaces {
  public:
    PoolPlaces(unsigned limit, std::shared_ptr<Budget> database, std::shared_ptr<Budget> user)
        : own_(limit), database_(std::move(database)), user_(std::move(user)) {}

    /// Takes a place under each limit, or none at all.
    [[nodiscard]] bool try_take(Place place);
    void give_back(Place place);

    /// The pool's own limit, and how many of its connections are under it.
    [[nodiscard]] const Budget& own() const { return own_; }
    void set_limit(unsigned limit) { own_.set_limit(limit); }
    /// Some limit leaves no place for a connection that clients share.
    [[nodiscard]] bool are_full() const;
    /// Other pools may be under a limit that this one is under.
    [[nodiscard]] bool may_be_shared() const;
    [[nodiscard]] bool share_limit_with(const PoolPlaces& other) const;

  private:
    Budget own_;
    const std::shared_ptr<Budget> database_;
    const std::shared_ptr<Budget> user_;
};

}  // namespace pgweir::pool
