// The rows of the option table, in three parts: one file would be too long.
#pragma once

#include <cstdint>
#include <span>

#include "conf/options/option_table.hpp"

namespace pgweir::conf::rows {

inline constexpr std::uint64_t second = 1'000;
/// No timeout above a year: what is meant to be for ever is 0.
inline constexpr Range any_duration{0, 365ULL * 24 * 3'600 * second};
inline constexpr Range any_number_of_clients{0, 1'000'000};
/// PostgreSQL itself cannot have more (max_connections is at most 262143).
inline constexpr Range any_number_of_servers{0, 262'143};

/// `listen`, `workers`, `auth` and `tls`.
[[nodiscard]] std::span<const Option> of_access();
/// `pool` and `limits`.
[[nodiscard]] std::span<const Option> of_pools();
/// `timeouts`, `console`, `http` and `log`.
[[nodiscard]] std::span<const Option> of_operation();

}  // namespace pgweir::conf::rows
