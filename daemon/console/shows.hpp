// What there is to show, a file by subject; show_table.cpp brings it together. PgBouncer's columns
// come first, in its order and of its types; what only pgweir has stands behind them.
#pragma once

#include <cstdint>
#include <span>

#include "daemon/console/show_table.hpp"
#include "daemon/console/snapshot.hpp"

namespace pgweir::daemon::console {

/// CLIENTS, SERVERS, SOCKETS, ACTIVE_SOCKETS.
[[nodiscard]] std::span<const Show> socket_shows();
/// POOLS, DATABASES, USERS, LISTS.
[[nodiscard]] std::span<const Show> pool_shows();
/// STATS, STATS_TOTALS, STATS_AVERAGES, TOTALS.
[[nodiscard]] std::span<const Show> stats_shows();
/// CONFIG, MEM, STATE, VERSION, and what pgweir has none of: peers, names looked up.
[[nodiscard]] std::span<const Show> process_shows();
/// HOSTS, PINS, STATEMENTS, MEMORY, ERRORS: what PgBouncer does not show.
[[nodiscard]] std::span<const Show> own_shows();

inline constexpr ColumnType int4 = ColumnType::int4;
inline constexpr ColumnType int8 = ColumnType::int8;
inline constexpr ColumnType numeric = ColumnType::numeric;

/// A number as a cell.
[[nodiscard]] inline Cell number(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}
/// A text, or NULL where there is none.
[[nodiscard]] inline Cell text_or_null(const std::string* text) {
    return text == nullptr ? Cell() : Cell(*text);
}

}  // namespace pgweir::daemon::console
