// The least that a relay of one thread can cost: bytes go from one socket to the other, one receive
// and one send for each piece, and nobody looks at them. Each client has a server connection of its
// own.
//
//     relay [--host 127.0.0.1] PORT SERVER_PORT
//
// Runs until it is killed.
#include <CLI/CLI.hpp>
#include <list>
#include <vector>

#include "program.hpp"
#include "sockets.hpp"

namespace pgweir::bench {
namespace {

class Relay {
  public:
    Relay(std::string host, std::uint16_t port, std::uint16_t server_port)
        : host_(std::move(host)), server_port_(server_port), listener_(listen_at(host_, port)) {
        epoll_.add(listener_, nullptr);
    }

    [[noreturn]] void run() {
        while (true) {
            for (const epoll_event& event : epoll_.wait(std::chrono::seconds(1))) {
                if (event.data.ptr == nullptr) {
                    add_pair();
                } else {
                    pass_on(*static_cast<End*>(event.data.ptr));
                }
            }
            // Not before: an event of the other end may stand in the same list.
            pairs_.remove_if([](const Pair& pair) { return pair.over; });
        }
    }

  private:
    struct Pair;
    struct End {
        Pair* pair;
        Descriptor socket;
    };
    struct Pair {
        Pair(Descriptor from, Descriptor to)
            : client{this, std::move(from)}, server{this, std::move(to)} {}
        End client;
        End server;
        bool over = false;
    };

    void add_pair() {
        Pair& pair = pairs_.emplace_back(accept_from(listener_), connect_to(host_, server_port_));
        epoll_.add(pair.client.socket, &pair.client);
        epoll_.add(pair.server.socket, &pair.server);
    }

    void pass_on(const End& from) {
        Pair& pair = *from.pair;
        if (pair.over) return;
        const End& to = &from == &pair.client ? pair.server : pair.client;
        try {
            const auto bytes = receive(from.socket, room_);
            if (bytes) send_all(to.socket, *bytes);
            pair.over = !bytes;
        } catch (const std::system_error&) {
            pair.over = true;  // one of the two broke the connection: that is its right
        }
    }

    std::string host_;
    std::uint16_t server_port_;
    Descriptor listener_;
    Epoll epoll_;
    std::list<Pair> pairs_;
    std::vector<char> room_ = std::vector<char>(std::size_t{64} * 1024);
};

int run(int argc, char** argv) {
    CLI::App app{"Passes bytes between clients and a server, and understands none of them"};
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    std::uint16_t server_port = 0;
    app.add_option("--host", host, "address to listen at, and of the server")
        ->capture_default_str();
    app.add_option("port", port, "port to listen at")->required();
    app.add_option("server_port", server_port, "port of the server")->required();
    CLI11_PARSE(app, argc, argv);
    Relay(host, port, server_port).run();
}

}  // namespace
}  // namespace pgweir::bench

int main(int argc, char** argv) {
    return pgweir::bench::run_program("relay", pgweir::bench::run, argc, argv);
}
