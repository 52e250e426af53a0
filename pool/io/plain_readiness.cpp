#include "pool/io/plain_readiness.hpp"

#include <utility>

namespace pgweir::pool {

Readiness::Readiness(asio::io_context& io, int socket)
    : resumptions_(asio::use_service<Resumptions>(io)),
      descriptor_(io.get_executor(), socket),
      socket_(socket) {}

bool Readiness::must_wait(Descriptor::wait_type kind) {
    if (!is_open()) return false;
    return kind != Descriptor::wait_read || !std::exchange(reader_woken_, false);
}

// Does `action` from the loop, and all that it wakes. A loop that is destroyed drops it, and with
// it the coroutine that it holds.
template <typename Action>
void Readiness::start(Descriptor::wait_type kind, Action action) {
    descriptor_.async_wait(
        kind, [&resumptions = resumptions_, action = std::move(action)](error_code /*ec*/) mutable {
            resumptions.run(std::move(action));
        });
}

Task<> Readiness::wait(Descriptor::wait_type kind) {
    if (!must_wait(kind)) co_return;
    co_await suspended([this, kind](Suspension waiting) {
        start(kind, [waiting = std::move(waiting)]() mutable { waiting.resume(); });
    });
}

bool Readiness::Watch::arm() {
    if (!readiness_.must_wait(Descriptor::wait_read)) return false;
    is_armed_ = true;
    readiness_.start(Descriptor::wait_read, [this] {
        is_armed_ = false;
        reader_.resume_now();
    });
    return true;
}

void Readiness::cancel() {
    error_code ignored;
    if (is_open()) descriptor_.cancel(ignored);
}

// Who waits to write is resumed as well, and finds that there is nothing to do.
void Readiness::wake_reader() {
    if (!is_open()) return;
    reader_woken_ = true;
    cancel();
}

void Readiness::close() {
    error_code ignored;
    if (is_open()) descriptor_.close(ignored);
    socket_ = -1;
}

int Readiness::release() {
    if (is_open()) descriptor_.release();
    return std::exchange(socket_, -1);
}

}  // namespace pgweir::pool
