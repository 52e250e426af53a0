// How a coroutine waits for something that is not one of Asio's operations, at the price of a few
// pointers.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/intrusive/list.hpp>
#include <optional>
#include <utility>

#include "pool/io/asio.hpp"
#include "pool/io/asio_inside.hpp"
#include "pool/io/deadlines.hpp"

namespace pgweir::pool {

#ifdef PGWEIR_PLAIN_ASIO

/// A coroutine that stands still until `resume` is called: by Asio's public interface, which makes
/// another coroutine for each wait.
///
/// Lives on one worker. Destroyed while it holds a coroutine, it has that unwound from the loop.
class Suspension {
  public:
    using Handler = asio::any_completion_handler<void()>;

    Suspension() = default;
    explicit Suspension(Handler handler) : handler_(std::move(handler)) {}

    void hold(Suspension other) { handler_.emplace(*std::move(other.handler_)); }
    [[nodiscard]] bool holds() const { return handler_.has_value(); }

    /// Runs the coroutine until it waits again or ends, which may be the end of this object.
    void resume() {
        Handler handler = *std::move(handler_);
        handler_.reset();
        std::move(handler)();
    }

  private:
    std::optional<Handler>
        handler_;  ///< not assigned to: with Boost 1.81 that never comes to an end
};

/// To be awaited: `take` is called with the coroutine, which stands still.
template <typename Take>
[[nodiscard]] auto suspended(Take take) {
    return asio::async_initiate<const asio::use_awaitable_t<Executor>, void()>(
        [take = std::move(take)](auto handler) mutable {
            take(Suspension(Suspension::Handler(std::move(handler))));
        },
        use_task);
}

/// To be awaited: the coroutine stands still in `suspension` if `must_wait()` says so, and else
/// runs on.
template <typename MustWait>
[[nodiscard]] Task<> suspend(Suspension& suspension, MustWait must_wait) {
    if (!must_wait()) co_return;
    co_await suspended(
        [&suspension](Suspension coroutine) { suspension.hold(std::move(coroutine)); });
}

#else

/// A coroutine that stands still until `resume` is called.
///
/// Asio's own way, async_initiate() with use_awaitable, makes another coroutine for each wait: a
/// frame to allocate and to unwind for something that has no result. What Asio does in there to
/// take a coroutine off its thread can be done directly (DECISIONS.md, D39).
///
/// Lives on one worker. Destroyed while it holds a coroutine, it has that unwound from the loop.
class Suspension {
  public:
    using Thread = asio::detail::awaitable_thread<Executor>;
    using Frame = asio::detail::awaitable_frame_base<Executor>;

    /// What an awaited function object must return; it means nothing.
    static constexpr Thread* done = nullptr;

    /// To be called by a function object that is awaited, with what it was called with. One that
    /// does not call it lets its coroutine run on at once.
    void hold(Frame& frame) { thread_.emplace(std::move(*frame.detach_thread())); }
    [[nodiscard]] bool holds() const { return thread_.has_value(); }

    /// Runs the coroutine until it waits again or ends, which may be the end of this object.
    void resume() {
        Thread thread = std::move(*thread_);
        thread_.reset();
        thread.launch();
    }

  private:
    std::optional<Thread> thread_;
};

/// To be awaited: the coroutine stands still in `suspension` if `must_wait()` says so, and else
/// runs on.
template <typename MustWait>
[[nodiscard]] auto suspend(Suspension& suspension, MustWait must_wait) {
    return [&suspension, must_wait = std::move(must_wait)](Suspension::Frame* frame) mutable {
        if (must_wait()) suspension.hold(*frame);
        return Suspension::done;
    };
}

#endif

using ResumableHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<class Resumable>,
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// Something that the loop is to resume: a coroutine, or what waits without one. Leaves the loop's
/// list when it is destroyed.
class Resumable : public ResumableHook {
  public:
    /// Goes on until it has to wait again or ends, which may be the end of this object.
    virtual void resume_now() = 0;

  protected:
    ~Resumable() = default;
};

/// The coroutines of one loop that were woken by others and are to run next: as soon as the one
/// that runs now stands still, and before the kernel is asked for more. A handler posted for each
/// of them would have Asio do that first, with a system call.
///
/// A service of the loop. Touch only from the loop's thread.
class Resumptions : public asio::execution_context::service {
  public:
    using key_type = Resumptions;
    static inline asio::execution_context::id id;

    explicit Resumptions(asio::execution_context& loop)
        : service(loop), executor_(static_cast<asio::io_context&>(loop).get_executor()) {}

    /// Has `resumable` resumed, once; never before this returns.
    void add(Resumable& resumable) {
        if (resumable.is_linked()) return;  // it is on its way
        list_.push_back(resumable);
        if (running_) return;
        running_ = true;
        asio::post(executor_, [this] { run_all(); });
    }

    /// Calls `first`, and then resumes all that it wakes.
    template <typename First>
    void run(First first) {
        running_ = in_turn_ = true;
        first();
        run_all();
        in_turn_ = false;
        now_.reset();
    }

    /// The time: one look at the clock for all that comes of one wake-up, or of one read.
    [[nodiscard]] Clock::time_point now() {
        if (!in_turn_) return Clock::now();
        if (!now_) now_ = Clock::now();
        return *now_;
    }
    /// Something new has been read: who goes on reading may do so for long.
    void time_passes() { now_.reset(); }

  private:
    void run_all() {
        while (!list_.empty()) {
            Resumable& next = list_.front();
            list_.pop_front();
            next.resume_now();
        }
        running_ = false;
    }
    void shutdown() override { list_.clear(); }

    Executor executor_;
    boost::intrusive::list<Resumable, boost::intrusive::base_hook<ResumableHook>,
                           boost::intrusive::constant_time_size<false>>
        list_;
    std::optional<Clock::time_point> now_;
    bool in_turn_ = false;
    bool running_ = false;  ///< or about to: nobody has to see to it
};

}  // namespace pgweir::pool
