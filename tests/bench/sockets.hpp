// Sockets and epoll: as much of them as `load` and `fake_server` need. What goes wrong is thrown as
// a std::runtime_error that says what could not be done.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace pgweir::bench {

/// Owns a file descriptor.
class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();

    [[nodiscard]] int number() const { return number_; }

  private:
    int number_;
};

/// A TCP socket that listens at this address.
[[nodiscard]] Descriptor listen_at(const std::string& host, std::uint16_t port);

/// Waits for the next connection.
[[nodiscard]] Descriptor accept_from(const Descriptor& listener);

/// A connection to this address. Reading from it waits.
[[nodiscard]] Descriptor connect_to(const std::string& host, std::uint16_t port);

/// What has arrived, in `room`; at the end of the stream nothing.
[[nodiscard]] std::optional<std::string_view> receive(const Descriptor& socket,
                                                      std::span<char> room);

/// Writes all of it, and waits where the other side does not read.
void send_all(const Descriptor& socket, std::string_view bytes);

/// Tells which sockets have something to read.
class Epoll {
  public:
    Epoll();

    /// `owner` is what the events of this socket name. Any thread may add.
    void add(const Descriptor& socket, void* owner);

    /// The next events; none when `timeout` has passed.
    [[nodiscard]] std::span<const epoll_event> wait(std::chrono::nanoseconds timeout);

  private:
    Descriptor epoll_;
    std::array<epoll_event, 256> events_{};
};

}  // namespace pgweir::bench
