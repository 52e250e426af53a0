// The least that a relay can cost: bytes go from one socket to the other, one receive and one send
// for each piece, and nobody looks at them. Each client has a server connection of its own.
//
//     relay [--host 127.0.0.1] [--threads N] PORT SERVER_PORT
//
// Runs until it is killed.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "program.hpp"
#include "sockets.hpp"

namespace pgweir::bench {
namespace {

/// A client and its server connection.
struct Pair {
    struct End {
        Pair* pair;
        Descriptor socket;
    };
    Pair(Descriptor from, Descriptor to)
        : client{this, std::move(from)}, server{this, std::move(to)} {}
    End client;
    End server;
    bool over = false;
};

/// One thread and its pairs. A pair lives until one of its ends is closed; all of them end with the
/// process.
class RelayThread {
  public:
    RelayThread() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

    /// From now on the pair is this thread's. To be called by another one.
    void take(std::unique_ptr<Pair> taken) {
        const std::lock_guard lock(ownership_);
        epoll_.add(taken->client.socket, &taken->client);
        epoll_.add(taken->server.socket, &taken->server);
        (void)taken.release();  // end() takes it back
    }

  private:
    void run(const std::stop_token& stop) {
        std::vector<Pair*> over;
        while (!stop.stop_requested()) {
            for (const epoll_event& event : epoll_.wait(std::chrono::seconds(1))) {
                const auto& from = *static_cast<Pair::End*>(event.data.ptr);
                if (!from.pair->over && !pass_on(from)) over.push_back(from.pair);
            }
            // Not before: an event of the other end may stand in the same list.
            if (!over.empty()) end(over);
        }
    }

    // False: the pair is over.
    bool pass_on(const Pair::End& from) {
        Pair& pair = *from.pair;
        const Pair::End& to = &from == &pair.client ? pair.server : pair.client;
        try {
            const auto bytes = receive(from.socket, room_);
            if (bytes) send_all(to.socket, *bytes);
            pair.over = !bytes;
        } catch (const std::system_error&) {
            pair.over = true;  // one of the two broke the connection: that is its right
        }
        return !pair.over;
    }

    void end(std::vector<Pair*>& over) {
        const std::lock_guard lock(ownership_);
        for (Pair* pair : over) std::unique_ptr<Pair>(pair).reset();
        over.clear();
    }

    Epoll epoll_;
    std::vector<char> room_ = std::vector<char>(std::size_t{64} * 1024);
    std::mutex ownership_;  ///< of pairs whose second end is not in the epoll yet
    std::jthread thread_;
};

int run(int argc, char** argv) {
    CLI::App app{"Passes bytes between clients and a server, and understands none of them"};
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    std::uint16_t server_port = 0;
    std::size_t threads = 1;
    app.add_option("--host", host, "address to listen at, and of the server")
        ->capture_default_str();
    app.add_option("--threads", threads, "clients are dealt out among them in turn")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    app.add_option("port", port, "port to listen at")->required();
    app.add_option("server_port", server_port, "port of the server")->required();
    CLI11_PARSE(app, argc, argv);
    const Descriptor listener = listen_at(host, port);
    std::vector<RelayThread> relays(threads);
    for (std::size_t next = 0;; next = (next + 1) % threads) {
        Descriptor client = accept_from(listener);
        relays[next].take(std::make_unique<Pair>(std::move(client), connect_to(host, server_port)));
    }
}

}  // namespace
}  // namespace pgweir::bench

int main(int argc, char** argv) {
    return pgweir::bench::run_program("relay", pgweir::bench::run, argc, argv);
}
