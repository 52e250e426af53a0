// How a client comes to its pool: its place there, its session's beginning, and the greeting.
#include <algorithm>

#include "daemon/auth/credentials.hpp"
#include "daemon/client/client_dialogue.hpp"
#include "daemon/client/client_login.hpp"
#include "daemon/client/client_session.hpp"
#include "daemon/client/client_worker.hpp"
#include "daemon/client/unwatched.hpp"
#include "protocol/wire/serialize.hpp"
#include "protocol/wire/startup_notices.hpp"

namespace pgweir::daemon {

using protocol::Replication;
using protocol::StartupMessage;
using protocol::TransactionStatus;

namespace {

constexpr std::size_t usual_greeting_size = 512;

// What PostgreSQL remarks about the start-up packet. `greeting`: null where there is none.
void append_notices(std::string& out, const StartupMessage& startup,
                    const std::vector<pool::Parameter>* greeting) {
    std::string_view encoding = "UTF8";
    if (greeting != nullptr) {
        const auto reported =
            std::ranges::find(*greeting, "server_encoding", &pool::Parameter::first);
        if (reported != greeting->end()) encoding = reported->second;
    }
    for (const ErrorReport& notice : protocol::startup_notices(startup.settings, encoding)) {
        protocol::append_notice_response(out, notice);
    }
}

// PostgreSQL looks whether the client may become this user, and then leaves it who it is.
constexpr std::string_view session_authorization = "session_authorization";

}  // namespace

// False: the session ends, and knows why. From here on PostgreSQL has let the client in, and says
// so even when an error follows.
Task<bool> ClientLogin::enter_pool(const pool::CredentialsPtr& credentials,
                                   const StartupMessage& startup) {
    std::string opening;
    protocol::append_authentication_ok(opening);
    if (auto problem = enter(credentials)) {
        // It looks for a place before it asks who comes, and for the database after.
        if (problem->code != protocol::sqlstate::too_many_connections) {
            std::ignore = co_await send(client_, opening);
        }
        refuse(*std::move(problem));
        co_return false;
    }
    begin_session(startup);
    const pool::Greeting greeting = co_await obtain_greeting();
    if (!greeting) {
        append_notices(opening, startup, nullptr);
        if (client_.ending() && client_.ending()->report) {
            std::ignore = co_await send(client_, opening);
        }
        co_return false;
    }
    client_.tenant().session().greeting = greeting;
    opening.reserve(usual_greeting_size);
    append_notices(opening, startup, greeting.get());
    for (const auto& [parameter, value] : *greeting) {
        protocol::append_parameter_status(opening, parameter, value);
    }
    co_return co_await greet(std::move(opening));
}

// Tells the client that it may begin. False: the session ends, and knows why.
Task<bool> ClientLogin::greet(std::string opening) {
    ClientTenant& tenant = client_.tenant();
    // A client that keeps one server is told that server's process id: it may be compared with
    // pg_backend_pid(), or be given to pg_terminate_backend().
    const bool keeps_server = client_.mode() == conf::PoolMode::session && tenant.lease();
    const protocol::CancelKey key =
        client_.issue_key(keeps_server ? tenant.lease()->connection().cancel_key.pid : 0, version_);
    tenant.session().pid = key.pid;
    protocol::append_backend_key_data(opening, key);
    protocol::append_ready_for_query(opening, TransactionStatus::idle);
    const bool greeted = co_await send(client_, opening);
    if (!greeted) co_return false;
    if (tenant.lease()) {
        exchange().sending = false;
        tenant.lease()->release_if_done();
    }
    if (!tenant.lease()) client_.set_state(ClientSession::State::idle);
    tenant.statistics().client_logins.add();
    log_login();
    client_.timeouts().expect_next_request();
    if (client_.is_draining()) client_.drain();
    co_return client_.ending() == nullptr;
}

// Finds the pool and takes the client's places. Returns why not.
std::optional<ErrorReport> ClientLogin::enter(const pool::CredentialsPtr& credentials) {
    namespace sqlstate = protocol::sqlstate;
    const conf::Config& config = client_.worker().config();
    const conf::Database* entry = config.find_database(database_);
    if (entry == nullptr) {
        ErrorReport report = ErrorReport::fatal(sqlstate::invalid_catalog_name,
                                                "database \"" + database_ + "\" does not exist");
        report.detail = "no such database: " + database_;  // PgBouncer's words
        if (replication_ == Replication::physical) {
            report.hint =
                "Physical replication goes by the pgweir database of that name, or by \"*\".";
        }
        return report;
    }
    if (client_.worker().gateway().registry.switches().is_disabled(database_)) {
        return ErrorReport::fatal(sqlstate::cannot_connect_now,
                                  "database \"" + database_ + "\" is disabled");
    }
    const conf::PoolOptions limits = config.pool_options(*entry, user_);
    auto taken = client_.worker().gateway().limits.take(database_, limits.max_db_client_connections,
                                                        user_, limits.max_user_client_connections);
    if (const auto* const reached = std::get_if<ClientLimits::Reached>(&taken)) {
        return too_many(*reached);
    }
    const bool replicates = replication_ != Replication::none;
    const auto pool = client_.worker().gateway().registry.find_or_make(
        config, *entry, database_, user_,
        replicates ? pool::Place::dedicated : pool::Place::shared);
    pool->clients.fetch_add(1);
    ticket_ = {};
    client_.enter(std::get<ClientLimits::Place>(std::move(taken)),
                  {pool, &pool->part(client_.worker().context().index)},
                  replicates ? conf::PoolMode::session : limits.pool_mode);
    offer_credentials(*entry, credentials);
    return std::nullopt;
}

// With what the pool's connections may log in, where the database's entry does not say it: with
// what this client has shown, and with the secrets that the configuration has for the server's
// user.
void ClientLogin::offer_credentials(const conf::Database& entry,
                                    const pool::CredentialsPtr& credentials) {
    const std::string* server_user = entry.keyword("user");
    const bool as_client = server_user == nullptr || *server_user == user_;
    const std::string& user_there = as_client ? user_ : *server_user;
    std::vector<pool::CredentialsPtr> offered;
    if (const std::string* password = entry.keyword("password")) {
        offered = stored_credentials(*password, user_there, credentials);
    } else {
        if (as_client && credentials) offered.push_back(credentials);
        for (pool::CredentialsPtr& known :
             configured_credentials(client_.worker().config(), user_there)) {
            offered.push_back(std::move(known));
        }
    }
    if (!offered.empty()) client_.tenant().part()->pool().offer_credentials(offered);
}

// What the session begins with, before any server is asked.
void ClientLogin::begin_session(const StartupMessage& startup) {
    pool::TenantSession& session = client_.tenant().session();
    auto& known = client_.worker().context().settings;
    session.settings = known.intern(pool::normalise(startup.settings));
    session.startup = known.intern(pool::without(*session.settings, session_authorization));
    if (replication_ != Replication::none) {
        exchange().waiter.dedicated = std::make_shared<const pool::DedicatedLogin>(
            pool::DedicatedLogin{replication_, session.startup});
    }
}

// What the client's server says of itself. A client in session mode, and one that replicates, gets
// its server here; others borrow one only if nobody with the same settings has asked before. Null
// when the session ends.
Task<pool::Greeting> ClientLogin::obtain_greeting() {
    ClientTenant& tenant = client_.tenant();
    pool::TenantSession& session = tenant.session();
    const pool::Lease& lease = tenant.lease();
    const bool asks_for_identity = session.settings != session.startup;
    if (client_.mode() != conf::PoolMode::session && !asks_for_identity) {
        pool::Pool& pool = tenant.part()->pool();
        pool::Beginning beginning;
        pool::Greeting known = pool.greetings_hold(pool::Clock::now(), tenant.part()->has_idle())
                                   ? pool.greetings().find(*session.startup, &beginning)
                                   : nullptr;
        if (known) {
            session.told = beginning.reported;
            session.defaults = beginning.defaults;
            co_return known;
        }
    }
    const bool has_server = co_await borrow_server();
    if (!has_server) co_return nullptr;
    if (asks_for_identity) {
        const bool may_have_it = co_await set_up_server();
        if (!may_have_it) co_return nullptr;
        session.settings = session.startup;
    }
    const bool ready = co_await set_up_server();
    if (!ready) co_return nullptr;
    session.told = lease->connection().reported_at_login;
    // A WAL sender's may be another one, an older server's is out of date.
    if (!exchange().waiter.dedicated && lease->is_current()) {
        tenant.part()->pool().greetings().remember(*session.startup, lease->connection().reported);
    }
    co_return std::make_shared<const std::vector<pool::Parameter>>(lease->connection().reported);
}

// A server for the time of the login, which reports what a login brings now. False when the session
// ends.
Task<bool> ClientLogin::borrow_server() {
    ClientTenant& tenant = client_.tenant();
    constexpr unsigned tries = 3;  // of servers that turn out to be out of date
    for (unsigned tried = 1;; ++tried) {
        if (exchange().waiter.dedicated || !tenant.part()->lend(tenant)) {
            const bool granted = co_await queue_for_server();
            if (!granted) co_return false;
        }
        const bool confirmed = co_await confirm_server();
        if (!confirmed) co_return false;
        if (exchange().waiter.dedicated || tenant.lease()->is_current() || tried == tries)
            co_return true;
        // It is out of date, and retired when it comes back.
        tenant.return_outdated();
    }
}

Task<bool> ClientLogin::queue_for_server() {
    const Unwatched unwatched(client_);
    ClientTenant& tenant = client_.tenant();
    tenant.enqueue();
    do {
        co_await exchange().woken.wait();
    } while (exchange().waiter.waits);
    const bool granted = tenant.leave_queue();
    // Waiting for a server has its own limit; what follows is login again.
    client_.timeouts().wait(pool::Timeout::client_login_timeout,
                            client_.worker().config().client_login_timeout);
    if (!granted && exchange().cancelled)
        refuse(ErrorReport::fatal(protocol::sqlstate::query_canceled,
                                  "canceling authentication due to user request"));
    co_return granted;
}

// What a server that has rested reports may be out of date: it is asked something before the client
// is told. False when the session ends.
Task<bool> ClientLogin::confirm_server() {
    if (!client_.tenant().lease()->confirm_defaults()) co_return true;
    confirming_ = true;
    const Unwatched unwatched(client_);
    while (confirming_ && !client_.ending()) co_await exchange().woken.wait();
    co_return !client_.ending();
}

// Gives the borrowed server the client's start-up settings and waits for its answer: a value that
// PostgreSQL refuses ends the login as it would have there.
Task<bool> ClientLogin::set_up_server() {
    if (!client_.tenant().lease()->set_up()) co_return true;
    const Unwatched unwatched(client_);
    co_await exchange().woken.wait();
    if (client_.ending()) co_return false;
    if (set_up_error_) {
        ErrorReport report = *std::exchange(set_up_error_, nullptr);
        report.severity = "FATAL";
        refuse(std::move(report));
        co_return false;
    }
    co_return true;
}

void ClientLogin::set_up_finished(const std::optional<ErrorReport>& error) {
    set_up_error_ = error ? std::make_unique<const ErrorReport>(*error) : nullptr;
}

bool ClientLogin::end_confirmation() {
    return std::exchange(confirming_, false);
}

}  // namespace pgweir::daemon
