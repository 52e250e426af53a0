// One coroutine waits, another piece of code of the same worker wakes it.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <optional>

#include "pool/asio.hpp"

namespace pgweir::pool {

/// A flag that one coroutine can wait for. `notify` never runs the waiter itself: it resumes from
/// the worker's loop, so that who notifies need not expect anything to change under his hands.
///
/// Lives on one worker; at most one coroutine waits at a time.
class WakeUp {
  public:
    explicit WakeUp(asio::io_context& io) : executor_(io.get_executor()) {}

    /// Suspends until `notify` is called; returns at once if it was called since the last wait.
    Task<void> wait() {
        if (!notified_) {
            co_await asio::async_initiate<const asio::use_awaitable_t<Executor>&, void()>(
                [this](Handler handler) { waiting_.emplace(std::move(handler)); }, use_task);
        }
        notified_ = false;
    }

    void notify() {
        notified_ = true;
        if (!waiting_) return;
        Handler handler = std::move(*waiting_);
        waiting_.reset();
        asio::post(executor_, std::move(handler));
    }

  private:
    using Handler = asio::async_result<asio::use_awaitable_t<Executor>, void()>::handler_type;

    Executor executor_;
    std::optional<Handler> waiting_;
    bool notified_ = false;
};

}  // namespace pgweir::pool
