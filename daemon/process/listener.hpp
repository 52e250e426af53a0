// Listening sockets: clients come in here and are handed to a worker.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "conf/config.hpp"
#include "daemon/client/client_connection.hpp"
#include "pool/io/asio.hpp"

namespace pgweir::daemon {

/// Where a listening socket listens; of a socket that has neither an IP address nor a file, a name
/// that is_local() does not know.
[[nodiscard]] conf::ListenAddress address_of(int socket);

/// Accepts on every address of the configuration, or on sockets that a service manager handed over.
/// Lives on the io_context that it is given; listen() and adopt() before that runs.
class Listener {
  public:
    using Sink = std::function<void(AcceptedClient)>;

    /// Whether descriptors that have run out will be free in a moment.
    using MakeRoom = std::function<bool()>;

    /// Both are called on the loop of `io`.
    Listener(asio::io_context& io, Sink sink, MakeRoom make_room)
        : io_(io), sink_(std::move(sink)), make_room_(std::move(make_room)) {}
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// Opens the sockets of one address (a host name may have several). Blocks on the look-up of a
    /// name: call while starting up. `shared`: other processes may listen there as well
    /// (SO_REUSEPORT). Returns what is wrong, for people, or nothing.
    [[nodiscard]] std::optional<std::string> listen(const conf::ListenAddress& address,
                                                    bool shared = false);
    /// Takes over a listening socket.
    void adopt(int socket);
    /// Begins to accept. Any thread.
    void start();
    /// Stops accepting by TCP, and closes these sockets, when and where stop() would.
    void stop_tcp();
    /// Stops accepting, closes the sockets and removes the files of Unix sockets that it made: at
    /// once on the loop's own thread; from others, before what they post to the loop after it.
    void stop();

  private:
    struct Socket;
    [[nodiscard]] std::optional<std::string> listen_unix(const conf::ListenAddress& address);
    [[nodiscard]] std::optional<std::string> listen_tcp(const conf::ListenAddress& address,
                                                        bool shared);
    Task<> accept_from(std::shared_ptr<Socket> socket);
    void close(std::vector<std::shared_ptr<Socket>> sockets);
    void complain(int error);

    asio::io_context& io_;
    Sink sink_;
    MakeRoom make_room_;
    pool::Clock::time_point complained_at_{};
    std::vector<std::shared_ptr<Socket>> sockets_;
};

}  // namespace pgweir::daemon
