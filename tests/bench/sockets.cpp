#include "sockets.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <system_error>

namespace pgweir::bench {

namespace {

// A call of the system that failed: what it was to do.
[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Addresses resolve(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (code != 0) throw std::runtime_error("cannot find " + host + ": " + ::gai_strerror(code));
    return {found, &::freeaddrinfo};
}

Descriptor make_socket(const addrinfo& address) {
    Descriptor made(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (made.number() < 0) fail("cannot make a socket");
    return made;
}

// An answer in two writes must not wait for the acknowledgement of the first.
void send_at_once(const Descriptor& socket) {
    const int on = 1;
    if (::setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        fail("cannot set TCP_NODELAY");
    }
}

std::string name_of(const std::string& host, std::uint16_t port) {
    return host + " port " + std::to_string(port);
}

}  // namespace

Descriptor::~Descriptor() {
    if (number_ >= 0) ::close(number_);
}

Descriptor listen_at(const std::string& host, std::uint16_t port) {
    const Addresses address = resolve(host, port);
    Descriptor listener = make_socket(*address);
    const int on = 1;
    if (::setsockopt(listener.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        ::bind(listener.number(), address->ai_addr, address->ai_addrlen) != 0 ||
        ::listen(listener.number(), SOMAXCONN) != 0) {
        fail("cannot listen at " + name_of(host, port));
    }
    return listener;
}

Descriptor accept_from(const Descriptor& listener) {
    while (true) {
        Descriptor accepted(::accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC));
        if (accepted.number() >= 0) {
            send_at_once(accepted);
            return accepted;
        }
        if (errno != EINTR && errno != ECONNABORTED) fail("cannot accept a connection");
    }
}

Descriptor connect_to(const std::string& host, std::uint16_t port) {
    const Addresses address = resolve(host, port);
    Descriptor socket = make_socket(*address);
    if (::connect(socket.number(), address->ai_addr, address->ai_addrlen) != 0) {
        fail("cannot connect to " + name_of(host, port));
    }
    send_at_once(socket);
    return socket;
}

std::optional<std::string_view> receive(const Descriptor& socket, std::span<char> room) {
    while (true) {
        const ssize_t size = ::recv(socket.number(), room.data(), room.size(), 0);
        if (size > 0) return std::string_view(room.data(), static_cast<std::size_t>(size));
        if (size == 0) return std::nullopt;
        if (errno != EINTR) fail("cannot read from a connection");
    }
}

void send_all(const Descriptor& socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t size = ::send(socket.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (size >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(size));
        } else if (errno != EINTR) {
            fail("cannot write to a connection");
        }
    }
}

Epoll::Epoll() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_.number() < 0) fail("cannot make an epoll");
}

void Epoll::add(const Descriptor& socket, void* owner) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = owner;
    if (::epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, socket.number(), &event) != 0) {
        fail("cannot watch a socket");
    }
}

std::span<const epoll_event> Epoll::wait(std::chrono::nanoseconds timeout) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
    const timespec limit{.tv_sec = seconds.count(), .tv_nsec = (timeout - seconds).count()};
    const int count = ::epoll_pwait2(epoll_.number(), events_.data(),
                                     static_cast<int>(events_.size()), &limit, nullptr);
    if (count < 0 && errno != EINTR) fail("cannot wait for events");
    return std::span(events_).first(static_cast<std::size_t>(count < 0 ? 0 : count));
}

}  // namespace pgweir::bench
