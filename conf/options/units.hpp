// Durations and sizes with units, as an operator writes them and as PostgreSQL does.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "conf/result.hpp"

namespace pgweir::conf {

/// An amount of memory or data. A type of its own, so that a size is not taken for a count.
struct Bytes {
    std::uint64_t count = 0;

    friend auto operator<=>(const Bytes&, const Bytes&) = default;
};

/// A whole number from 0 on, in decimal digits without sign or leading zeros.
/// Errors: not a number; a number that 64 bits cannot hold.
[[nodiscard]] Result<std::uint64_t> parse_count(std::string_view text);

/// A whole number with one of the units us, ms, s, min (or m), h, d, as in `500ms` or `5 min`.
/// `0` needs no unit.
/// Errors: no unit (the message suggests seconds, which is what PgBouncer's settings mean), an
/// unknown unit, microseconds that are not whole milliseconds, a value beyond what a count of
/// milliseconds can hold.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// A whole number with one of the units B, kB (or KB), MB, GB, TB, each 1024 times the one before,
/// as in PostgreSQL. `0` needs no unit. Errors as for durations.
[[nodiscard]] Result<Bytes> parse_size(std::string_view text);

/// The shortest exact text: the largest unit that divides the value. What parse_duration() reads
/// back as the same value. Not for negative values.
[[nodiscard]] std::string format_duration(std::chrono::milliseconds value);

/// The same for sizes and parse_size().
[[nodiscard]] std::string format_size(Bytes value);

}  // namespace pgweir::conf
