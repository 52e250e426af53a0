// The names of the closed enums of reasons, used alike in metrics, log and console.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "pool/telling/statistics.hpp"

namespace pgweir::daemon {

namespace detail {

inline constexpr std::array<std::string_view, static_cast<std::size_t>(pool::Timeout::count_)>
    timeout_names{"client_login_timeout",     "client_idle_timeout", "query_timeout",
                  "idle_transaction_timeout", "transaction_timeout", "query_wait_timeout",
                  "server_connect_timeout",   "server_idle_timeout", "server_lifetime",
                  "cancel_wait_timeout"};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(pool::ClientClose::count_)>
    client_close_names{"terminate", "lost",        "protocol_error",     "refused",
                       "timeout",   "server_lost", "server_unavailable", "shutdown",
                       "killed",    "unread"};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(pool::ServerClose::count_)>
    server_close_names{"idle",    "lifetime", "lost",     "dirty",          "protocol_error",
                       "evicted", "retired",  "shutdown", "connect_failed", "client_left"};

// An enumerator without a name leaves the last one empty.
static_assert(!timeout_names.back().empty());
static_assert(!client_close_names.back().empty());
static_assert(!server_close_names.back().empty());

}  // namespace detail

/// The option that ended something, as the configuration spells it.
constexpr std::string_view name(pool::Timeout timeout) {
    return detail::timeout_names.at(static_cast<std::size_t>(timeout));
}
/// Why a client's connection ended.
constexpr std::string_view name(pool::ClientClose reason) {
    return detail::client_close_names.at(static_cast<std::size_t>(reason));
}
/// Why a server's connection ended.
constexpr std::string_view name(pool::ServerClose reason) {
    return detail::server_close_names.at(static_cast<std::size_t>(reason));
}

}  // namespace pgweir::daemon
