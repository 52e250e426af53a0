// Logging in to a server as a client whose password nobody has stored.
#pragma once

#include <functional>

#include "pool/connect/server_connector.hpp"
#include "pool/connect/server_credentials.hpp"
#include "pool/connect/server_tls.hpp"
#include "pool/io/asio.hpp"

namespace pgweir::pool {

/// What an attempt to connect and its timeout share.
struct ConnectProgress {
    /// Ends the wait that is under way; empty while there is none.
    std::function<void()> interrupt;
    bool timed_out = false;
};

/// Connects to the hosts of the keywords in turn and logs in with SCRAM keys or an MD5 hash, which
/// libpq before 18 cannot. Of libpq's keywords it understands host, hostaddr, port, user, dbname,
/// options, application_name, fallback_application_name, client_encoding, replication,
/// channel_binding, target_session_attrs, min_protocol_version, max_protocol_version and those of
/// TLS. Host names must have been looked up.
/// Suspends.
///
/// PostgreSQL manual, "Start-up" (protocol-flow.html).
Task<ConnectResult> connect_with_keys(asio::io_context& io, const Keywords& keywords,
                                      std::shared_ptr<const ServerCredentials> credentials,
                                      ConnectProgress& progress);

}  // namespace pgweir::pool
