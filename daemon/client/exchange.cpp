#include "daemon/client/exchange.hpp"

#include "daemon/client/client_session.hpp"

namespace pgweir::daemon {

namespace {

// From a client everything is looked at but COPY data.
constexpr protocol::TypeSet client_messages = [] {
    protocol::TypeSet set = protocol::TypeSet::all();
    set.remove(static_cast<char>(protocol::Frontend::copy_data));
    return set;
}();

}  // namespace

Exchange::Exchange(pool::WorkerContext& worker)
    : buffer(worker.buffers),
      scanner(client_messages, pool::BufferPool::buffer_size, protocol::max_large_message),
      woken(worker.io) {}

void Exchange::begin(ClientSession& whose, pool::Tenant& tenant) {
    session = &whose;
    waiter.tenant = &tenant;
}

void Exchange::end() {
    buffer.discard();
    scanner.reset();
    scanned = 0;
    unanswered_step.reset();
    violation.reset();
    waiter.dedicated.reset();
    waiter.refusal.reset();
    refusal.reset();
    woken.forget();
    outgoing.clear();
    unsent = {};
    long_texts.clear();
    collecting = sending = cancelled = false;
    in_transaction = request_under_way = query_cancelled = false;
    query_deadline.cancel();
    transaction_deadline.cancel();
}

// NOLINTBEGIN(readability-make-member-function-const): what a deadline calls changes something
void Exchange::query_expired() {
    session->timeouts().query_expired();
}

void Exchange::transaction_expired() {
    session->timeouts().transaction_expired();
}
// NOLINTEND(readability-make-member-function-const)

}  // namespace pgweir::daemon
