// Readiness (readiness.hpp) by Asio's public interface: a system call for each wait.
#pragma once

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "pool/io/asio.hpp"
#include "pool/io/suspension.hpp"

namespace pgweir::pool {

/// A socket of its loop. What its functions promise is said in readiness.hpp.
///
/// Lives on one worker; touch only from its loop.
class Readiness {
    using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

  public:
    using Wait = Task<>;

    class Watch {
      public:
        Watch(Readiness& readiness, Resumable& reader) : readiness_(readiness), reader_(reader) {}
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;
        ~Watch() = default;

        [[nodiscard]] bool arm();
        [[nodiscard]] bool is_armed() const { return is_armed_; }

      private:
        Readiness& readiness_;
        Resumable& reader_;
        bool is_armed_ = false;
    };

    Readiness(asio::io_context& io, int socket);
    ~Readiness() { close(); }
    Readiness(const Readiness&) = delete;
    Readiness& operator=(const Readiness&) = delete;

    [[nodiscard]] Wait readable() { return wait(Descriptor::wait_read); }
    [[nodiscard]] Wait writable() { return wait(Descriptor::wait_write); }

    void cancel();
    void wake_reader();
    void close();
    int release();
    [[nodiscard]] bool is_open() const { return descriptor_.is_open(); }
    [[nodiscard]] int socket() const { return socket_; }

  private:
    Task<> wait(Descriptor::wait_type kind);
    [[nodiscard]] bool must_wait(Descriptor::wait_type kind);
    template <typename Action>
    void start(Descriptor::wait_type kind, Action action);

    Resumptions& resumptions_;
    Descriptor descriptor_;
    int socket_;
    bool reader_woken_ = false;
};

}  // namespace pgweir::pool
