// Makes a server connection with libpq, without blocking.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pool/connect/server_connection.hpp"
#include "pool/connect/server_credentials.hpp"
#include "pool/io/asio.hpp"
#include "protocol/wire/error_report.hpp"

namespace pgweir::pool {

/// Why a connection could not be made.
struct ConnectFailure {
    /// What the server said, where it was the server that refused: to be passed on as it is.
    std::optional<protocol::ErrorReport> from_server;
    /// What to tell people otherwise; one line, no secrets.
    std::string explanation;
    bool timed_out = false;
    /// What is known of the secret is not what the server asks for: an MD5 hash for SCRAM.
    bool secret_unfit = false;
};

struct ConnectResult {
    std::optional<ServerConnection> connection;
    ConnectFailure failure;  ///< meaningful without a connection
};

/// Connects and logs in with these libpq keywords, and with `credentials` (null: none) where they
/// have no password. Host names are looked up off the loop first, so
/// that libpq never blocks on it; every address of every host is tried in order. Suspends; gives up
/// after `timeout` (0: never).
///
/// PostgreSQL manual, "Database Connection Control Functions" (libpq-connect.html).
Task<ConnectResult> connect_server(asio::io_context& io,
                                   std::vector<std::pair<std::string, std::string>> keywords,
                                   std::shared_ptr<const ServerCredentials> credentials,
                                   milliseconds timeout);

}  // namespace pgweir::pool
