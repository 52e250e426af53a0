// Both ends of a socket, for people.
#pragma once

#include <string>

namespace pgweir::pool {

/// One end: an IP address and a port, or a path and 0.
struct SocketName {
    std::string address;
    int port = 0;
};

/// What the kernel says of a connected socket. A client of a Unix socket has no name of its own and
/// gets that of the socket, as in PgBouncer.
struct SocketNames {
    SocketName local;
    SocketName remote;
};

/// Both are empty for a socket that is not connected.
[[nodiscard]] SocketNames socket_names(int socket);

/// This end of a connected socket in one text: "127.0.0.1:50000", "[::1]:50000" or "unix".
[[nodiscard]] std::string local_end(int socket);

}  // namespace pgweir::pool
