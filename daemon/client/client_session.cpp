#include "daemon/client/client_session.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <cassert>
#include <cstdint>

#include "daemon/client/client_login.hpp"
#include "daemon/client/client_worker.hpp"
#include "daemon/client/console_client.hpp"
#include "daemon/log/log.hpp"
#include "daemon/metrics/reason_names.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::daemon {

namespace {

bool has_own_options(const conf::Config& config, const std::string& user) {
    return std::ranges::find(config.users, user, &conf::User::name) != config.users.end();
}

// Null: clients in this state are counted nowhere.
pool::Counter* gauge(pool::PoolStatistics& statistics, ClientSession::State state) {
    switch (state) {
        case ClientSession::State::idle:
            return &statistics.clients_idle;
        case ClientSession::State::waiting:
            return &statistics.clients_waiting;
        case ClientSession::State::active:
            return &statistics.clients_active;
        case ClientSession::State::login:
            break;
    }
    return nullptr;
}

}  // namespace

ClientSession::ClientSession(ClientWorker& worker, std::uint64_t id, AcceptedClient client)
    : worker_(worker),
      connection_(worker.context(), std::move(client)),
      login_(std::make_unique<ClientLogin>(*this)),
      connected_at_(Clock::now()),
      relay_(connection_.stream()),
      tenant_(*this, id) {}

ClientSession::~ClientSession() = default;

void ClientSession::start() {
    timeouts_.wait(pool::Timeout::client_login_timeout, worker_.config().client_login_timeout);
    login_->enter_room();
    asio::co_spawn(worker_.context().io.get_executor(), login_->run(),
                   [self = shared_from_this()](const std::exception_ptr& problem, bool logged_in) {
                       if (problem) self->failed(problem);
                       if (logged_in && !problem) {
                           self->login_.reset();
                           self->relay_.start(self);
                       } else {
                           self->finish();
                       }
                   });
}

const std::string& ClientSession::database() const {
    return place_ ? place_.account().database : login_->database();
}

const std::string& ClientSession::user() const {
    return place_ ? place_.account().user : login_->user();
}

bool ClientSession::is_console() const {
    return login_ && login_->console() != nullptr;
}

void ClientSession::enter(ClientLimits::Place place, std::shared_ptr<pool::PoolPart> part,
                          conf::PoolMode mode) {
    assert(place && part && !place_);
    place_ = std::move(place);
    mode_ = mode;
    tenant_.enter(std::move(part));
    reconfigure();
}

protocol::CancelKey ClientSession::issue_key(std::uint32_t server_pid, std::uint32_t version) {
    protocol::CancelKey key = worker_.issue_key(*this, server_pid, version);
    key_ = ClientWorker::short_of(key);
    return key;
}

const conf::PoolOptions& ClientSession::options() const {
    return own_options_ ? *own_options_ : tenant_.part()->options();
}

void ClientSession::reconfigure() {
    own_options_.reset();
    if (tenant_.part() == nullptr) return;
    const conf::Config& config = worker_.config();
    const conf::Database* entry = config.find_database(database());
    const bool replicates = replication_ != protocol::Replication::none;
    if (replicates || (entry != nullptr && has_own_options(config, user()))) {
        conf::PoolOptions own =
            entry == nullptr ? tenant_.part()->options() : config.pool_options(*entry, user());
        // A base backup or a stream is one query, which lasts as long as it does.
        if (replicates) {
            own.query_timeout = own.transaction_timeout = std::chrono::milliseconds::zero();
        }
        own_options_ = std::make_unique<const conf::PoolOptions>(std::move(own));
    }
    pool::TenantSession& session = tenant_.session();
    session.follows = mode_ != conf::PoolMode::session;
    session.tracking = options().session_state;
    session.max_prepared_statements = options().max_prepared_statements;
}

void ClientSession::set_state(State state) {
    if (state == state_) return;
    pool::PoolStatistics& statistics = tenant_.statistics();
    if (pool::Counter* counter = gauge(statistics, state_)) counter->subtract();
    if (pool::Counter* counter = gauge(statistics, state)) counter->add();
    state_ = state;
}

// --- what others ask of it -----------------------------------------------------------------------

