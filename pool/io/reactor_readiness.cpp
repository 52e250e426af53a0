#include "pool/io/reactor_readiness.hpp"

#include <poll.h>
#include <unistd.h>

#include <utility>

namespace pgweir::pool {

Readiness::Readiness(asio::io_context& io, int socket)
    : resumptions_(asio::use_service<Resumptions>(io)),
      reactor_(asio::use_service<Reactor>(io)),
      socket_(socket) {
    reactor_.init_task();
    const int problem = reactor_.register_descriptor(socket, registration_);
    if (problem != 0) {
        registration_ = {};
        throw boost::system::system_error(problem, boost::system::system_category(), "epoll_ctl");
    }
}

// The reactor also asks before it queues the operation, when an edge came while nobody waited: then
// the socket may have been read since.
asio::detail::reactor_op::status Readiness::Operation::do_perform(reactor_op* base) {
    const auto* self = static_cast<Operation*>(base);
    if (!self->queued_) {
        const bool reads = self->kind_ == Reactor::read_op;
        pollfd question{.fd = self->readiness_.socket_,
                        .events = static_cast<short>(reads ? POLLIN : POLLOUT),
                        .revents = 0};
        if (::poll(&question, 1, 0) <= 0) return not_done;
    }
    return done_and_exhausted;
}

// Resuming goes on in the coroutine, and this object ends. Without an owner the loop is being
// destroyed, and the coroutine goes with what holds it.
void Readiness::Wait::do_complete(void* owner, asio::detail::operation* base,
                                  const error_code& /*ec*/, std::size_t /*size*/) {
    auto* self = static_cast<Wait*>(base);
    if (owner != nullptr) {
        self->resumptions_.run([self] { self->waiting_.resume(); });
    } else {
        const Suspension dropped = std::move(self->waiting_);
    }
}

bool Readiness::Operation::must_wait() {
    if (!readiness_.is_open()) return false;
    return kind_ != Reactor::read_op || !std::exchange(readiness_.reader_woken_, false);
}

void Readiness::Operation::start() {
    readiness_.reactor_.start_op(kind_, readiness_.socket_, readiness_.registration_, this, false,
                                 true);
    queued_ = true;
}

Suspension::Thread* Readiness::Wait::operator()(Suspension::Frame* frame) {
    if (!must_wait()) return Suspension::done;
    waiting_.hold(*frame);
    start();
    return Suspension::done;
}

bool Readiness::Watch::arm() {
    if (!must_wait()) return false;
    start();
    return true;
}

void Readiness::Watch::do_complete(void* owner, asio::detail::operation* base,
                                   const error_code& /*ec*/, std::size_t /*size*/) {
    auto* self = static_cast<Watch*>(base);
    if (owner == nullptr) return;
    self->queued_ = false;
    self->readiness_.resumptions_.run([self] { self->reader_.resume_now(); });
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
