// Carries a CancelRequest to a server.
#pragma once

#include "pool/asio.hpp"
#include "pool/server_connection.hpp"

namespace pgweir::pool {

/// Connects to `address` and asks it to cancel what the backend with this key is doing. Suspends
/// until the server has closed that connection, which it does after it has signalled the backend,
/// or until `timeout` (0: never). Returns false when it cannot be known whether the request has
/// taken or may still take effect; true when it has, or never will.
///
/// PostgreSQL manual, "Canceling Requests in Progress" (protocol-flow.html).
Task<bool> send_cancel_request(asio::io_context& io, const SocketAddress& address,
                               protocol::CancelKey key, milliseconds timeout);

}  // namespace pgweir::pool