void ClientSession::drain() {
    draining_ = true;
    const pool::Lease& lease = tenant_.lease();
    if (lease && !gives_up_server()) return;
    if (!lease && state_ == State::active) return;
    end(ClientClose::shutdown,
        ErrorReport::fatal(protocol::sqlstate::admin_shutdown,
                           "terminating connection due to administrator command"));
}

// In session pooling the server is the client's until it leaves. A replication stream does not end
// by itself, and its receiver connects again.
bool ClientSession::gives_up_server() const {
    const pool::Lease& lease = tenant_.lease();
    const bool replicates = replication_ != protocol::Replication::none;
    if (lease->session().tracker().copying_both()) return true;
    if (mode_ == conf::PoolMode::session && !replicates) return false;
    return lease->session().tracker().releasable() && !tenant_.exchange().sending;
}

void ClientSession::cancel_request(std::function<void()> done) {
    if (is_console()) login_->console()->withdraw();
    tenant_.cancel(std::move(done));
}

void ClientSession::make_room() {
    if (!login_ || place_ || is_console()) return;  // it has logged in meanwhile
    worker_.counters().logins_crowded_out.add();
    auto report = ErrorReport::fatal(protocol::sqlstate::too_many_connections,
                                     "sorry, too many clients already");
    report.detail = "no more connections allowed that have not logged in (max_login_conn)";
    end(ClientClose::refused, std::move(report));
}

void ClientSession::look_for_end() {
    if (connection_.has_gone()) end(ClientClose::lost, std::nullopt);
}

// --- how it ends ---------------------------------------------------------------------------------

void ClientSession::end(ClientClose reason, std::optional<ErrorReport> report) {
    assert(worker_.context().is_current());
    if (ending_) return;
    ending_ = std::make_unique<Ending>();
    ending_->reason = reason;
    ending_->report = std::move(report);
    // Whatever it waits for, it is to look at `ending_` now.
    connection_.stream().cancel();
    tenant_.interrupt();
}

void ClientSession::end_silently(std::string problem) {
    end(ClientClose::protocol_error, std::nullopt);
    if (!ending_->report) ending_->untold = std::move(problem);
}

void ClientSession::time_out(pool::Timeout timeout, ErrorReport report) {
    end(ClientClose::timeout, std::move(report));
    ending_->timeout = name(timeout);
}

void ClientSession::failed(const std::exception_ptr& problem) {
    try {
        std::rethrow_exception(problem);
    } catch (const std::exception& error) {
        log::write(conf::LogLevel::error, "session_failed",
                   {{"client", id()}, {"error", error.what()}});
    }
    end(ClientClose::protocol_error, std::nullopt);
}

void ClientSession::finish() {
    assert(worker_.context().is_current());
    if (!ending_) {
        const ClientClose reason = terminated_ ? ClientClose::terminate : ClientClose::lost;
        ending_ = std::make_unique<Ending>();
        ending_->reason = reason;
    }
    timeouts_.stop();
    const bool may_speak = tenant_.leave();
    log_end();  // who reads the message finds the line
    if (ending_->report && may_speak) {
        std::string message;
        protocol::append_error_response(message, *ending_->report);
        connection_.write_at_once(message);
    }
    connection_.close(terminated_);
    if (tenant_.part() != nullptr) {
        set_state(State::login);
        tenant_.pins_changed(std::exchange(tenant_.session().pins, {}));
        tenant_.statistics().client_closes[static_cast<std::size_t>(ending_->reason)].add();
        tenant_.part()->pool().clients.fetch_sub(1);
    } else if (!is_console() && ending_->reason != ClientClose::terminate) {
        worker_.counters().logins_refused.add();
    }
    worker_.remove(*this);
    relay_.stop();  // which may be the end of this object
}

void ClientSession::log_end() const {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - connected_at_).count();
    const bool by_client = ending_->reason == ClientClose::terminate;
    if (by_client && !worker_.config().log_disconnections) return;
    if (user().empty() && by_client) return;  // a CancelRequest
    log::write(conf::LogLevel::info, "client_closed",
               {{"client", id()},
                {"database", database()},
                {"user", user()},
                {"addr", connection_.address()},
                {"reason", name(ending_->reason)},
                {"timeout", ending_->timeout},
                {"error", ending_->report ? ending_->report->message : ending_->untold},
                {"detail", ending_->report ? ending_->report->detail : std::string()},
                {"age_s", seconds}});
}

}  // namespace pgweir::daemon
