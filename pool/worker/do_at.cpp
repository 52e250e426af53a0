#include "pool/worker/do_at.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

namespace pgweir::pool {

namespace {

using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

Task<> do_after(Clock::duration delay, Executor executor, std::function<void()> what) {
    Timer timer(executor);
    timer.expires_after(delay);
    co_await timer.async_wait(as_result);
    what();
}

}  // namespace

void do_at(Clock::time_point when, WorkerContext& context, std::function<void()> what) {
    const Executor executor = context.io.get_executor();
    asio::co_spawn(executor, do_after(when - Clock::now(), executor, std::move(what)),
                   asio::detached);
}

}  // namespace pgweir::pool
