#include "pool/server/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "pool/connect/cancel_request.hpp"
#include "pool/lending/pool.hpp"
#include "pool/lending/pool_part.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {

using protocol::Frontend;
using protocol::Origin;
using protocol::TransactionStatus;

Server::Server(PoolPart& part, ServerConnection connection)
    : part_(part),
      keep_alive_(part.pool().shared_from_this()),
      connection_(std::move(connection)),
      stream_(part.context().io, part.context().late_ends, connection_.socket(), connection_.tls()),
      buffer_(part.context().buffers),
      scanner_(wanted_messages(false), BufferPool::buffer_size, protocol::max_backend_message),
      context_({.server = connection_,
                .tracker = tracker_,
                .knowledge = part.knowledge(),
                .settings = part.context().settings}),
      lifecycle_(part.statistics()),
      statements_({.statements = connection_.statements,
                   .unnamed = connection_.unnamed,
                   .tracker = tracker_,
                   .suspected = suspicion_.effects(),
                   .knowledge = part.knowledge(),
                   .plans_renewed = part.statistics().plans_renewed}),
      mentioned_(part.knowledge()),
      channels_(part.pool().marker_channel()),
      client_ready_(part.context().io) {}

void Server::start() {
    asio::co_spawn(part_.context().io.get_executor(), run(), asio::detached);
}

void Server::lend_to(Tenant& tenant) {
    lifecycle_.to(State::leased);
    tenant_ = &tenant;
    context_.client = &tenant.session();
    said_fatal_ = false;
    reports_.attach();
    is_checked_ = false;
    question_answered_ = false;
    TenantSession& session = tenant.session();
    statements_.attach({.statements = session.statements,
                        .limit = session.max_prepared_statements,
                        .tracking = session.tracking});
    startup_.attach(
        {.startup = session.startup, .settings = session.settings, .follows = session.follows});
    if (session.defaults != connection_.defaults) keep_defaults(context_);
    tenant.lease_granted(*this);
}

void Server::become_idle(Clock::time_point now) {
    lifecycle_.to(State::idle);
    if (!std::exchange(is_checked_, false)) idle_since_ = now;
}

bool Server::leave_for(unsigned worker) {
    if (!may_be_lent()) return false;
    lifecycle_.to(State::leaving);
    destination_ = worker;
    stream_.cancel();
    return true;
}

ServerConnection Server::take_connection() {
    lifecycle_.to(State::closed);
    stream_.release();
    return std::move(connection_);
}

void Server::close(ServerClose reason, std::string_view detail) {
    if (lifecycle_.is(State::closed)) return;
    const State before = state();
    lifecycle_.to(State::closed);
    cleaning_deadline_.cancel();
    if (questions_.is_asked(Question::catalogue)) part_.pool().catalogue_upkeep().abandoned();
    client_ready();
    if (Tenant* const tenant = take_tenant()) {
        statements_.detach();
        startup_.detach();
        const bool may_explain = !said_fatal_ && !speaking();
        tenant->lease_ended();
        tenant->server_lost(may_explain);
    }
    // The reading coroutine resumes, sees the state and ends.
    stream_.release();
    part_.server_closed(*this, before, reason, detail);
    connection_.close();
}

Tenant* Server::take_tenant() {
    context_.client = nullptr;
    return std::exchange(tenant_, nullptr);
}

bool Server::release_if_done() {
    if (tenant_ == nullptr || delivering_) return false;
    request_waits_ = false;
    if (tracker_.wants_probe() && tenant_->between_requests()) {
        settle_doubt();
        return false;
    }
    const bool refused = set_up_.is_refused();
    bool over = refused && tracker_.quiet() && tenant_->between_requests();
    if (!refused) {
        restore_in_transaction();
        if (!tracker_.releasable() || !tenant_->between_requests()) return false;
        takes_stock_ = ask_before_release();
        over = !takes_stock_ && tenant_->may_release();
    }
    if (over) end_lease();
    return over;
}

void Server::end_lease() {
    const bool tracked = client().follows && context_.tracks();
    if (channels_.lease_ends(listening())) {
        needs_reset_ = true;
        reset_query_ = "DISCARD ALL";
    }
    take_tenant()->lease_ended();
    forget_session();
    lifecycle_.to(State::cleaning);
    // Nobody has to wait for it now.
    if (tracked && !is_being_cancelled_) {
        if (const auto reading = part_.pool().catalogue_upkeep().claim()) {
            ask_catalogue(*reading);
            return;
        }
    }
    clean();
}

void Server::abandon(bool half_sent, bool cancel) {
    if (!lifecycle_.is(State::leased)) return;
    const TenantSession& session = client();
    const bool unseen =
        session.pins.contains(PinReason::unseen) || suspicion_.contains(protocol::Effect::sticky);
    // Where all that the tenant did is known, rolling back is enough, and the server keeps its
    // prepared statements.
    needs_reset_ =
        needs_reset_ || !session.follows || session.tracking == conf::SessionState::off ||
        suspicion_.effects().any() || session.pins.any() || reports_.is_touched() ||
        questions_.any() || statements_.shown().has_to_close() || set_up_.is_under_way() ||
        channels_.listens() || connection_.settings->idle_session_timeout() != milliseconds::zero();
    // In transaction pooling what a client could leave is not for an option to choose.
    reset_query_ = session.follows ? "DISCARD ALL" : part_.options().server_reset_query;
    take_tenant();
    lifecycle_.to(State::cleaning);
    forget_forward();
    client_ready();
    forget_session();
    if (unseen) {
        close(ServerClose::dirty, "the client left something that nothing can undo");
        return;
    }
    if (connection_.place == Place::dedicated) {
        close(ServerClose::client_left, "");
        return;
    }
    if (half_sent) {
        close(ServerClose::dirty, "the client left in the middle of a message");
        return;
    }
    if (cancel && !tracker_.quiet()) {
        if (tracker_.owed() > 0 && !tracker_.copying_in()) cancel_query();
        part_.context().deadlines.set(cleaning_deadline_, part_.options().cancel_wait_timeout,
                                      Clock::now());
    }
    clean();
}

