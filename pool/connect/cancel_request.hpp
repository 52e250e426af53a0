// Carries a CancelRequest to a server.
#pragma once

#include <cstdint>

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

/// What has become of a cancel request.
enum class CancelOutcome : std::uint8_t {
    settled,    ///< it has taken effect, or never will
    unsent,     ///< it will not: the time was over before it could be sent
    uncertain,  ///< it may have taken effect, or still may
};

/// Asks a server to cancel what the backend with this key is doing: over TLS if the connection has
/// TLS, with the same rules, and never in clear then. Suspends until the server has closed that
/// connection, which it does after it has signalled the backend, or until `timeout` (0: never).
///
/// PostgreSQL manual, "Canceling Requests in Progress" (protocol-flow.html).
Task<CancelOutcome> send_cancel_request(asio::io_context& io, CancelTarget target,
                                        milliseconds timeout);

}  // namespace pgweir::pool
