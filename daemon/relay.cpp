// From the client to the server: how the requests of a logged-in client get there. It is called
// when there is something to do, and leaves nothing behind when there is not: a client at rest, of
// which there are thousands, costs its session alone (DECISIONS.md, D40).
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <chrono>

#include "daemon/client_session.hpp"
#include "daemon/unwatched.hpp"
#include "daemon/worker.hpp"

namespace pgweir::daemon {

using pool::IoResult;

namespace {

// A client's requests are looked at for so long before the others have their turn.
constexpr std::chrono::milliseconds longest_turn{1};

}  // namespace

void ClientSession::start_relay() {
    relays_ = shared_from_this();
    login_.reset();
    resume_now();
}

void ClientSession::resume_now() {
    try {
        relay();
    } catch (const std::exception&) {
        failed(std::current_exception());
        finish();
    }
}

// Continues from phase_. May be called when nothing relevant has happened; it then returns at once.
void ClientSession::relay() {
    if (!relays_ || watch_.is_armed() || phase_ == RelayPhase::sending) return;
    if (exchange_ && exchange_->is_linked()) exchange_->unlink();
    const auto begun = worker_.context().now();
    while (!ending_ && go_on()) {
        if (phase_ != RelayPhase::reading || worker_.context().now() - begun < longest_turn) {
            continue;
        }
        let_others_go_on();
        return;
    }
    if (ending_) {
        finish();
    } else if (phase_ == RelayPhase::queued || phase_ == RelayPhase::asking) {
        // NOLINTNEXTLINE(clang-analyzer-cplusplus.Move): it is given back only while reading
        worker_.unwatched.push_back(*exchange_);
    }
}

// Whoever sends faster than it is looked at would have the worker for itself.
void ClientSession::let_others_go_on() {
    asio::post(worker_.context().io.get_executor(), [self = shared_from_this()] {
        self->worker_.context().resumptions.run([&self] { self->resume_now(); });
    });
}

// One step: does what the phase is for, and then what next() makes of that. False when there is
// nothing more to do now. Each phase calls next() with itself as a constant, of which the compiler
// leaves what this phase needs.
bool ClientSession::go_on() {
    using enum RelayPhase;
    switch (phase_) {
        case reading:
            return take_step(next(reading, read_requests()));
        case scanning:
            return take_step(next(scanning, look_at_requests()));
        case queued:
            return take_step(next(queued, {.waits = exchange_->waiter.waits}));
        case sending:
            return take_step(next(sending, {}));
        case sent:
            return take_step(next(sent, {.scan = scan_}));
        case asking:
            return take_step(next(asking, {.waits = must_hold_back()}));
        case leaving:
            return take_step(next(leaving, {.waits = owes_replies()}));
    }
    return false;
}

// Does what is to be done on the way to the next phase. False when the relay is to stop there.
// What an action calls may call back: until then the phase is the former one.
bool ClientSession::take_step(RelayStep step) {
    switch (step.action) {
        case RelayAction::go_on:
        case RelayAction::wait:
        case RelayAction::finish:  // relay() sees to it
            break;
        case RelayAction::enqueue:
            enqueue();
            break;
        case RelayAction::leave_queue:
            leave_queue();
            break;
        case RelayAction::await_outcome:
            await_outcome();
            break;
        case RelayAction::end_wait:
            stop_waiting();
            break;
        case RelayAction::consume:
            consume_requests();
            break;
        case RelayAction::stop_listening:
            sending_ = false;
            break;
        case RelayAction::rest:
            rest_if_done();
            break;
        case RelayAction::write_rest:
            start_sending_slowly();  // the phase is the coroutine's from now on
            return false;
        case RelayAction::take_leave:
            take_leave();
            break;
    }
    phase_ = step.phase;
    return goes_on(step.action);
}

RelayFacts ClientSession::read_requests() {
    if (!exchange_) {
        exchange_ = worker_.lend_exchange();
        exchange_->begin(*this, *this);
    }
    if (read_now() != Reading::nothing) return {.ending = ending_ != nullptr, .has_read = true};
    return {.waits = watch_.arm()};
}

// A client that has nothing under way holds nothing for it.
void ClientSession::rest_if_done() {
    if (!watch_.is_armed() || lease_ || !exchange_) return;
    if (exchange_->buffer.empty() && exchange_->scanner.at_boundary()) {
        worker_.take_back(std::move(exchange_));
    }
}

// Goes through the requests at hand. What was found goes to the server, or else the server is
// found that it needs.
RelayFacts ClientSession::look_at_requests() {
    scan_ = scan_requests();
    RelayFacts facts{.scan = scan_};
    if (scan_ == ScanResult::need_server) {
        facts.has_server = part_->lend(*this);
        if (facts.has_server) statistics().wait.observe(Clock::duration::zero());
    } else {
        facts.is_written = send_requests();
    }
    facts.ending = ending_ != nullptr;
    return facts;
}

// The next request waits for what becomes of an earlier one. Where nothing is owed, what it waits
// for is for pgweir to bring about.
void ClientSession::await_outcome() {
    sending_ = false;
    if (lease_ && lease_->tracker().owed() == 0) lease_->release_if_done();
    if (lease_ && lease_->works_for_itself()) begin_to_wait();
}

// Whether the request that made the relay wait has to wait still.
bool ClientSession::must_hold_back() const {
    return lease_ && !cancelled_ && !exchange_->refusal &&
           lease_->awaits_outcome(*exchange_->unanswered_step);
}

// All that was read is with the server, or answered.
void ClientSession::consume_requests() {
    exchange_->buffer.consume(exchange_->scanned);
    exchange_->scanned = 0;
    if (!lease_) return;
    sending_ = false;
    lease_->release_if_done();
    if (draining_) drain();
}

// PostgreSQL answers what was asked before a Terminate, or before what is no message, and so do we.
bool ClientSession::owes_replies() const {
    return lease_ && lease_->tracker().owes_ready() && !lease_->tracker().copying_in() &&
           !lease_->tracker().copying_both();
}

// A client's messages in one write to its server, behind what pgweir has to ask first. True when
// all is written.
bool ClientSession::send_requests() {
    if (!lease_) return true;
    if (exchange_->unsent.empty()) {
        statistics().client_bytes_received.add(exchange_->outgoing.size_passed());
        exchange_->unsent = exchange_->outgoing.parts();
    }
    while (lease_ && !exchange_->unsent.empty()) {
        const IoResult result = lease_->requests().write(exchange_->unsent);
        if (result.status == IoResult::Status::would_block) return false;
        // A broken server shows itself to its own reader, who may still have its last words to pass
        // on.
        if (result.status != IoResult::Status::done) break;
        statistics().server_bytes_sent.add(result.size);
        exchange_->unsent = pool::drop_front(exchange_->unsent, result.size);
    }
    exchange_->unsent = {};
    exchange_->outgoing.clear();
    if (!exchange_->collecting) exchange_->long_texts.clear();
    return true;
}

// Until the server takes the rest.
void ClientSession::start_sending_slowly() {
    phase_ = RelayPhase::sending;
    asio::co_spawn(worker_.context().io.get_executor(), send_slowly(),
                   [self = shared_from_this()](const std::exception_ptr& problem) {
                       if (problem) self->failed(problem);
                       self->phase_ = RelayPhase::sent;
                       self->resume_now();
                   });
}

Task<> ClientSession::send_slowly() {
    const Unwatched unwatched(*this);
    while (!ending_ && lease_ && !exchange_->unsent.empty()) {
        co_await lease_->requests().writable();
        if (ending_) co_return;  // `exchange_->unsent` tells finish() that a message was cut
        if (send_requests()) co_return;
    }
}

// For a server; or for what the one that the client has is asked about it.
void ClientSession::begin_to_wait() {
    set_state(State::waiting);
    wait_until(Timeout::query_wait_timeout, options().query_wait_timeout);
}

void ClientSession::stop_waiting() {
    state_deadline_.cancel();
    set_state(lease_ ? State::active : State::idle);
}

// Into the queue for a server.
void ClientSession::enqueue() {
    begin_to_wait();
    part_->enqueue(exchange_->waiter, worker_.context().now());
}

// Out of it. False when no server was had: the session ends, or the request was refused.
bool ClientSession::leave_queue() {
    stop_waiting();
    statistics().wait.observe(worker_.context().now() - exchange_->waiter.since);
    if (lease_) return !ending_;
    if (exchange_->waiter.refusal && !ending_)
        end(ClientClose::server_unavailable, *exchange_->waiter.refusal);
    return false;
}

// Reads what is there to be read without waiting.
ClientSession::Reading ClientSession::read_now() {
    if (ending_) return Reading::ended;
    if (!drained_) {
        const IoResult result = stream_.read(exchange_->buffer.room());
        if (result.status == IoResult::Status::done) {
            worker_.context().resumptions.time_passes();
            exchange_->buffer.filled(result.size);
            drained_ = result.drained;
            return Reading::something;
        }
        if (result.status != IoResult::Status::would_block) {
            end(ClientClose::lost, std::nullopt);
            return Reading::ended;
        }
    }
    exchange_->buffer.give_back_if_empty();
    drained_ = false;
    return Reading::nothing;
}

// Reads until there is something new to look at. False at the end of the client.
Task<bool> ClientSession::read_more() {
    Reading reading = read_now();
    while (reading == Reading::nothing) {
        exchange_->buffer.shrink();  // there may be thousands who send half of something
        co_await stream_.readable();
        reading = read_now();
    }
    co_return reading == Reading::something;
}

Task<bool> ClientSession::send(std::string_view bytes) {
    iovec part = pool::to_iovec(bytes);
    std::span<iovec> rest(&part, 1);
    while (!rest.empty()) {
        const IoResult result = stream_.write(rest);
        if (result.status == IoResult::Status::done) {
            rest = pool::drop_front(rest, result.size);
            continue;
        }
        if (result.status != IoResult::Status::would_block) {
            end(ClientClose::lost, std::nullopt);
            co_return false;
        }
        const Unwatched unwatched(*this);
        co_await stream_.writable();
        if (ending_) co_return false;
    }
    co_return true;
}

}  // namespace pgweir::daemon
