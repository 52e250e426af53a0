// One coroutine waits, another piece of code of the same worker wakes it.
#pragma once

#include "pool/io/asio.hpp"
#include "pool/io/suspension.hpp"

namespace pgweir::pool {

/// A flag that one coroutine can wait for. `notify` never runs the waiter itself: it resumes from
/// the worker's loop, so nothing changes during notify().
///
/// Lives on one worker; at most one coroutine waits at a time.
// NOLINTNEXTLINE(cppcoreguidelines-virtual-class-destructor): nothing can derive from it
class WakeUp final : private Resumable {
  public:
    explicit WakeUp(asio::io_context& io) : resumptions_(asio::use_service<Resumptions>(io)) {}

    /// To be awaited: suspends until `notify` is called; goes on at once if it was called since the
    /// last wait.
    [[nodiscard]] auto wait() {
        return suspend(waiting_, [this] { return !std::exchange(notified_, false); });
    }

    void notify() {
        if (waiting_.holds()) {
            resumptions_.add(*this);
        } else {
            notified_ = true;
        }
    }

    /// It was not notified; nobody must be waiting.
    void forget() { notified_ = false; }

  private:
    void resume_now() override { waiting_.resume(); }

    Resumptions& resumptions_;
    Suspension waiting_;
    bool notified_ = false;
};

}  // namespace pgweir::pool
