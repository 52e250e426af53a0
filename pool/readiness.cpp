#include "pool/readiness.hpp"

#include <poll.h>
#include <unistd.h>

#include <boost/asio/async_result.hpp>
#include <boost/asio/detail/reactor_op.hpp>
#include <boost/asio/error.hpp>
#include <optional>
#include <utility>

namespace pgweir::pool {

namespace {

// One wait, inside the coroutine that waits: nothing is allocated for it.
class WaitOperation : public asio::detail::reactor_op {
  public:
    using Handler = asio::async_result<asio::use_awaitable_t<Executor>, void()>::handler_type;

    WaitOperation(int socket, short event)
        : reactor_op(error_code(), &WaitOperation::do_perform, &WaitOperation::do_complete),
          socket_(socket),
          event_(event) {}

    void started(Handler handler) { handler_.emplace(std::move(handler)); }
    /// From now on the reactor calls only when the kernel says that the socket is ready.
    void queued() { queued_ = true; }

  private:
    // The reactor also asks before it queues the operation, when an edge came while nobody waited:
    // then the socket may have been read since.
    static status do_perform(reactor_op* base) {
        auto* self = static_cast<WaitOperation*>(base);
        if (!self->queued_) {
            pollfd question{.fd = self->socket_, .events = self->event_, .revents = 0};
            if (::poll(&question, 1, 0) <= 0) return not_done;
        }
        return done_and_exhausted;
    }

    // Resuming ends the coroutine's frame, and this object with it. Without an owner the loop is
    // being destroyed, and the coroutine goes with its handler.
    static void do_complete(void* owner, asio::detail::operation* base, const error_code& /*ec*/,
                            std::size_t /*size*/) {
        auto* self = static_cast<WaitOperation*>(base);
        Handler handler = std::move(*self->handler_);
        self->handler_.reset();
        if (owner != nullptr) std::move(handler)();
    }

    std::optional<Handler> handler_;
    int socket_;
    short event_;
    bool queued_ = false;
};

}  // namespace

Readiness::Readiness(asio::io_context& io, int socket)
    : executor_(io.get_executor()), reactor_(asio::use_service<Reactor>(io)), socket_(socket) {
    reactor_.init_task();
    const int problem = reactor_.register_descriptor(socket, registration_);
    if (problem != 0) {
        registration_ = {};
        throw boost::system::system_error(problem, boost::system::system_category(), "epoll_ctl");
    }
}

Task<error_code> Readiness::wait(int kind) {
    if (!is_open()) co_return asio::error::bad_descriptor;
    if (kind == Reactor::read_op && std::exchange(reader_woken_, false)) co_return error_code();
    WaitOperation operation(socket_, kind == Reactor::read_op ? POLLIN : POLLOUT);
    co_await asio::async_initiate<const asio::use_awaitable_t<Executor>&, void()>(
        [this, kind, &operation](WaitOperation::Handler handler) {
            operation.started(std::move(handler));
            reactor_.start_op(kind, socket_, registration_, &operation, false, true);
            operation.queued();
        },
        use_task);
    co_return operation.ec_;
}

void Readiness::cancel() {
    if (is_open()) reactor_.cancel_ops(socket_, registration_);
}

void Readiness::wake_reader() {
    if (!is_open()) return;
    reader_woken_ = true;
    reactor_.cancel_ops_by_key(socket_, registration_, Reactor::read_op, nullptr);
}

void Readiness::close() {
    if (!is_open()) return;
    deregister(true);  // the kernel takes a closed socket out of the epoll set itself
    ::close(std::exchange(socket_, -1));
}

int Readiness::release() {
    if (is_open()) deregister(false);
    return std::exchange(socket_, -1);
}

void Readiness::deregister(bool closing) {
    reactor_.deregister_descriptor(socket_, registration_, closing);
    reactor_.cleanup_descriptor_data(registration_);
}

}  // namespace pgweir::pool
