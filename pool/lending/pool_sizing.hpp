// How many server connections a pool should open: decisions as pure functions.
#pragma once

#include <algorithm>
#include <chrono>

namespace pgweir::pool {

/// How many connections to start on one worker, given how many of its clients wait and how many
/// connections it has under way. Each waiting client is worth one connection, no more: what is
/// being opened already will serve somebody.
[[nodiscard]] constexpr unsigned connections_to_start(std::size_t waiting, std::size_t connecting) {
    return static_cast<unsigned>(waiting > connecting ? waiting - connecting : 0);
}

/// How long to wait after the n-th failed attempt in a row (n from 1) before the next: doubling
/// from 100 ms, at most `server_login_retry` and at most 2 s, so that a database that comes back is
/// noticed soon while one that refuses is not stormed; at least 10 ms.
[[nodiscard]] constexpr std::chrono::milliseconds retry_delay(
    unsigned failures, std::chrono::milliseconds server_login_retry) {
    constexpr std::chrono::milliseconds first{100};
    constexpr std::chrono::milliseconds longest{2000};
    const unsigned doublings = std::min(failures > 0 ? failures - 1 : 0U, 10U);
    constexpr std::chrono::milliseconds shortest{10};
    return std::max(shortest, std::min({first * (1U << doublings), longest, server_login_retry}));
}

}  // namespace pgweir::pool
