// Asking every worker, and waiting until all have answered.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "pool/io/asio.hpp"
#include "pool/io/deadlines.hpp"

namespace pgweir::daemon::console {

/// The answers of the workers to one question. Lives on the main thread; shared with the answers on
/// their way. Whoever waits is the loop's to destroy, so that nothing stays when the loop ends.
template <class Answer>
class Gathering : public std::enable_shared_from_this<Gathering<Answer>> {
  public:
    Gathering(asio::io_context& io, std::size_t workers)
        : io_(io), missing_(workers), all_there_(io.get_executor()) {}

    /// What a worker calls with its answer, once.
    [[nodiscard]] std::function<void(Answer)> reply() {
        return [self = this->shared_from_this(),
                executor = io_.get_executor()](Answer answer) mutable {
            asio::post(executor, [self, answer = std::move(answer)]() mutable {
                self->answers_.push_back(std::move(answer));
                if (--self->missing_ == 0) self->all_there_.cancel();
            });
        };
    }

    /// Suspends until all have answered.
    Task<std::vector<Answer>> all() {
        if (missing_ > 0) {
            all_there_.expires_at(pool::Clock::time_point::max());
            co_await all_there_.async_wait(as_result);
        }
        co_return std::move(answers_);
    }

  private:
    using Timer = asio::basic_waitable_timer<pool::Clock, asio::wait_traits<pool::Clock>, Executor>;

    asio::io_context& io_;
    std::size_t missing_;
    std::vector<Answer> answers_;
    Timer all_there_;
};

}  // namespace pgweir::daemon::console
