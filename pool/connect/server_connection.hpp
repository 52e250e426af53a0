// A connection that libpq has logged in: what belongs to it whichever worker it lives on.
#pragma once

#include <libpq-fe.h>
#include <sys/socket.h>

#include <cstdint>
#include <memory>

#include "pool/connect/server_tls.hpp"
#include "pool/io/deadlines.hpp"
#include "pool/session/server_session.hpp"
#include "protocol/wire/startup.hpp"

struct ssl_st;

namespace pgweir::pool {

struct CloseConnection {
    void operator()(PGconn* connection) const { PQfinish(connection); }
};
/// Owns a libpq connection. Closing says Terminate to the server, if that can be written at once,
/// and closes the socket.
using ConnectionPtr = std::unique_ptr<PGconn, CloseConnection>;

/// Which limits a connection counts against.
enum class Place : std::uint8_t {
    shared,     ///< lent to one client after the other: its pool's, its database's and its user's
    dedicated,  ///< one client's own: its database's and its user's
};

/// The address of a server's socket, as the kernel gives it.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
    /// "127.0.0.1:5432" or the path of a Unix socket.
    [[nodiscard]] std::string to_string() const;
};

/// A connection that libpq did not make (key_login.hpp). Says Terminate and closes when it goes.
struct OwnConnection {
    OwnConnection() = default;
    OwnConnection(const OwnConnection&) = delete;
    OwnConnection& operator=(const OwnConnection&) = delete;
    ~OwnConnection();

    int socket = -1;
    TlsSessionPtr tls;
};

/// An established, logged-in connection at an idle point, and the session of PostgreSQL behind it.
/// It may move between workers; whoever holds it is alone in using it.
struct ServerConnection : ServerSession {
    ConnectionPtr connection;  ///< libpq's; null if it is `own`
    std::unique_ptr<OwnConnection> own;
    /// How to reach the same server by TLS once more; null for a connection without TLS.
    std::shared_ptr<const Keywords> tls_keywords;
    std::string host;  ///< by which it was reached; meaningful with TLS
    SocketAddress address;
    protocol::CancelKey cancel_key;  ///< the server's own: never shown to a client
    Clock::time_point connected_at;
    Clock::time_point idle_since;  ///< when its last client left; meaningful while it is idle
    /// Counts up with each configuration of the pool: an older connection is not lent again.
    unsigned generation = 0;
    std::uint64_t id = 0;  ///< of no other connection of this process
    Place place = Place::shared;
    protocol::Replication replication = protocol::Replication::none;

    [[nodiscard]] int socket() const { return own ? own->socket : PQsocket(connection.get()); }
    /// The TLS session, owned by this or by libpq; nullptr when the connection has none.
    [[nodiscard]] ssl_st* tls() const;
    void close() {
        connection.reset();
        own.reset();
    }
};

}  // namespace pgweir::pool
