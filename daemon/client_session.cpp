#include "daemon/client_session.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <cstdint>

#include "daemon/console/console.hpp"
#include "daemon/log.hpp"
#include "daemon/metrics/reason_names.hpp"
#include "daemon/worker.hpp"
#include "protocol/serialize.hpp"

namespace pgweir::daemon {

using protocol::TransactionStatus;

namespace {

bool has_own_options(const conf::Config& config, const std::string& user) {
    return std::ranges::find(config.users, user, &conf::User::name) != config.users.end();
}

// Lets the last message out: closing a socket that holds unread bytes resets the connection, and a
// reset may overtake what was written.
void close_gently(pool::ByteStream& stream) {
    if (!stream.is_open()) return;
    ::shutdown(stream.native_handle(), SHUT_WR);
    std::array<char, 4096> ignored{};
    for (int i = 0; i < 16; ++i) {
        if (::recv(stream.native_handle(), ignored.data(), ignored.size(), MSG_DONTWAIT) <= 0)
            break;
    }
    stream.close();
}

}  // namespace

ClientSession::ClientSession(Worker& worker, std::uint64_t id, AcceptedClient client)
    : worker_(worker),
      address_(std::move(client.address)),
      stream_(worker.context().io, worker.context().late_ends, client.socket),
      exchange_(worker.lend_exchange()),
      login_(std::make_unique<Login>()),
      watch_(stream_.watch(*this)),
      connected_at_(Clock::now()) {
    session_.id = id;
    exchange_->begin(*this, *this);
}

void ClientSession::start() {
    wait_until(Timeout::client_login_timeout, worker_.config().client_login_timeout);
    // Called on any thread, where this session must not be kept alive: it would die there.
    auto leave = [weak = weak_from_this(), executor = worker_.context().io.get_executor()] {
        asio::post(executor, [weak] {
            if (const auto self = weak.lock()) self->make_room();
        });
    };
    login_->ticket = worker_.gateway().logins.enter(
        login_address(address_, stream_.native_handle()), std::move(leave));
    asio::co_spawn(worker_.context().io.get_executor(), log_in(),
                   [self = shared_from_this()](const std::exception_ptr& problem, bool logged_in) {
                       if (problem) self->failed(problem);
                       if (logged_in && !problem) {
                           self->start_relay();
                       } else {
                           self->finish();
                       }
                   });
}

// The last catch: whatever goes wrong in one session ends that session.
void ClientSession::failed(const std::exception_ptr& problem) {
    try {
        std::rethrow_exception(problem);
    } catch (const std::exception& error) {
        log::write(conf::LogLevel::error, "session_failed",
                   {{"client", session_.id}, {"error", error.what()}});
    }
    end(ClientClose::protocol_error, std::nullopt);
}

void ClientSession::wake() {
    if (relays_) {
        worker_.context().resumptions.add(*this);
    } else if (exchange_) {
        exchange_->woken.notify();
    }
}

void ClientSession::end(ClientClose reason, std::optional<ErrorReport> report) {
    if (ending_) return;
    ending_ = std::make_unique<Ending>();
    ending_->reason = reason;
    ending_->report = std::move(report);
    // Whatever it waits for, it is to look at `ending_` now.
    stream_.cancel();
    wake();
    if (part_ != nullptr && exchange_) part_->withdraw(exchange_->waiter);
    if (lease_) lease_->requests().cancel();
}

// As PostgreSQL does where it writes to its log only.
void ClientSession::end_silently(std::string problem) {
    end(ClientClose::protocol_error, std::nullopt);
    if (!ending_->report) ending_->untold = std::move(problem);
}

void ClientSession::finish() {
    if (!ending_) {
        const ClientClose reason = terminated_ ? ClientClose::terminate : ClientClose::lost;
        ending_ = std::make_unique<Ending>();
        ending_->reason = reason;
    }
    state_deadline_.cancel();
    if (part_ != nullptr && exchange_) part_->withdraw(exchange_->waiter);
    const bool may_speak = (!lease_ || !lease_->speaking()) && (!unread_ || unread_->begun == 0);
    if (session_.listener) part_->listeners().end(*session_.listener);
    if (lease_) {
        const bool half_sent =
            !exchange_->unsent.empty() || (!exchange_->unanswered_step && !exchange_->collecting &&
                                           !exchange_->scanner.at_boundary());
        // After a Terminate what was asked before is finished; only a COPY can come to nothing.
        lease_->abandon(half_sent, !terminated_ || lease_->tracker().copying_in());
        lease_.forget();
    }
    if (exchange_) worker_.take_back(std::move(exchange_));
    if (ending_->report && may_speak) {
        std::string message;
        protocol::append_error_response(message, *ending_->report);
        const iovec part = pool::to_iovec(message);
        std::ignore = stream_.write({&part, 1});  // whoever does not read now is not waited for
    }
    stream_.say_end();
    if (terminated_ && drained_) {
        stream_.close();  // all that it said was read
    } else {
        close_gently(stream_);
    }
    log_end();
    if (part_ != nullptr) {
        set_state(State::login);
        pins_changed(std::exchange(session_.pins, {}));
        statistics().client_closes[static_cast<std::size_t>(ending_->reason)].add();
        part_->pool().clients.fetch_sub(1);
    } else if (!console_ && ending_->reason != ClientClose::terminate) {
        worker_.counters().logins_refused.add();
    }
    worker_.remove(*this);
    relays_.reset();  // which may be the end of this object
}

void ClientSession::log_end() const {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - connected_at_).count();
    const bool by_client = ending_->reason == ClientClose::terminate;
    if (by_client && !worker_.config().log_disconnections) return;
    if (user().empty() && by_client) return;  // a CancelRequest
    log::write(conf::LogLevel::info, "client_closed",
               {{"client", session_.id},
                {"database", database()},
                {"user", user()},
                {"addr", address_},
                {"reason", name(ending_->reason)},
                {"timeout", ending_->timeout},
                {"error", ending_->report ? ending_->report->message : ending_->untold},
                {"age_s", seconds}});
}

