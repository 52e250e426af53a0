#include "daemon/client/client_tenant.hpp"

#include <cstdint>

#include "daemon/client/client_login.hpp"
#include "daemon/client/client_session.hpp"
#include "daemon/client/client_worker.hpp"
#include "daemon/log/log.hpp"

namespace pgweir::daemon {

using protocol::TransactionStatus;

namespace {

void log_pin(const ClientSession& client, std::string_view event, pool::PinReason reason,
             const pool::TenantSession& session) {
    // That of a sequence comes and goes with each value.
    const bool is_common = reason == pool::PinReason::sequence;
    log::write(is_common ? conf::LogLevel::debug : conf::LogLevel::info, event,
               {{"client", session.id},
                {"database", client.database()},
                {"user", client.user()},
                {"reason", pool::name(reason)},
                {"statement", session.pinned ? session.pinned->by : std::string()}});
}

// In strict mode a pin shows itself only where a function has hidden what it does.
void refuse_pins(ClientSession& client, const pool::TenantSession& session) {
    pool::Pins refused = session.pins;
    refused.remove(pool::PinReason::listen);  // on its way to where it can follow
    if (session.tracking != conf::SessionState::strict || !refused.any() || client.ending()) return;
    std::string what;
    refused.for_each([&](pool::PinReason reason) {
        what += (what.empty() ? "" : ", ") + std::string(pool::name(reason));
    });
    auto report = ErrorReport::fatal(protocol::sqlstate::feature_not_supported,
                                     "the session has state that cannot follow it: " + what);
    report.hint = "pgweir does not keep servers for single clients here (session_state: strict).";
    client.end(ClientClose::refused, std::move(report));
}

}  // namespace

ClientTenant::ClientTenant(ClientSession& client, std::uint64_t id) : client_(client) {
    session_.id = id;
    borrow_exchange();
}

void ClientTenant::borrow_exchange() {
    assert(!exchange_);
    exchange_ = client_.worker().lend_exchange();
    exchange_->begin(client_, *this);
}

void ClientTenant::give_back_exchange() {
    assert(exchange_ && !lease_);
    client_.worker().take_back(std::move(exchange_));
}

void ClientTenant::return_outdated() {
    lease_->abandon(false, false);
    lease_.forget();
}

// --- the queue -----------------------------------------------------------------------------------

void ClientTenant::begin_to_wait() {
    client_.set_state(ClientSession::State::waiting);
    client_.timeouts().wait_for_server();
}

void ClientTenant::stop_waiting() {
    client_.timeouts().stop();
    client_.set_state(lease_ ? ClientSession::State::active : ClientSession::State::idle);
}

void ClientTenant::enqueue() {
    begin_to_wait();
    part_->enqueue(exchange().waiter, client_.worker().context().now());
}

bool ClientTenant::leave_queue() {
    stop_waiting();
    const pool::Waiter& waiter = exchange().waiter;
    statistics().wait.observe(client_.worker().context().now() - waiter.since);
    if (lease_) return client_.ending() == nullptr;
    if (waiter.refusal && !client_.ending()) {
        ErrorReport report = *waiter.refusal;
        // PgBouncer's words of a replication login, for who has its log.
        if (waiter.dedicated && report.detail.empty() &&
            client_.worker().config().log_format == conf::LogFormat::pgbouncer) {
            report.detail = "login failed";
        }
        client_.end(ClientClose::server_unavailable, std::move(report));
    }
    return false;
}

void ClientTenant::wake() {
    if (client_.relay().is_running()) {
        client_.relay().wake();
    } else if (exchange_) {
        exchange_->woken.notify();
    }
}

// --- its end -------------------------------------------------------------------------------------

void ClientTenant::interrupt() {
    wake();
    if (part_ != nullptr && exchange_) part_->withdraw(exchange_->waiter);
    if (lease_) lease_->requests().cancel();
}

void ClientTenant::cancel(std::function<void()> done) {
    if (lease_ && lease_->session().tracker().owed() > 0 && !lease_->session().works_for_itself()) {
        lease_->cancels().send(std::move(done));
        return;
    }
    if (client_.state() == ClientSession::State::waiting) {
        exchange().cancelled = true;
        part_->withdraw(exchange().waiter);
        wake();
    }
    done();
}

bool ClientTenant::leave() {
    if (part_ != nullptr && exchange_) part_->withdraw(exchange_->waiter);
    const bool may_speak =
        (!lease_ || !lease_->speaking()) && (!notifications_ || !notifications_->has_begun());
    if (session_.listening) part_->listeners().end(*session_.listening);
    if (lease_) {
        const Exchange& left = exchange();
        const bool half_sent = !left.unsent.empty() || (!left.unanswered_step && !left.collecting &&
                                                        !left.scanner.at_boundary());
        // After a Terminate what was asked before is finished; only a COPY can come to nothing.
        lease_->abandon(half_sent,
                        !client_.is_terminated() || lease_->session().tracker().copying_in());
        lease_.forget();
    }
    if (exchange_) give_back_exchange();
    return may_speak;
}

// --- what the server says ------------------------------------------------------------------------

void ClientTenant::lease_granted(pool::Server& server) {
    lease_ = pool::Lease(server);
    exchange().sending = true;
    client_.set_state(ClientSession::State::active);
}

void ClientTenant::lease_ended() {
    lease_.forget();
    Exchange& left = exchange();
    left.unsent = {};
    left.outgoing.clear();
    left.request_under_way = false;
    if (client_.relay().is_asking()) wake();
    client_.set_state(ClientSession::State::idle);
    if (client_.timeouts().latest() == pool::Timeout::idle_transaction_timeout ||
        session_.settings->idle_session_timeout() != std::chrono::milliseconds::zero()) {
        client_.timeouts().expect_next_request();
    }
    client_.relay().rest_if_done();
}

pool::ByteStream& ClientTenant::replies() {
    return client_.connection().stream();
}

void ClientTenant::replies_failed() {
    client_.end(ClientClose::lost, std::nullopt);
}

bool ClientTenant::between_requests() const {
    const Exchange& held = exchange();
    return !held.sending && (held.unanswered_step || held.scanner.at_boundary());
}

bool ClientTenant::may_release() const {
    return client_.mode() != conf::PoolMode::session && !session_.pins.any();
}

bool ClientTenant::accepts(TransactionStatus status) {
    if (client_.mode() != conf::PoolMode::statement || status == TransactionStatus::idle) {
        return true;
    }
    client_.end(ClientClose::protocol_error,
                ErrorReport::fatal(protocol::sqlstate::feature_not_supported,
                                   "transaction blocks not allowed in statement pooling mode"));
    return false;
}

void ClientTenant::reply_finished(TransactionStatus status) {
    const auto now = client_.worker().context().now();
    pool::PoolStatistics& counted = statistics();
    Exchange& held = exchange();
    counted.queries.add();
    counted.query.observe(now - request_at_);
    request_at_ = now;
    const bool more_owed = lease_ && lease_->session().tracker().owed() > 0;
    if (!more_owed) {
        held.query_deadline.cancel();
        held.request_under_way = false;
    }
    if (status == TransactionStatus::idle) {
        counted.transactions.add();
        counted.transaction.observe(now - held.transaction_at);
        held.transaction_at = now;
        held.in_transaction = more_owed;
        if (!more_owed) held.transaction_deadline.cancel();
    }
    if (more_owed) return;
    if (client_.is_terminated()) wake();
    client_.timeouts().expect_next_request();
    if (client_.is_draining() && status == TransactionStatus::idle) client_.drain();
}

void ClientTenant::set_up_finished(const std::optional<ErrorReport>& error) {
    if (client_.key() != 0) {
        // Its request was not sent yet: the error is the answer to that.
        if (error && client_.relay().is_asking()) exchange().refusal = error;
        return;
    }
    client_.login()->set_up_finished(error);
    wake();
}

void ClientTenant::question_answered() {
    if (client_.is_terminated()) wake();  // it waits until its server is free of it
    if (client_.login() != nullptr && client_.login()->end_confirmation()) wake();
}

void ClientTenant::pins_changed(pool::Pins before) {
    pool::PoolStatistics& counted = statistics();
    before.for_each([&](pool::PinReason reason) {
        if (session_.pins.contains(reason)) return;
        counted.clients_pinned[static_cast<std::size_t>(reason)].subtract();
        log_pin(client_, "client_unpinned", reason, session_);
    });
    session_.pins.for_each([&](pool::PinReason reason) {
        if (before.contains(reason)) return;
        counted.pins[static_cast<std::size_t>(reason)].add();
        counted.clients_pinned[static_cast<std::size_t>(reason)].add();
        log_pin(client_, "client_pinned", reason, session_);
    });
    refuse_pins(client_, session_);
}

void ClientTenant::server_lost(bool may_explain) {
    const ErrorReport* const refused =
        client_.login() == nullptr ? nullptr : client_.login()->set_up_error();
    if (refused != nullptr) {
        ErrorReport report = *refused;
        report.severity = "FATAL";
        client_.end(ClientClose::server_lost, std::move(report));
        return;
    }
    client_.end(ClientClose::server_lost,
                may_explain
                    ? std::optional(ErrorReport::fatal(protocol::sqlstate::connection_failure,
                                                       "server closed the connection unexpectedly"))
                    : std::nullopt);
}

// --- notifications -------------------------------------------------------------------------------

void ClientTenant::notify(const pool::SharedMessage& message) {
    if (client_.ending()) return;
    if (!notifications_) notifications_ = std::make_unique<ClientNotifications>(client_);
    notifications_->add(message);
    if (client_.ending()) return;
    tell_notifications();
}

void ClientTenant::replies_delivered() {
    if (client_.relay().is_asking()) wake();
    tell_notifications();
}

bool ClientTenant::takes_replies() const {
    return !notifications_ || !notifications_->is_writing();
}

void ClientTenant::channels_confirmed() {
    if (lease_) lease_->release_if_done();
}

void ClientTenant::tell_notifications() {
    if (!notifications_) return;
    notifications_->write();
    if (notifications_ && notifications_->is_done()) notifications_.reset();
}

void ClientTenant::notifications_told() {
    assert(notifications_ && !notifications_->is_writing());
    if (notifications_->is_done()) notifications_.reset();
    if (lease_) lease_->replies().tenant_ready();
}

}  // namespace pgweir::daemon
