// Reads libpq's protocol trace of a login.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pool/session/session_settings.hpp"
#include "protocol/wire/startup.hpp"

namespace pgweir::pool {

/// What libpq's protocol trace tells about a login that no function of libpq does.
struct LoginFacts {
    /// Nothing: there was no BackendKeyData, or its form is not known.
    std::optional<protocol::CancelKey> cancel_key;
    std::vector<Parameter> reported;
};
/// Reads BackendKeyData and every ParameterStatus out of a trace written by PQtrace() with
/// PQTRACE_SUPPRESS_TIMESTAMPS. Total: what it does not understand it passes over.
[[nodiscard]] LoginFacts parse_login_trace(std::string_view trace);

/// Reads what stands behind the name of a BackendKeyData message of `length` bytes (its length
/// field) up to the end of the line: `8884 -1785735434` as libpq up to 17 writes it, or
/// `1112 '\x18)\xc0Z'` as libpq 18 does. Nothing where the text is neither, or where it can stand
/// for more than one key.
[[nodiscard]] std::optional<protocol::CancelKey> parse_traced_key(std::string_view text,
                                                                  std::size_t length);

}  // namespace pgweir::pool
