// How a client comes in: the first packets, who it is, and the greeting.
#include <algorithm>
#include <boost/asio/post.hpp>
#include <cstdint>

#include "daemon/client_session.hpp"
#include "daemon/console/console.hpp"
#include "daemon/log.hpp"
#include "daemon/unwatched.hpp"
#include "daemon/worker.hpp"
#include "protocol/serialize.hpp"
#include "protocol/startup_notices.hpp"

namespace pgweir::daemon {

using protocol::FirstPacket;
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

Task<bool> ClientSession::log_in() {
    const auto startup = co_await negotiate();
    if (!startup) co_return false;
    login_->user = startup->user;
    login_->database = startup->database;
    replication_ = startup->replication;
    std::string opening;
    if (startup->needs_negotiation()) {
        protocol::append_negotiate_protocol_version(opening, startup->spoken_version(),
                                                    startup->protocol_options);
        const bool sent = co_await send(std::exchange(opening, {}));
        if (!sent) co_return false;
    }
    if (console::is_console(database())) {
        co_await enter_console(*startup);
        co_return false;
    }
    CredentialsPtr credentials;
    const bool authentic = co_await authenticate(credentials);
    if (!authentic) co_return false;
    // From here on PostgreSQL has let the client in, and says so even when an error follows.
    protocol::append_authentication_ok(opening);
    if (auto problem = enter(credentials)) {
        // It looks for a place before it asks who comes, and for the database after.
        if (problem->code != protocol::sqlstate::too_many_connections) {
            std::ignore = co_await send(opening);
        }
        refuse(*std::move(problem));
        co_return false;
    }
    session_.startup = worker_.context().settings.intern(pool::normalise(startup->settings));
    session_.settings = session_.startup;
    session_.startup =
        worker_.context().settings.intern(pool::without(*session_.startup, session_authorization));
    if (replication_ != Replication::none) {
        exchange_->waiter.dedicated = std::make_shared<const pool::DedicatedLogin>(
            pool::DedicatedLogin{replication_, session_.startup});
    }
    const pool::Greeting greeting = co_await obtain_greeting();
    if (!greeting) {
        append_notices(opening, *startup, nullptr);
        if (ending_ && ending_->report) std::ignore = co_await send(opening);
        co_return false;
    }
    session_.greeting = greeting;
    opening.reserve(usual_greeting_size);
    append_notices(opening, *startup, greeting.get());
    for (const auto& [parameter, value] : *greeting) {
        protocol::append_parameter_status(opening, parameter, value);
    }
    // Who keeps one server is told that server's process id: it may be compared with
    // pg_backend_pid(), or be given to pg_terminate_backend().
    const bool keeps_server = mode_ == conf::PoolMode::session && lease_;
    cancel_key_ = worker_.issue_key(*this, keeps_server ? lease_->connection().cancel_key.pid : 0,
                                    startup->spoken_version());
    session_.pid = cancel_key_.pid;
    protocol::append_backend_key_data(opening, cancel_key_);
    protocol::append_ready_for_query(opening, TransactionStatus::idle);
    const bool greeted = co_await send(opening);
    if (!greeted) co_return false;
    if (lease_) {
        sending_ = false;
        lease_->release_if_done();
    }
    if (!lease_) set_state(State::idle);
    statistics().client_logins.add();
    log_login();
    expect_next_request();
    if (draining_) drain();
    co_return !ending_;
}

// Everything up to the StartupMessage. Nothing at all for a CancelRequest, and when the session
// ends.
Task<std::optional<StartupMessage>> ClientSession::negotiate() {
    // Each kind of encryption may be asked for once, as in PostgreSQL's ProcessStartupPacket().
    bool asked_tls = false;
    bool asked_gss = false;
    if (address_ != "unix") login_->tls = worker_.gateway().tls.current();
    if (login_->tls) {
        const bool goes_on = co_await begin_direct_tls();
        if (!goes_on) co_return std::nullopt;
        asked_tls = asked_gss = ssl_ != nullptr;
    }
    while (true) {
        FirstPacket packet;
        const bool complete = co_await read_packet(packet);
        if (!complete) co_return std::nullopt;
        if (auto* startup = std::get_if<StartupMessage>(&packet)) {
            if (!must_use_tls() || ssl_) co_return std::move(*startup);
            ErrorReport report = ErrorReport::fatal(protocol::sqlstate::invalid_authorization,
                                                    "connection requires TLS");
            report.hint = "Connect with sslmode=require or stricter.";
            refuse(std::move(report));
            co_return std::nullopt;
        }
        if (auto* problem = std::get_if<ErrorReport>(&packet)) {
            refuse(std::move(*problem));
            co_return std::nullopt;
        }
        if (auto* problem = std::get_if<protocol::Unanswerable>(&packet)) {
            std::ignore = co_await send(problem->answer);
            end_silently(std::move(problem->problem));
            co_return std::nullopt;
        }
        if (auto* key = std::get_if<protocol::CancelKey>(&packet)) {
            worker_.counters().cancel_requests.add();
            co_await carry_cancel(*key);
            terminated_ = true;
            co_return std::nullopt;
        }
        const bool is_tls = std::holds_alternative<protocol::SslRequest>(packet);
        if (std::exchange(is_tls ? asked_tls : asked_gss, true)) {
            refuse(std::get<ErrorReport>(protocol::refuse_version(
                is_tls ? protocol::ssl_request_code : protocol::gssenc_request_code)));
            co_return std::nullopt;
        }
        const bool goes_on = co_await answer_encryption_request(is_tls);
        if (!goes_on) co_return std::nullopt;
    }
}

// As PostgreSQL does, closes the connection only when the cancel has been carried out: a client
// that waits for that knows that it cannot hit its next query.
Task<> ClientSession::carry_cancel(protocol::CancelKey key) {
    // Called on the other client's worker, where this session must never be kept alive: it would
    // die there. It is looked up when we are back on its own.
    const auto come_back = [weak = weak_from_this(),
                            executor = worker_.context().io.get_executor()] {
        asio::post(executor, [weak] {
            if (const auto self = weak.lock()) self->wake();
        });
    };
    worker_.gateway().route_cancel(key, come_back);
    co_await exchange_->woken.wait();
}

// Reads a packet that has a length but no type. False when the session ends.
Task<bool> ClientSession::read_packet(FirstPacket& packet) {
    constexpr std::size_t length_size = 4;
    while (!ending_) {
        const Bytes held = exchange_->buffer.held();
        if (held.size() >= length_size) {
            const std::uint32_t length = protocol::read_uint32(held);
            if (length < 2 * length_size || length > protocol::max_startup_length) {
                end_silently("invalid length of startup packet");
                co_return false;
            }
            if (held.size() >= length) {
                packet =
                    protocol::parse_first_packet(held.substr(length_size, length - length_size));
                exchange_->buffer.consume(length);
                co_return true;
            }
        }
        const bool more = co_await read_more();
        if (!more) co_return false;
    }
    co_return false;
}

// Finds the pool and takes the client's places. Returns why not.
std::optional<ErrorReport> ClientSession::enter(const CredentialsPtr& credentials) {
    namespace sqlstate = protocol::sqlstate;
    const conf::Config& config = worker_.config();
    const conf::Database* entry = config.find_database(database());
    if (entry == nullptr) {
        ErrorReport report = ErrorReport::fatal(sqlstate::invalid_catalog_name,
                                                "database \"" + database() + "\" does not exist");
        if (replication_ == Replication::physical) {
            report.hint =
                "Physical replication goes by the pgweir database of that name, or by \"*\".";
        }
        return report;
    }
    if (worker_.gateway().registry.switches().is_disabled(database())) {
        return ErrorReport::fatal(sqlstate::cannot_connect_now,
                                  "database \"" + database() + "\" is disabled");
    }
    const conf::PoolOptions limits = config.pool_options(*entry, user());
    place_ = worker_.gateway().limits.take(database(), limits.max_db_client_connections, user(),
                                           limits.max_user_client_connections);
    if (!place_) {
        return ErrorReport::fatal(sqlstate::too_many_connections,
                                  "sorry, too many clients already");
    }
    const bool replicates = replication_ != Replication::none;
    const auto pool = worker_.gateway().registry.find_or_make(
        config, *entry, database(), user(),
        replicates ? pool::Place::dedicated : pool::Place::shared);
    pool->clients.fetch_add(1);
    login_->ticket = {};
    part_ = {pool, &pool->part(worker_.context().index)};
    offer_credentials(*entry, credentials);
    mode_ = replicates ? conf::PoolMode::session : limits.pool_mode;
    reconfigure();
    return std::nullopt;
}

// With what the pool's connections may log in, where the database's entry does not say it: with
// what this client has shown, and with the secrets that the configuration has for the server's
// user.
void ClientSession::offer_credentials(const conf::Database& entry,
                                      const CredentialsPtr& credentials) {
    const std::string* server_user = entry.keyword("user");
    const bool as_client = server_user == nullptr || *server_user == user();
    const std::string& user_there = as_client ? user() : *server_user;
    std::vector<CredentialsPtr> offered;
    if (const std::string* password = entry.keyword("password")) {
        offered = stored_credentials(*password, user_there, credentials);
    } else {
        if (as_client && credentials) offered.push_back(credentials);
        for (CredentialsPtr& known : configured_credentials(worker_.config(), user_there)) {
            offered.push_back(std::move(known));
        }
    }
    if (!offered.empty()) part_->pool().offer_credentials(offered);
}

// What the client's server says of itself. A client in session mode, and one that replicates, gets
// its server here; others borrow one only if nobody with the same settings has asked before. Null
// when the session ends.
Task<pool::Greeting> ClientSession::obtain_greeting() {
    const bool asks_for_identity = session_.settings != session_.startup;
    if (mode_ != conf::PoolMode::session && !asks_for_identity) {
        pool::Pool& pool = part_->pool();
        pool::Beginning beginning;
        pool::Greeting known = pool.greetings_hold(pool::Clock::now(), part_->has_idle())
                                   ? pool.greetings().find(*session_.startup, &beginning)
                                   : nullptr;
        if (known) {
            session_.told = beginning.reported;
            session_.defaults = beginning.defaults;
            co_return known;
        }
    }
    const bool has_server = co_await borrow_server();
    if (!has_server) co_return nullptr;
    if (asks_for_identity) {
        const bool may_have_it = co_await set_up_server();
        if (!may_have_it) co_return nullptr;
        session_.settings = session_.startup;
    }
    const bool ready = co_await set_up_server();
    if (!ready) co_return nullptr;
    session_.told = lease_->connection().reported_at_login;
    // A WAL sender's may be another one, an older server's is out of date.
    if (!exchange_->waiter.dedicated && lease_->is_current()) {
        part_->pool().greetings().remember(*session_.startup, lease_->connection().reported);
    }
    co_return std::make_shared<const std::vector<pool::Parameter>>(lease_->connection().reported);
}

// A server for the time of the login, which reports what a login brings now. False when the session
// ends.
Task<bool> ClientSession::borrow_server() {
    constexpr unsigned tries = 3;  // of servers that turn out to be out of date
    for (unsigned tried = 1;; ++tried) {
        if (exchange_->waiter.dedicated || !part_->lend(*this)) {
            const bool granted = co_await queue_for_login();
            if (!granted) co_return false;
        }
        const bool confirmed = co_await confirm_server();
        if (!confirmed) co_return false;
        if (exchange_->waiter.dedicated || lease_->is_current() || tried == tries) co_return true;
        // It is out of date, and retired when it comes back.
        lease_->abandon(false, false);
        lease_.forget();
    }
}

Task<bool> ClientSession::queue_for_login() {
    const Unwatched unwatched(*this);
    enqueue();
    do {
        co_await exchange_->woken.wait();
    } while (exchange_->waiter.waits);
    const bool granted = leave_queue();
    // Waiting for a server has its own limit; what follows is login again.
    wait_until(Timeout::client_login_timeout, worker_.config().client_login_timeout);
    if (!granted && cancelled_)
        refuse(ErrorReport::fatal(protocol::sqlstate::query_canceled,
                                  "canceling authentication due to user request"));
    co_return granted;
}

// What a server that has rested reports may be out of date: it is asked something before the client
// is told. False when the session ends.
Task<bool> ClientSession::confirm_server() {
    if (!lease_->confirm_defaults()) co_return true;
    login_->confirming = true;
    const Unwatched unwatched(*this);
    while (login_->confirming && !ending_) co_await exchange_->woken.wait();
    co_return !ending_;
}

// Gives the borrowed server the client's start-up settings and waits for its answer: a value that
// PostgreSQL refuses ends the login as it would have there.
Task<bool> ClientSession::set_up_server() {
    if (!lease_->set_up()) co_return true;
    const Unwatched unwatched(*this);
    co_await exchange_->woken.wait();
    if (ending_) co_return false;
    if (login_->set_up_error) {
        ErrorReport report = *std::exchange(login_->set_up_error, nullptr);
        report.severity = "FATAL";
        refuse(std::move(report));
        co_return false;
    }
    co_return true;
}

void ClientSession::log_login() const {
    if (!worker_.config().log_connections) return;
    log::write(conf::LogLevel::info, "client_login",
               {{"client", session_.id},
                {"database", database()},
                {"user", user()},
                {"addr", address_},
                {"method", login_->method},
                {"replication", name(replication_)},
                {"tls", ssl_ ? tls_version(*ssl_) : std::string()},
                {"sni", ssl_ ? requested_host(*ssl_) : std::string()}});
}

void ClientSession::refuse(ErrorReport report) {
    end(ClientClose::refused, std::move(report));
}

}  // namespace pgweir::daemon
