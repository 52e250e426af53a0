#include "daemon/client/client_relay.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <chrono>

#include "daemon/client/client_session.hpp"
#include "daemon/client/client_worker.hpp"
#include "daemon/client/unwatched.hpp"

namespace pgweir::daemon {

using pool::IoResult;

namespace {

// A client's requests are looked at for so long before the others have their turn.
constexpr std::chrono::milliseconds longest_turn{1};

}  // namespace

void ClientRelay::start(std::shared_ptr<ClientSession> client) {
    assert(!client_);
    client_ = std::move(client);
    resume_now();
}

void ClientRelay::stop() {
    client_.reset();
}

void ClientRelay::wake() {
    client_->worker().context().resumptions.add(*this);
}

void ClientRelay::resume_now() {
    try {
        run();
    } catch (const std::exception&) {
        client_->failed(std::current_exception());
        client_->finish();
    }
}

// Continues from phase_. May be called when nothing relevant has happened; it then returns at once.
void ClientRelay::run() {
    if (!client_ || watch_.is_armed() || phase_ == RelayPhase::sending) return;
    ClientSession& client = *client_;
    if (tenant().has_exchange() && tenant().exchange().is_linked()) tenant().exchange().unlink();
    pool::WorkerContext& context = client.worker().context();
    const auto begun = context.now();
    while (!client.ending() && go_on()) {
        if (phase_ != RelayPhase::reading || context.now() - begun < longest_turn) continue;
        let_others_go_on();
        return;
    }
    if (client.ending()) {
        client.finish();
    } else if (phase_ == RelayPhase::queued || phase_ == RelayPhase::asking) {
        client.worker().unwatched.push_back(tenant().exchange());
    }
}

// Whoever sends faster than it is looked at would have the worker for itself.
void ClientRelay::let_others_go_on() {
    asio::post(client_->worker().context().io.get_executor(), [this, kept = client_] {
        kept->worker().context().resumptions.run([this] { resume_now(); });
    });
}

// Does what is to be done on the way to the next phase. False when the relay is to stop there.
// What an action calls may call back: until then the phase is the former one.
// Inlined into each phase, where most of the actions are not possible.
[[gnu::always_inline]] inline bool ClientRelay::take_step(RelayStep step) {
    switch (step.action) {
        case RelayAction::go_on:
        case RelayAction::wait:
        case RelayAction::finish:  // run() sees to it
            break;
        case RelayAction::enqueue:
            tenant().enqueue();
            break;
        case RelayAction::leave_queue:
            tenant().leave_queue();
            break;
        case RelayAction::await_outcome:
            await_outcome();
            break;
        case RelayAction::end_wait:
            tenant().stop_waiting();
            break;
        case RelayAction::consume:
            consume_requests();
            break;
        case RelayAction::stop_reading:
            tenant().exchange().sending = false;
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

// One step: does what the phase is for, and then what next() makes of that. False when there is
// nothing more to do now. Each phase calls next() with itself as a constant, of which the compiler
// leaves what this phase needs. run() looks itself whether the session ends, before each step.
bool ClientRelay::go_on() {
    using enum RelayPhase;
    switch (phase_) {
        case reading:
            return read_requests();
        case scanning:
            return look_at_requests();
        case queued:
            return take_step(next(queued, {.waits = tenant().exchange().waiter.waits}));
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

// Reads what is there, or else waits for more.
bool ClientRelay::read_requests() {
    using Reading = ClientConnection::Reading;
    ClientTenant& tenant = this->tenant();
    if (!tenant.has_exchange()) tenant.borrow_exchange();
    switch (client_->connection().read(tenant.exchange().buffer)) {
        case Reading::something:
            client_->worker().context().resumptions.time_passes();
            return take_step(next(RelayPhase::reading, {.has_read = true}));
        case Reading::ended:
            client_->end(ClientClose::lost, std::nullopt);
            return take_step(next(RelayPhase::reading, {.ending = true}));
        case Reading::nothing:
            break;
    }
    return take_step(next(RelayPhase::reading, {.waits = watch_.arm()}));
}

// Goes through the requests at hand. What was found goes to the server, or else the server is
// found that it needs.
bool ClientRelay::look_at_requests() {
    scan_ = scan_requests();
    RelayFacts facts{.scan = scan_};
    if (scan_ == ScanResult::need_server) {
        facts.has_server = tenant().part()->lend(tenant());
        if (facts.has_server) tenant().statistics().wait.observe(Clock::duration::zero());
    } else {
        facts.is_written = send_requests();
    }
    facts.ending = client_->ending() != nullptr;
    return take_step(next(RelayPhase::scanning, facts));
}

void ClientRelay::rest_if_done() {
    if (!watch_.is_armed() || tenant().lease() || !tenant().has_exchange()) return;
    const Exchange& exchange = tenant().exchange();
    if (exchange.buffer.empty() && exchange.scanner.at_boundary()) tenant().give_back_exchange();
}

// The next request waits for what becomes of an earlier one. Where nothing is owed, what it waits
// for is for pgweir to bring about.
void ClientRelay::await_outcome() {
    const pool::Lease& lease = tenant().lease();
    tenant().exchange().sending = false;
    if (lease && lease->session().tracker().owed() == 0) lease->release_if_done();
    if (lease && lease->session().works_for_itself()) tenant().begin_to_wait();
}

// Whether the request that made the relay wait has to wait still.
bool ClientRelay::must_hold_back() const {
    const pool::Lease& lease = tenant().lease();
    const Exchange& exchange = tenant().exchange();
    return lease && !exchange.cancelled && !exchange.refusal &&
           lease->session().must_hold_back(*exchange.unanswered_step);
}

// All that was read is with the server, or answered.
void ClientRelay::consume_requests() {
    Exchange& exchange = tenant().exchange();
    exchange.buffer.consume(exchange.scanned);
    exchange.scanned = 0;
    const pool::Lease& lease = tenant().lease();
    if (!lease) return;
    exchange.sending = false;
    lease->release_if_done();
    if (client_->is_draining()) client_->drain();
}

// PostgreSQL answers what was asked before a Terminate, or before what is no message, and so do we.
bool ClientRelay::owes_replies() const {
    const pool::Lease& lease = tenant().lease();
    return lease && lease->session().tracker().owes_ready() &&
           !lease->session().tracker().copying_in() && !lease->session().tracker().copying_both();
}

// A client's messages in one write to its server, behind what pgweir has to ask first. True when
// all is written.
bool ClientRelay::send_requests() {
    const pool::Lease& lease = tenant().lease();
    if (!lease) return true;
    Exchange& exchange = tenant().exchange();
    pool::PoolStatistics& counted = tenant().statistics();
    if (exchange.unsent.empty()) {
        counted.client_bytes_received.add(exchange.outgoing.size_passed());
        exchange.unsent = exchange.outgoing.parts();
    }
    while (lease && !exchange.unsent.empty()) {
        const IoResult result = lease->requests().write(exchange.unsent);
        if (result.status == IoResult::Status::would_block) return false;
        // A broken server shows itself to its own reader, who may still have its last words to pass
        // on.
        if (result.status != IoResult::Status::done) break;
        counted.server_bytes_sent.add(result.size);
        exchange.unsent = pool::drop_front(exchange.unsent, result.size);
    }
    exchange.unsent = {};
    exchange.outgoing.clear();
    if (!exchange.collecting) exchange.long_texts.clear();
    return true;
}

// Until the server takes the rest.
void ClientRelay::start_sending_slowly() {
    phase_ = RelayPhase::sending;
    asio::co_spawn(client_->worker().context().io.get_executor(), send_slowly(),
                   [this, kept = client_](const std::exception_ptr& problem) {
                       if (problem) kept->failed(problem);
                       phase_ = RelayPhase::sent;
                       resume_now();
                   });
}

Task<> ClientRelay::send_slowly() {
    const Unwatched unwatched(*client_);
    const pool::Lease& lease = tenant().lease();
    while (!client_->ending() && lease && !tenant().exchange().unsent.empty()) {
        co_await lease->requests().writable();
        // Exchange::unsent tells ClientTenant::leave() that a message was cut.
        if (client_->ending()) co_return;
        if (send_requests()) co_return;
    }
}

}  // namespace pgweir::daemon