void ClientSession::set_state(State state) {
    const auto gauge = [this](State counted) -> pool::Counter* {
        switch (counted) {
            case State::idle:
                return &statistics().clients_idle;
            case State::waiting:
                return &statistics().clients_waiting;
            case State::active:
                return &statistics().clients_active;
            case State::login:
                break;
        }
        return nullptr;
    };
    if (state == state_) return;
    if (pool::Counter* counter = gauge(state_)) counter->subtract();
    if (pool::Counter* counter = gauge(state)) counter->add();
    state_ = state;
}

void ClientSession::drain() {
    draining_ = true;
    // A replication stream does not end by itself.
    const bool at_rest = state_ == State::idle || state_ == State::login ||
                         (lease_ && lease_->tracker().releasable() && !sending_) ||
                         (lease_ && lease_->tracker().copying_both());
    if (!at_rest) return;
    end(ClientClose::shutdown,
        ErrorReport::fatal(protocol::sqlstate::admin_shutdown,
                           "terminating connection due to administrator command"));
}

void ClientSession::cancel_request(std::function<void()> done) {
    if (console_ && console_->order) console_->order->withdrawn = true;
    if (lease_ && lease_->tracker().owed() > 0 && !lease_->works_for_itself()) {
        lease_->cancel_query(std::move(done));
        return;
    }
    if (state_ == State::waiting) {
        cancelled_ = true;
        part_->withdraw(exchange_->waiter);
        wake();
    }
    done();
}

void ClientSession::make_room() {
    if (!login_ || place_ || console_) return;  // it has logged in meanwhile
    worker_.counters().logins_crowded_out.add();
    end(ClientClose::refused, ErrorReport::fatal(protocol::sqlstate::too_many_connections,
                                                 "sorry, too many clients already"));
}

void ClientSession::look_for_end() {
    if (stream_.is_open() && pool::peer_has_closed(stream_.native_handle())) {
        end(ClientClose::lost, std::nullopt);
    }
}

void ClientSession::reconfigure() {
    own_options_.reset();
    if (part_ == nullptr) return;
    const conf::Config& config = worker_.config();
    const conf::Database* entry = config.find_database(database());
    const bool replicates = replication_ != protocol::Replication::none;
    if (replicates || (entry != nullptr && has_own_options(config, user()))) {
        conf::PoolOptions own =
            entry == nullptr ? part_->options() : config.pool_options(*entry, user());
        // A base backup or a stream is one query, which lasts as long as it does.
        if (replicates) {
            own.query_timeout = own.transaction_timeout = std::chrono::milliseconds::zero();
        }
        own_options_ = std::make_unique<const conf::PoolOptions>(std::move(own));
    }
    session_.follows = mode_ != conf::PoolMode::session;
    session_.tracking = options().session_state;
    session_.max_prepared_statements = options().max_prepared_statements;
}

const conf::PoolOptions& ClientSession::options() const {
    return own_options_ ? *own_options_ : part_->options();
}

// --- what the server says ------------------------------------------------------------------------

void ClientSession::lease_granted(pool::Server& server) {
    lease_ = pool::Lease(server);
    sending_ = true;
    set_state(State::active);
}

