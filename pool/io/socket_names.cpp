#include "pool/io/socket_names.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstddef>

namespace pgweir::pool {

namespace {

// `get` is getsockname() or getpeername().
template <class Get>
SocketName name_by(int socket, Get get) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (get(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (storage.ss_family == AF_INET) {
        const auto* in = reinterpret_cast<const sockaddr_in*>(&storage);
        inet_ntop(AF_INET, &in->sin_addr, text.data(), text.size());
        return {.address = text.data(), .port = ntohs(in->sin_port)};
    }
    if (storage.ss_family == AF_INET6) {
        const auto* in = reinterpret_cast<const sockaddr_in6*>(&storage);
        inet_ntop(AF_INET6, &in->sin6_addr, text.data(), text.size());
        return {.address = text.data(), .port = ntohs(in->sin6_port)};
    }
    if (size <= offsetof(sockaddr_un, sun_path)) return {};
    const auto* un = reinterpret_cast<const sockaddr_un*>(&storage);
    const std::string path(un->sun_path, size - offsetof(sockaddr_un, sun_path));
    return {.address =
                path.starts_with('\0') ? '@' + path.substr(1) : path.substr(0, path.find('\0'))};
}

}  // namespace

SocketNames socket_names(int socket) {
    SocketNames names{.local = name_by(socket, getsockname),
                      .remote = name_by(socket, getpeername)};
    if (names.remote.address.empty()) names.remote = names.local;
    if (names.local.address.empty()) names.local = names.remote;
    return names;
}

std::string local_end(int socket) {
    const SocketName name = socket_names(socket).local;
    if (name.port == 0) return "unix";
    const bool ipv6 = name.address.find(':') != std::string::npos;
    return (ipv6 ? '[' + name.address + ']' : name.address) + ':' + std::to_string(name.port);
}

}  // namespace pgweir::pool
