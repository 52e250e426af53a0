// Carries a CancelRequest to a server.
#pragma once

#include "pool/connect/server_connection.hpp"
#include "pool/io/asio.hpp"

namespace pgweir::pool {

/// Whom to ask, and how: what is needed of a connection that may be gone by then.
struct CancelTarget {
    SocketAddress address;
    protocol::CancelKey key;
    std::shared_ptr<const Keywords> tls_keywords;  ///< null: the connection has no TLS
    std::string host;
};
[[nodiscard]] CancelTarget cancel_target(const ServerConnection& connection);

/// Asks a server to cancel what the backend with this key is doing: over TLS if the connection has
/// TLS, with the same rules, and never in clear then. Suspends until the server has closed that
/// connection, which it does after it has signalled the backend, or until `timeout` (0: never).
/// Returns false when it cannot be known whether the request has taken or may still take effect;
/// true when it has, or never will: also where the server has given no key.
///
/// PostgreSQL manual, "Canceling Requests in Progress" (protocol-flow.html).
Task<bool> send_cancel_request(asio::io_context& io, CancelTarget target, milliseconds timeout);

}  // namespace pgweir::pool
