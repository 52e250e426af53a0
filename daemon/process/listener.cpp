#include "daemon/process/listener.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

#include "daemon/log/log.hpp"
#include "pool/connect/server_connection.hpp"
#include "pool/io/readiness.hpp"

namespace pgweir::daemon {

namespace {

using Timer = asio::basic_waitable_timer<pool::Clock, asio::wait_traits<pool::Clock>, Executor>;

// The kernel cuts this to net.core.somaxconn.
constexpr int backlog = 4096;
constexpr unsigned most_in_a_row = 32;

std::string because(const std::string& what, int error) {
    std::string text = "cannot listen on " + what + ": " + std::generic_category().message(error);
    if (error == EADDRINUSE) text += "; is another pgweir or another service running there?";
    return text;
}

// As accept() does, with the peer's address.
int accept_client(int listening, pool::SocketAddress& address) {
    address.size = sizeof address.storage;
    return ::accept4(listening, reinterpret_cast<sockaddr*>(&address.storage), &address.size,
                     SOCK_CLOEXEC | SOCK_NONBLOCK);
}

// What an application gets from libpq on its own socket. To be set on the listening one: Linux
// hands it down to those that are accepted. A Unix socket does without.
void tune(int socket) {
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

}  // namespace

/// A listening socket, and for a Unix socket the files that go with it.
struct Listener::Socket {
    Socket(asio::io_context& io, int fd) : readiness(io, fd) {}
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() {
        if (!path.empty()) ::unlink(path.c_str());
        if (lock >= 0) ::close(lock);
    }

    [[nodiscard]] bool is_unix() {
        int family = AF_UNSPEC;
        socklen_t size = sizeof family;
        getsockopt(readiness.socket(), SOL_SOCKET, SO_DOMAIN, &family, &size);
        return family == AF_UNIX;
    }

    pool::Readiness readiness;
    std::string path;  ///< empty unless we made it
    int lock = -1;     ///< held as long as the path is ours
};

// Nobody else is on the loop any more.
Listener::~Listener() {
    close(std::exchange(sockets_, {}));
}

std::optional<std::string> Listener::listen(const conf::ListenAddress& address, bool shared) {
    return address.is_unix() ? listen_unix(address) : listen_tcp(address, shared);
}

std::optional<std::string> Listener::listen_unix(const conf::ListenAddress& address) {
    const std::string path = address.host + "/.s.PGSQL." + std::to_string(address.port);
    sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
    if (path.size() >= sizeof name.sun_path) return because(path, ENAMETOOLONG);
    std::memcpy(name.sun_path, path.data(), path.size());

    // The lock tells a socket left by a crash, which may be replaced, from one that is in use.
    const std::string lock_path = path + ".lock";
    const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0) return because(path, errno);
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        ::close(lock);
        return because(path, EADDRINUSE);
    }
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    // A server that does not lock (PostgreSQL itself) may sit there.
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0) {
        ::close(fd);
        ::close(lock);
        return because(path, EADDRINUSE);
    }
    ::unlink(path.c_str());
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
        ::listen(fd, backlog) != 0) {
        const int error = errno;
        ::close(fd);
        ::close(lock);
        return because(path, error);
    }
    ::chmod(path.c_str(), 0777);  // as PostgreSQL's unix_socket_permissions
    auto socket = std::make_shared<Socket>(io_, fd);
    socket->path = path;
    socket->lock = lock;
    sockets_.push_back(std::move(socket));
    log::write(conf::LogLevel::info, "listening", {{"addr", path}});
    return std::nullopt;
}

