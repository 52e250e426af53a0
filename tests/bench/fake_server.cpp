// A PostgreSQL that answers at once: what pgweir can do when nothing behind it takes time.
//
//     fake_server [--host 127.0.0.1] [--threads N] PORT
//
// Runs until it is killed.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "fake_session.hpp"
#include "program.hpp"
#include "sockets.hpp"

namespace pgweir::bench {
namespace {

/// A connection and what it has sent of a message that is not here as a whole.
class Connection {
  public:
    explicit Connection(Descriptor socket) : socket_(std::move(socket)) {}
    [[nodiscard]] const Descriptor& socket() const { return socket_; }

    /// Reads once, into `room`, and answers all of it with one write. False: it is over.
    [[nodiscard]] bool serve(std::span<char> room) {
        auto input = receive(socket_, room);
        if (!input) return false;
        if (!unread_.empty()) input = unread_.append(*input);
        answers_.clear();
        const auto done = session_.answer(*input, answers_);
        if (!done) return false;
        unread_ = std::string(input->substr(*done));
        send_all(socket_, answers_);
        return true;
    }

  private:
    Descriptor socket_;
    FakeSession session_;
    std::string unread_;
    std::string answers_;
};

/// One thread and its connections. A connection lives until it ends; all of them end with the
/// process.
class ServerThread {
  public:
    ServerThread() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

    /// From now on the connection is this thread's.
    void take(Descriptor socket) {
        auto connection = std::make_unique<Connection>(std::move(socket));
        epoll_.add(connection->socket(), connection.get());
        (void)connection.release();  // serve() takes it back
    }

  private:
    void run(const std::stop_token& stop) {
        std::vector<char> room(std::size_t{64} * 1024);
        while (!stop.stop_requested()) {
            for (const epoll_event& event : epoll_.wait(std::chrono::seconds(1))) {
                serve(static_cast<Connection*>(event.data.ptr), room);
            }
        }
    }
    static void serve(Connection* connection, std::span<char> room) {
        std::unique_ptr<Connection> owner(connection);
        try {
            if (owner->serve(room)) (void)owner.release();
        } catch (const std::system_error&) {
            // The other side broke the connection: that is its right.
        }
    }

    Epoll epoll_;
    std::jthread thread_;
};

// Connections are dealt out in turn: a hash of their ports (SO_REUSEPORT) would leave a thread with
// most of them as soon as there are few.
[[noreturn]] void serve_at(const std::string& host, std::uint16_t port, std::size_t threads) {
    const Descriptor listener = listen_at(host, port);
    std::vector<ServerThread> servers(threads);
    for (std::size_t next = 0;; next = (next + 1) % threads) {
        servers[next].take(accept_from(listener));
    }
}

int run(int argc, char** argv) {
    CLI::App app{"A PostgreSQL that answers every statement with the same row, at once"};
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    std::size_t threads = 1;
    app.add_option("--host", host, "address to listen at")->capture_default_str();
    app.add_option("--threads", threads, "connections are dealt out among them in turn")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    app.add_option("port", port, "port to listen at")->required();
    CLI11_PARSE(app, argc, argv);
    serve_at(host, port, threads);
}

}  // namespace
}  // namespace pgweir::bench

int main(int argc, char** argv) {
    return pgweir::bench::run_program("fake_server", pgweir::bench::run, argc, argv);
}