// The session that was here is over, or lives on elsewhere.
void Server::forget_session() {
    suspicion_.forget();
    keep_deadline_.cancel();
    latest_.forget_long_text();
    long_look_.reset();
    statements_.detach();
    mentioned_.clear();
    settings_discarded_ = false;
    order_.forget();
    set_up_.forget();
    request_waits_ = false;
    reports_.forget();
    takes_stock_ = false;
    connection_.sequences.lease_ended();
    startup_.detach();
    login_changes_.clear();
    is_overdue_ = false;
    channels_.forget();
    is_overdue_ = false;
}

// Called anew whenever something that was waited for has come.
void Server::clean() {
    if (!lifecycle_.is(State::cleaning)) return;
    take_cleaning_step(next_cleaning_step({.is_being_cancelled = is_being_cancelled_,
                                           .is_delivering = delivering_,
                                           .may_be_cancelled = cancel_uncertain_,
                                           .has_rolled_back = has_rolled_back_,
                                           .has_reset = has_run_reset_,
                                           .needs_reset = needs_reset_ && !reset_query_.empty()},
                                          tracker_));
}

void Server::take_cleaning_step(CleaningStep step) {
    switch (step) {
        case CleaningStep::wait:
            break;
        case CleaningStep::close_unknown:
        case CleaningStep::close_unsynced:
        case CleaningStep::close_stuck:
            close(ServerClose::dirty, reason_to_close(step));
            break;
        case CleaningStep::end_exchange:
            end_exchange();
            break;
        case CleaningStep::settle_doubt:
            settle_doubt();
            break;
        case CleaningStep::roll_back:
            has_rolled_back_ = true;
            ask(Question::cleaning, "ROLLBACK");
            break;
        case CleaningStep::reset:
            has_run_reset_ = true;
            ask(Question::cleaning, reset_query_);
            break;
        case CleaningStep::done:
            cleaned();
            break;
    }
}

// A COPY FROM STDIN by CopyFail; an extended query that has failed, by Sync.
void Server::end_exchange() {
    Outgoing out;
    if (tracker_.copying_in()) writer(out).copy_fail("the client is gone");
    if (tracker_.wants_sync()) writer(out).sync(Question::cleaning);
    send(out);
}

void Server::cleaned() {
    if (has_run_reset_) connection_.settings = context_.settings.none();
    has_rolled_back_ = false;
    has_run_reset_ = false;
    needs_reset_ = false;
    cleaning_deadline_.cancel();
    learn_defaults();
    if (std::exchange(introducing_, false)) {
        connection_.connected_at = Clock::now();  // of use from now on, however short its life is
        part_.opener().introduced(*this);
    } else if (std::exchange(is_probed_, false)) {
        part_.opener().probed(*this);
    } else {
        part_.returned(*this);
    }
}

// A failed COPY leaves in doubt how many Syncs the server still answers: all that comes before the
// answer to this Close does not come after it.
void Server::settle_doubt() {
    Outgoing out;
    writer(out).close(Origin::pool, no_statement);
    writer(out).sync(Question::command);
    if (tenant_ == nullptr) {
        part_.context().deadlines.set(cleaning_deadline_, part_.options().cancel_wait_timeout,
                                      Clock::now());
    }
    send(out);
}

void Server::ask(Question question, std::string_view sql) {
    Outgoing out;
    writer(out).query(question, sql, part_.options().sticky_functions);
    connection_.unnamed = {};  // a simple query ends the unnamed statement
    if (tenant_ == nullptr) {
        part_.context().deadlines.set(cleaning_deadline_, part_.options().cancel_wait_timeout,
                                      Clock::now());
    }
    send(out);
}

// For pgweir's own requests, which are short and sent when the server waits for one: where they do
// not fit into the socket at once, something is wrong with the server.
void Server::send(Outgoing& out) {
    const std::size_t size = out.own().size();
    const IoResult result = stream_.write(out.parts());
    if (result.size == size) {
        part_.statistics().server_bytes_sent.add(size);
        return;
    }
    close(ServerClose::dirty, "it does not take a request");
}

void Server::cancel_query(std::function<void()> done) {
    if (done) cancel_done_.push_back(std::move(done));
    // One does for all that ask at the same time.
    if (std::exchange(is_being_cancelled_, true)) return;
    part_.statistics().cancels.add();
    asio::co_spawn(part_.context().io.get_executor(), carry_cancel(), asio::detached);
}

Task<> Server::carry_cancel() {
    const auto self = shared_from_this();
    const CancelOutcome outcome = co_await send_cancel_request(
        part_.context().io, cancel_target(connection_), part_.options().cancel_wait_timeout);
    is_being_cancelled_ = false;
    cancel_uncertain_ = cancel_uncertain_ || outcome == CancelOutcome::uncertain;
    if (outcome != CancelOutcome::settled) {
        part_.statistics().timeouts[static_cast<std::size_t>(Timeout::cancel_wait_timeout)].add();
        part_.cancel_timed_out(*this);
    }
    for (const auto& finished : std::exchange(cancel_done_, {})) finished();
    clean();
}

}  // namespace pgweir::pool
