#include "pool/server/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <string>
#include <utility>

#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {

namespace {

constexpr protocol::TypeSet any_message = protocol::TypeSet::all();

ServerClose reason_of(SessionFault::Kind kind) {
    switch (kind) {
        case SessionFault::Kind::lost:
            return ServerClose::lost;
        case SessionFault::Kind::protocol_error:
            return ServerClose::protocol_error;
        case SessionFault::Kind::dirty:
            break;
    }
    return ServerClose::dirty;
}

std::string notice_of_reset() {
    std::string notice;
    protocol::append_notice_response(
        notice,
        {.severity = "WARNING",
         .code = std::string(protocol::sqlstate::warning),
         .message = "settings of this session were reset whose names pgweir has not seen",
         .hint =
             "Name a setting in the text of the statement that sets it, or in its parameters."});
    return notice;
}

}  // namespace

Server::Server(ServerHome& home, ServerConnection connection)
    : home_(home),
      keep_alive_(home.keep_alive()),
      statistics_(home.statistics()),
      connection_(std::move(connection)),
      stream_(home.context().io, home.context().late_ends, connection_.socket(), connection_.tls()),
      buffer_(home.context().buffers),
      scanner_(any_message, BufferPool::buffer_size, protocol::max_backend_message),
      host_(home.host(*this)),
      keeper_(home.surroundings(connection_), *host_),
      lifecycle_(statistics_),
      replies_(keeper_.delivery(), statistics_.client_bytes_sent, home.context().io) {}

void Server::start() {
    asio::co_spawn(home_.context().io.get_executor(), run(), asio::detached);
}

void Server::lend_to(Tenant& tenant) {
    lifecycle_.to(State::leased);
    tenant_ = &tenant;
    keeper_.attach(tenant.session());
    tenant.lease_granted(*this);
}

void Server::try_out(ServerHome::Trial trial, std::string_view query) {
    if (!lifecycle_.is(State::cleaning)) lifecycle_.to(State::cleaning);
    trial_ = trial;
    bool asks = true;
    switch (trial) {
        case ServerHome::Trial::login:
            asks = keeper_.introduce();
            break;
        case ServerHome::Trial::probe:
            keeper_.ask_or_close(query == "<empty>" ? std::string_view() : query);
            break;
        case ServerHome::Trial::defaults:
            keeper_.check_defaults();
            break;
    }
    if (asks) {
        send_own();
    } else {
        pass_trial();
    }
}

void Server::pass_trial() {
    const ServerHome::Trial trial = *std::exchange(trial_, std::nullopt);
    if (trial == ServerHome::Trial::login)
        connection_.connected_at = Clock::now();  // of use from now on, however short its life is
    home_.passed(*this, trial);
}

void Server::become_idle(Clock::time_point since) {
    lifecycle_.to(State::idle);
    connection_.idle_since = since;
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
    keeper_.closes();
    replies_.tenant_ready();
    if (Tenant* const tenant = take_tenant()) {
        const bool may_explain = !keeper_.said_fatal() && !speaking();
        tenant->lease_ended();
        tenant->server_lost(may_explain);
    }
    // The reading coroutine resumes, sees the state and ends.
    stream_.release();
    home_.closed(*this, {.before = before, .trial = trial_, .reason = reason, .detail = detail});
    connection_.close();
}

// The session that was here is over, or lives on elsewhere.
Tenant* Server::take_tenant() {
    keep_deadline_.cancel();
    keeper_.detach();
    return std::exchange(tenant_, nullptr);
}

// --- what the session layer has to say -----------------------------------------------------------

// `delivers_first`: what it has for the tenant came before its news. False: the server was closed.
bool Server::act_on_news(bool delivers_first) {
    const SessionNews news = keeper_.take_news();
    if (news.pins_before && tenant_ != nullptr) tenant_->pins_changed(*news.pins_before);
    if (news.login_ended && tenant_ != nullptr) tenant_->set_up_finished(news.login_ended);
    if (news.keeps_for) {
        WorkerContext& context = home_.context();
        context.deadlines.set(keep_deadline_, *news.keeps_for, context.now());
    }
    if (news.fault) {
        if (delivers_first && tenant_ != nullptr && !keeper_.delivery().empty())
            std::ignore = replies_.write(tenant_);
        close(reason_of(news.fault->kind), news.fault->detail);
    }
    if (!keeper_.own().empty()) send_own();
    return !lifecycle_.is(State::closed);
}

