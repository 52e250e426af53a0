// What every connection of one worker uses.
#pragma once

#include <atomic>
#include <thread>

#include "pool/io/asio.hpp"
#include "pool/io/byte_stream.hpp"
#include "pool/io/deadlines.hpp"
#include "pool/io/read_buffer.hpp"
#include "pool/io/suspension.hpp"
#include "pool/session/session_settings.hpp"

namespace pgweir::pool {

/// The loop and the shared resources of one worker thread. Everything but posting to `io` is for
/// that thread only.
struct WorkerContext {
    explicit WorkerContext(unsigned number) : index(number) {}

    unsigned index;  ///< 0 .. workers - 1
    /// The thread that runs `io`, while one does.
    std::atomic<std::thread::id> thread{};
    BufferPool buffers;
    Deadlines deadlines;
    SettingsInterner settings;
    LateEnds late_ends;
    /// Last, so that coroutines that die with the loop still find the rest.
    /// Other threads post to it. Its sockets are its own thread's alone: they need no locks.
    asio::io_context io{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
    Resumptions& resumptions = asio::use_service<Resumptions>(io);

    /// For assertions: the running thread is the worker's. Where none is named any may be, as
    /// before the worker begins, when it has ended, and in tests of one thread.
    [[nodiscard]] bool is_current() const {
        const std::thread::id own = thread.load(std::memory_order_relaxed);
        return own == std::thread::id() || own == std::this_thread::get_id();
    }

    /// The time, of this wake-up (see Resumptions).
    [[nodiscard]] Clock::time_point now() { return resumptions.now(); }
};

}  // namespace pgweir::pool
