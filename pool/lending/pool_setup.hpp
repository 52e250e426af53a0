// How a pool connects, and what governs it.
#pragma once

#include <string_view>
#include <vector>

#include "conf/config.hpp"
#include "protocol/sql/login_change.hpp"

namespace pgweir::pool {

/// Immutable once a pool has it; a new configuration makes a new one.
struct PoolSetup {
    std::vector<conf::ConnectionKeyword> connection;
    conf::PoolOptions options;
    unsigned generation = 0;  ///< counts up when `connection` changes, and by RECONNECT
    bool paused = false;      ///< no server is lent, and no connection is made

    /// The value of a libpq keyword, or "".
    [[nodiscard]] std::string_view value_of(std::string_view keyword) const;
    /// Whether both may have the same database behind them, by its name: a server has many.
    [[nodiscard]] bool shares_database_with(const PoolSetup& other) const;
    /// Whether the change names this pool's user or database.
    [[nodiscard]] bool is_meant_by(const protocol::LoginChange& change) const;
};

}  // namespace pgweir::pool