// pgweir's own requests are short and sent when the server waits for one: where they do not fit
// into the socket at once, something is wrong with the server.
void Server::send_own() {
    Outgoing& own = keeper_.own();
    if (lifecycle_.is(State::closed)) {
        own.clear();
        return;
    }
    if (tenant_ == nullptr && !keeper_.is_reading_catalogue()) {
        home_.context().deadlines.set(cleaning_deadline_, home_.options().cancel_wait_timeout,
                                      Clock::now());
    } else if (tenant_ == nullptr) {
        cleaning_deadline_.cancel();  // it may take long
    }
    const std::size_t size = own.own().size();
    const IoResult result = stream_.write(own.parts());
    own.clear();
    if (result.size == size) {
        statistics_.server_bytes_sent.add(size);
    } else {
        close(ServerClose::dirty, "it does not take a request");
    }
}

// --- for the tenant ------------------------------------------------------------------------------

bool Server::set_up() {
    if (!keeper_.set_up()) return false;
    send_own();
    return true;
}

bool Server::confirm_defaults() {
    if (!keeper_.confirm_defaults()) return false;
    send_own();
    return true;
}

bool Server::make_ready(const protocol::Step& step, Outgoing& out) {
    switch (keeper_.make_ready(step, out)) {
        case HandOver::now:
            return true;
        case HandOver::waits:
            return false;
        case HandOver::leaves:
            break;
    }
    connection_.is_worn_out = true;
    end_lease();
    return false;
}

void Server::take_request(const protocol::Step& step, Bytes message, Outgoing& out) {
    keeper_.request(step, message, out);
    obey();
}

bool Server::release_if_done() {
    if (tenant_ == nullptr || replies_.is_waiting()) return false;
    const AtRest rest = keeper_.at_rest(tenant_->between_requests());
    if (!obey()) return false;
    const bool over =
        rest == AtRest::refused || (rest == AtRest::settled && tenant_->may_release());
    if (over) end_lease();
    return over;
}

void Server::end_lease() {
    const TenantSession& session = tenant_->session();
    const bool tracked = session.follows && session.tracking != conf::SessionState::off;
    keeper_.leaves();
    take_tenant()->lease_ended();
    lifecycle_.to(State::cleaning);
    // Nobody has to wait for the catalogue now.
    if (tracked && !cancels_.is_under_way() && keeper_.ask_for_catalogue()) {
        send_own();
    } else {
        clean();
    }
}

void Server::abandon(bool half_sent, bool cancel) {
    if (!lifecycle_.is(State::leased)) return;
    const bool can_be_cleaned = keeper_.abandon(home_.options().server_reset_query);
    std::ignore = take_tenant();
    lifecycle_.to(State::cleaning);
    replies_.drop();
    replies_.tenant_ready();
    const protocol::RequestTracker& tracker = keeper_.tracker();
    if (!can_be_cleaned) {
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
    if (cancel && !tracker.quiet()) {
        if (tracker.owed() > 0 && !tracker.copying_in()) cancels_.send();
        home_.context().deadlines.set(cleaning_deadline_, home_.options().cancel_wait_timeout,
                                      Clock::now());
    }
    clean();
}

std::optional<Clock::time_point> Server::kept_until() {
    if (!lifecycle_.is(State::leased) || !rests() || !tenant_->between_requests()) return {};
    return keeper_.kept_until();
}

void Server::give_up() {
    Tenant& tenant = *tenant_;
    const bool resets = keeper_.give_up();
    obey();
    end_lease();
    if (resets) tenant.notify(std::make_shared<const std::string>(notice_of_reset()));
}

void Server::kept_long_enough() {
    const bool has_unseen =
        tenant_ != nullptr && tenant_->session().pins.contains(PinReason::custom_setting);
    if (kept_until() && !has_unseen) give_up();
}

// --- cleaning ------------------------------------------------------------------------------------

void Server::clean() {
    if (!lifecycle_.is(State::cleaning)) return;
    const CleaningStep step = keeper_.clean({.is_being_cancelled = cancels_.is_under_way(),
                                             .is_delivering = replies_.is_waiting(),
                                             .may_be_cancelled = cancels_.is_uncertain()});
    const std::string_view reason = reason_to_close(step);
    if (!reason.empty()) {
        close(ServerClose::dirty, reason);
    } else if (step == CleaningStep::done) {
        cleaning_deadline_.cancel();
        if (trial_) {
            pass_trial();
        } else {
            home_.returned(*this);
        }
    } else if (!keeper_.own().empty()) {
        send_own();
    }
}

}  // namespace pgweir::pool
