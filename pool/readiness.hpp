// Waiting until a socket can be read or written, without a system call for each wait.
#pragma once

#include "pool/asio.hpp"

// Only after Asio's public headers: it does not stand alone.
#include <boost/asio/detail/reactor.hpp>

namespace pgweir::pool {

/// A socket registered with its loop's reactor, once and edge-triggered, for as long as it is open.
///
/// Asio's own async_wait() arms the descriptor anew with one epoll_ctl for each wait, which was a
/// third of pgweir's system calls per query. Its reactor can do better, as its reads show, but
/// offers that only inside of them (DECISIONS.md, "Readiness").
///
/// The price of edges: what was there when the last edge came must be read to its end before the
/// next wait, and an end of stream that arrives together with the last bytes makes no edge of its
/// own; LateEnds looks after that.
///
/// Lives on one worker; touch only from its loop.
class Readiness {
  public:
    /// Takes over `socket`.
    Readiness(asio::io_context& io, int socket);
    ~Readiness() { close(); }
    Readiness(const Readiness&) = delete;
    Readiness& operator=(const Readiness&) = delete;

    /// Suspends until a read (a write) is worth trying; the error is operation_aborted when the
    /// wait was cancelled or the socket closed. At most one coroutine waits for each of the two.
    /// Does not touch this object after it has resumed, which may outlive it.
    Task<error_code> readable() { return wait(Reactor::read_op); }
    Task<error_code> writable() { return wait(Reactor::write_op); }

    /// Resumes whoever waits.
    void cancel();
    /// Resumes who waits to read; with nobody there, the next wait to read ends at once.
    void wake_reader();
    /// Closes the socket; whoever waits is resumed.
    void close();
    /// Gives the socket back, open; whoever waits is resumed.
    int release();
    [[nodiscard]] bool is_open() const { return socket_ >= 0; }
    [[nodiscard]] int socket() const { return socket_; }

  private:
    using Reactor = asio::detail::reactor;

    Task<error_code> wait(int kind);
    void deregister(bool closing);

    Executor executor_;
    Reactor& reactor_;
    Reactor::per_descriptor_data registration_{};
    int socket_;
    bool reader_woken_ = false;
};

}  // namespace pgweir::pool
