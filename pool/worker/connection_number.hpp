// Numbers by which people and the console tell connections apart.
#pragma once

#include <atomic>
#include <cstdint>

namespace pgweir::pool {

/// The next number, of clients and servers together, from 1 on. Thread-safe.
[[nodiscard]] inline std::uint64_t next_connection_number() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

}  // namespace pgweir::pool