void ClientSession::lease_ended() {
    lease_.forget();
    exchange_->unsent = {};
    exchange_->outgoing.clear();
    exchange_->request_under_way = false;
    if (phase_ == Phase::asking) wake();
    set_state(State::idle);
    if (waiting_for_ == Timeout::idle_transaction_timeout ||
        pool::idle_session_timeout(*session_.settings) != std::chrono::milliseconds::zero()) {
        expect_next_request();
    }
    rest_if_done();
}

void ClientSession::replies_failed() {
    end(ClientClose::lost, std::nullopt);
}

bool ClientSession::between_requests() const {
    return !sending_ && (exchange_->unanswered_step || exchange_->scanner.at_boundary());
}

bool ClientSession::may_release() const {
    return mode_ != conf::PoolMode::session && !session_.pins.any();
}

void ClientSession::question_answered() {
    if (terminated_) wake();  // it waits until its server is free of it
    if (login_ && std::exchange(login_->confirming, false)) wake();
}

void ClientSession::pins_changed(pool::Pins before) {
    pool::PoolStatistics& counted = statistics();
    before.for_each([&](pool::PinReason reason) {
        if (session_.pins.contains(reason)) return;
        counted.clients_pinned[static_cast<std::size_t>(reason)].subtract();
        log_pin("client_unpinned", reason);
    });
    session_.pins.for_each([&](pool::PinReason reason) {
        if (before.contains(reason)) return;
        counted.pins[static_cast<std::size_t>(reason)].add();
        counted.clients_pinned[static_cast<std::size_t>(reason)].add();
        log_pin("client_pinned", reason);
    });
    refuse_pins();
}

// In strict mode a pin shows itself only where a function has hidden what it does.
void ClientSession::refuse_pins() {
    pool::Pins refused = session_.pins;
    refused.remove(pool::PinReason::listen);  // on its way to where it can follow
    if (session_.tracking != conf::SessionState::strict || !refused.any() || ending_) return;
    std::string what;
    refused.for_each([&](pool::PinReason reason) {
        what += (what.empty() ? "" : ", ") + std::string(pool::name(reason));
    });
    auto report = ErrorReport::fatal(protocol::sqlstate::feature_not_supported,
                                     "the session has state that cannot follow it: " + what);
    report.hint = "pgweir does not keep servers for single clients here (session_state: strict).";
    end(ClientClose::refused, std::move(report));
}

void ClientSession::log_pin(std::string_view event, pool::PinReason reason) const {
    // That of a sequence comes and goes with each value.
    const bool is_common = reason == pool::PinReason::sequence;
    log::write(is_common ? conf::LogLevel::debug : conf::LogLevel::info, event,
               {{"client", session_.id},
                {"database", database()},
                {"user", user()},
                {"reason", pool::name(reason)},
                {"statement", session_.pinned ? session_.pinned->by : std::string()}});
}

bool ClientSession::accepts(TransactionStatus status) {
    if (mode_ != conf::PoolMode::statement || status == TransactionStatus::idle) return true;
    end(ClientClose::protocol_error,
        ErrorReport::fatal(protocol::sqlstate::feature_not_supported,
                           "transaction blocks not allowed in statement pooling mode"));
    return false;
}

void ClientSession::reply_finished(TransactionStatus status) {
    const auto now = worker_.context().now();
    pool::PoolStatistics& counted = statistics();
    counted.queries.add();
    counted.query.observe(now - request_at_);
    request_at_ = now;
    const bool more_owed = lease_ && lease_->tracker().owed() > 0;
    if (!more_owed) {
        exchange_->query_deadline.cancel();
        exchange_->request_under_way = false;
    }
    if (status == TransactionStatus::idle) {
        counted.transactions.add();
        counted.transaction.observe(now - exchange_->transaction_at);
        exchange_->transaction_at = now;
        exchange_->in_transaction = more_owed;
        if (!more_owed) exchange_->transaction_deadline.cancel();
    }
    if (more_owed) return;
    if (terminated_) wake();
    expect_next_request();
    if (draining_ && status == TransactionStatus::idle) drain();
}

void ClientSession::set_up_finished(const std::optional<ErrorReport>& error) {
    if (is_logged_in()) {
        // Its request was not sent yet: the error is the answer to that.
        if (error && phase_ == Phase::asking) exchange_->refusal = error;
        return;
    }
    login_->set_up_error = error ? std::make_unique<ErrorReport>(*error) : nullptr;
    wake();
}

void ClientSession::server_lost(bool may_explain) {
    if (login_ && login_->set_up_error) {
        ErrorReport report = *login_->set_up_error;
        report.severity = "FATAL";
        end(ClientClose::server_lost, std::move(report));
        return;
    }
    end(ClientClose::server_lost,
        may_explain ? std::optional(ErrorReport::fatal(protocol::sqlstate::connection_failure,
                                                       "server closed the connection unexpectedly"))
                    : std::nullopt);
}

}  // namespace pgweir::daemon
