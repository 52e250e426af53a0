// Readiness (readiness.hpp) by what is inside of Asio: no system call for each wait.
#pragma once

#include "pool/io/asio.hpp"
#include "pool/io/asio_inside.hpp"
#include "pool/io/suspension.hpp"

// Only after Asio's public headers: it does not stand alone.
#include <boost/asio/detail/reactor.hpp>
#include <boost/asio/detail/reactor_op.hpp>

namespace pgweir::pool {

/// A socket registered with its loop's reactor, once and edge-triggered, for as long as it is open.
/// What its functions promise is said in readiness.hpp.
///
/// Asio's own async_wait() arms the descriptor anew with one epoll_ctl for each wait, which was a
/// third of pgweir's system calls per query. Its reactor can do better, as its reads show, but
/// offers that only inside of them (DECISIONS.md, D15).
///
/// The price of edges: what was there when the last edge came must be read to its end before the
/// next wait, and an end of stream that arrives together with the last bytes makes no edge of its
/// own; LateEnds looks after that.
///
/// Lives on one worker; touch only from its loop.
class Readiness {
    using Reactor = asio::detail::reactor;

    /// What the reactor is given to wait with.
    class Operation : protected asio::detail::reactor_op {
      protected:
        using Completion = void (*)(void* owner, asio::detail::operation* base,
                                    const error_code& ec, std::size_t size);
        Operation(Readiness& readiness, int kind, Completion completion)
            : reactor_op(error_code(), &Operation::do_perform, completion),
              readiness_(readiness),
              kind_(kind) {}
        ~Operation() = default;

        /// False when there is nothing to wait for: the socket is closed, or was woken.
        [[nodiscard]] bool must_wait();
        /// Has the completion called once, never before this returns.
        void start();

        Readiness& readiness_;  ///< a wait's may be gone when it completes
        int kind_;
        /// From now on the reactor calls only when the kernel says that the socket is ready.
        bool queued_ = false;

      private:
        static status do_perform(reactor_op* base);
    };

  public:
    /// One wait. It lives inside the coroutine that awaits it: nothing is allocated.
    class Wait : private Operation {
      public:
        Wait(Readiness& readiness, int kind)
            : Operation(readiness, kind, &Wait::do_complete),
              resumptions_(readiness.resumptions_) {}
        /// Only before it is awaited.
        Wait(Wait&& other) noexcept : Wait(other.readiness_, other.kind_) {}
        Wait(const Wait&) = delete;
        Wait& operator=(const Wait&) = delete;
        Wait& operator=(Wait&&) = delete;
        ~Wait() = default;

        /// For Asio: the coroutine of `frame` stands still.
        Suspension::Thread* operator()(Suspension::Frame* frame);

      private:
        static void do_complete(void* owner, asio::detail::operation* base, const error_code& ec,
                                std::size_t size);

        Resumptions& resumptions_;
        Suspension waiting_;
    };

    class Watch : private Operation {
      public:
        Watch(Readiness& readiness, Resumable& reader)
            : Operation(readiness, Reactor::read_op, &Watch::do_complete), reader_(reader) {}
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;
        ~Watch() = default;

        [[nodiscard]] bool arm();
        [[nodiscard]] bool is_armed() const { return queued_; }

      private:
        static void do_complete(void* owner, asio::detail::operation* base, const error_code& ec,
                                std::size_t size);

        Resumable& reader_;
    };

    Readiness(asio::io_context& io, int socket);
    ~Readiness() { close(); }
    Readiness(const Readiness&) = delete;
    Readiness& operator=(const Readiness&) = delete;

    [[nodiscard]] Wait readable() { return {*this, Reactor::read_op}; }
    [[nodiscard]] Wait writable() { return {*this, Reactor::write_op}; }

    void cancel();
    void wake_reader();
    void close();
    int release();
    [[nodiscard]] bool is_open() const { return socket_ >= 0; }
    [[nodiscard]] int socket() const { return socket_; }

  private:
    void deregister(bool closing);

    Resumptions& resumptions_;
    Reactor& reactor_;
    Reactor::per_descriptor_data registration_{};
    int socket_;
    bool reader_woken_ = false;
};

}  // namespace pgweir::pool