std::optional<std::string> Listener::listen_tcp(const conf::ListenAddress& address, bool shared) {
    using asio::ip::tcp;
    const std::string shown = address.host + ':' + std::to_string(address.port);
    std::vector<tcp::endpoint> endpoints;
    if (address.host == "*") {
        endpoints = {{tcp::v4(), address.port}, {tcp::v6(), address.port}};
    } else {
        error_code error;
        tcp::resolver resolver(io_);
        for (const auto& found : resolver.resolve(address.host, std::to_string(address.port),
                                                  tcp::resolver::passive, error)) {
            endpoints.push_back(found.endpoint());
        }
        if (error) return "cannot listen on " + shown + ": " + error.message();
    }
    bool listening = false;
    for (const tcp::endpoint& endpoint : endpoints) {
        const bool is_v6 = endpoint.protocol() == tcp::v6();
        const int fd =
            ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 && address.host == "*" && is_v6) continue;  // a kernel without IPv6
        const int on = 1;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (shared) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
        tune(fd);
        if (is_v6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
        if (fd < 0 || ::bind(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 ||
            ::listen(fd, backlog) != 0) {
            const int error = errno;
            if (fd >= 0) ::close(fd);
            if (listening && error == EADDRNOTAVAIL)
                continue;  // one of the name's addresses is enough
            return because(shown, error);
        }
        sockets_.push_back(std::make_shared<Socket>(io_, fd));
        listening = true;
    }
    log::write(conf::LogLevel::info, "listening", {{"addr", shown}});
    return std::nullopt;
}

conf::ListenAddress address_of(int socket) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    auto* const name = reinterpret_cast<sockaddr*>(&storage);
    if (::getsockname(socket, name, &size) != 0) return {.host = "unknown"};
    if (storage.ss_family == AF_UNIX) return {.host = "/"};
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> port{};
    if (::getnameinfo(name, size, host.data(), host.size(), port.data(), port.size(),
                      NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return {.host = "unknown"};
    }
    return {.host = host.data(), .port = static_cast<std::uint16_t>(std::atoi(port.data()))};
}

void Listener::adopt(int socket) {
    ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
    tune(socket);
    sockets_.push_back(std::make_shared<Socket>(io_, socket));
    log::write(conf::LogLevel::info, "listening", {{"addr", "inherited"}, {"fd", socket}});
}

void Listener::start() {
    for (const auto& socket : sockets_) {
        asio::co_spawn(io_.get_executor(), accept_from(socket), asio::detached);
    }
}

void Listener::stop() {
    asio::dispatch(io_.get_executor(), [this] { close(std::exchange(sockets_, {})); });
}

void Listener::stop_tcp() {
    asio::dispatch(io_.get_executor(), [this] {
        const auto tcp =
            std::ranges::partition(sockets_, [](const auto& socket) { return socket->is_unix(); });
        std::vector<std::shared_ptr<Socket>> stopped(tcp.begin(), tcp.end());
        sockets_.erase(tcp.begin(), tcp.end());
        close(std::move(stopped));
    });
}

void Listener::close(std::vector<std::shared_ptr<Socket>> sockets) {
    for (const auto& socket : sockets) {
        socket->readiness.close();
        if (!socket->path.empty()) ::unlink(std::exchange(socket->path, {}).c_str());
    }
}

// Not for each attempt of a crowd.
void Listener::complain(int error) {
    const auto now = pool::Clock::now();
    if (now - complained_at_ < std::chrono::seconds(1)) return;
    complained_at_ = now;
    log::write(conf::LogLevel::error, "accept_failed",
               {{"error", std::generic_category().message(error)}});
}

Task<> Listener::accept_from(std::shared_ptr<Socket> socket) {
    Timer pause(io_.get_executor());
    pool::SocketAddress peer;
    for (unsigned in_a_row = 1; socket->readiness.is_open(); ++in_a_row) {
        // Those who are in already have their turn in the middle of a rush, too.
        if (in_a_row % most_in_a_row == 0) co_await asio::post(io_.get_executor(), use_task);
        const int fd = accept_client(socket->readiness.socket(), peer);
        if (fd >= 0) {
            const bool is_unix = peer.storage.ss_family == AF_UNIX;
            sink_({.socket = fd, .address = is_unix ? "unix" : peer.to_string()});
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            co_await socket->readiness.readable();
            in_a_row = 0;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            // Trying again at once would burn the processor while nothing can be had.
            complain(errno);
            pause.expires_after(std::chrono::milliseconds(make_room_() ? 5 : 100));
            co_await pause.async_wait(as_result);
        }
    }
}

}  // namespace pgweir::daemon
