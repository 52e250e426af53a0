#include "daemon/client/client_login.hpp"

#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cstdint>

#include "daemon/client/client_authentication.hpp"
#include "daemon/client/client_dialogue.hpp"
#include "daemon/client/client_session.hpp"
#include "daemon/client/client_worker.hpp"
#include "daemon/client/console_client.hpp"
#include "daemon/client/login_room.hpp"
#include "daemon/console/console.hpp"
#include "daemon/log/log.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::daemon {

using protocol::FirstPacket;
using protocol::Replication;
using protocol::StartupMessage;

ClientLogin::ClientLogin(ClientSession& client) : client_(client), encryption_(client) {}

ClientLogin::~ClientLogin() = default;

void ClientLogin::enter_room() {
    // Called on any thread, where the session must not be kept alive: it would die there.
    auto leave = [weak = client_.weak_from_this(),
                  executor = client_.worker().context().io.get_executor()] {
        asio::post(executor, [weak] {
            if (const auto client = weak.lock()) client->make_room();
        });
    };
    ClientConnection& connection = client_.connection();
    ticket_ = client_.worker().gateway().logins.enter(
        login_address(connection.address(), connection.socket()), std::move(leave));
}

Task<bool> ClientLogin::run() {
    const auto startup = co_await negotiate();
    if (!startup) co_return false;
    user_ = startup->user;
    database_ = startup->database;
    version_ = startup->spoken_version();
    replication_ = startup->replication;
    client_.set_replication(replication_);
    if (startup->needs_negotiation()) {
        std::string answer;
        protocol::append_negotiate_protocol_version(answer, version_, startup->protocol_options);
        const bool sent = co_await send(client_, answer);
        if (!sent) co_return false;
    }
    if (console::is_console(database_)) {
        co_await enter_console(*startup);
        co_return false;
    }
    if (client_.worker().gateway().is_shutting_down) {
        refuse(ErrorReport::fatal(protocol::sqlstate::cannot_connect_now,
                                  "the database system is shutting down"));
        co_return false;
    }
    pool::CredentialsPtr credentials;
    const bool authentic = co_await authenticate(credentials);
    if (!authentic) co_return false;
    co_return co_await enter_pool(credentials, *startup);
}

// Everything up to the StartupMessage. Nothing at all for a CancelRequest, and when the session
// ends.
Task<std::optional<StartupMessage>> ClientLogin::negotiate() {
    // Each kind of encryption may be asked for once, as in PostgreSQL's ProcessStartupPacket().
    bool asked_tls = false;
    bool asked_gss = false;
    encryption_.offer();
    if (encryption_.is_offered()) {
        const bool goes_on = co_await encryption_.begin_directly();
        if (!goes_on) co_return std::nullopt;
        asked_tls = asked_gss = client_.connection().ssl() != nullptr;
    }
    while (true) {
        FirstPacket packet;
        const bool complete = co_await read_packet(packet);
        if (!complete) co_return std::nullopt;
        if (auto* startup = std::get_if<StartupMessage>(&packet)) {
            if (!encryption_.is_required() || client_.connection().ssl())
                co_return std::move(*startup);
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
            std::ignore = co_await send(client_, problem->answer);
            client_.end_silently(std::move(problem->problem));
            co_return std::nullopt;
        }
        if (auto* key = std::get_if<protocol::CancelKey>(&packet)) {
            client_.worker().counters().cancel_requests.add();
            co_await carry_cancel(*key);
            client_.terminate();
            co_return std::nullopt;
        }
        const bool is_tls = std::holds_alternative<protocol::SslRequest>(packet);
        if (std::exchange(is_tls ? asked_tls : asked_gss, true)) {
            refuse(std::get<ErrorReport>(protocol::refuse_version(
                is_tls ? protocol::ssl_request_code : protocol::gssenc_request_code)));
            co_return std::nullopt;
        }
        const bool goes_on = co_await encryption_.answer_request(is_tls);
        if (!goes_on) co_return std::nullopt;
    }
}

// As PostgreSQL does, closes the connection only when the cancel has been carried out: a client
// that waits for that knows that it cannot hit its next query.
Task<> ClientLogin::carry_cancel(protocol::CancelKey key) {
    // Called on the other client's worker, where this session must never be kept alive: it would
    // die there. It is looked up when we are back on its own.
    const auto come_back = [weak = client_.weak_from_this(),
                            executor = client_.worker().context().io.get_executor()] {
        asio::post(executor, [weak] {
            if (const auto client = weak.lock()) client->tenant().wake();
        });
    };
    client_.worker().gateway().route_cancel(key, come_back);
    co_await exchange().woken.wait();
}

// Reads a packet that has a length but no type. False when the session ends.
Task<bool> ClientLogin::read_packet(FirstPacket& packet) {
    constexpr std::size_t length_size = 4;
    while (!client_.ending()) {
        const Bytes held = exchange().buffer.held();
        if (held.size() >= length_size) {
            const std::uint32_t length = protocol::read_uint32(held);
            if (length < 2 * length_size || length > protocol::max_startup_length) {
                client_.end_silently("invalid length of startup packet");
                co_return false;
            }
            if (held.size() >= length) {
                packet = protocol::parse_first_packet(
                    held.substr(length_size, length - length_size), [this](std::string_view name) {
                        return conf::is_listed(client_.worker().config().ignore_startup_parameters,
                                               name);
                    });
                exchange().buffer.consume(length);
                co_return true;
            }
        }
        const bool more = co_await read_more(client_);
        if (!more) co_return false;
    }
    co_return false;
}

// False: the session ends, and knows why.
Task<bool> ClientLogin::authenticate(pool::CredentialsPtr& credentials) {
    ClientAuthentication authentication(client_, facts());
    const bool authentic = co_await authentication.run();
    method_ = authentication.method();
    if (authentic) credentials = authentication.credentials();
    co_return authentic;
}

ClientFacts ClientLogin::facts() const {
    ClientFacts facts{.user = user_,
                      .database = database_,
                      .is_physical_replication = replication_ == Replication::physical};
    describe_connection(client_.connection(), facts);
    if (client_.connection().ssl()) facts.end_point_hash = encryption_.end_point_hash();
    return facts;
}

// As in PgBouncer: whoever runs pgweir on this machine need not log in to it.
bool ClientLogin::is_own_user() const {
    if (user_ != "pgweir" && user_ != "pgbouncer") return false;
    const ClientFacts known = facts();
    return known.is_unix && known.uid == ::geteuid();
}

// A client of the console stays here to its end.
Task<> ClientLogin::enter_console(const StartupMessage& startup) {
    std::optional<console::Role> role;
    if (is_own_user()) {
        method_ = "peer";
        role = console::Role::admin;
    } else {
        pool::CredentialsPtr unused;
        const bool authentic = co_await authenticate(unused);
        if (!authentic) co_return;
        role = console::role_of(client_.worker().config(), user_);
    }
    ticket_ = {};
    std::string opening;
    protocol::append_authentication_ok(opening);
    std::optional<ErrorReport> problem;
    if (!role) {
        problem = ErrorReport::fatal(protocol::sqlstate::invalid_authorization,
                                     "user \"" + user_ + "\" may not use the console");
        problem->hint = "The options console.admin_users and console.stats_users say who may.";
    } else if (replication_ != Replication::none) {
        problem = ErrorReport::fatal(protocol::sqlstate::feature_not_supported,
                                     "the console cannot be replicated");
    }
    ClientLimits::Place place;
    if (!problem) problem = take_console_place(*role, place);
    if (problem) {
        std::ignore = co_await send(client_, opening);
        refuse(*std::move(problem));
        co_return;
    }
    console_ = std::make_unique<ConsoleClient>(client_, std::move(place), *role, startup.settings);
    client_.worker().gateway().console_clients.fetch_add(1);
    const bool greeted = co_await console_->greet(std::move(opening), version_);
    if (!greeted) co_return;
    client_.timeouts().stop();
    log_login();
    co_await console_->serve();
}

// As in PgBouncer, who may only look stands under the limits of database and user; who operates
// must come in.
std::optional<ErrorReport> ClientLogin::take_console_place(console::Role role,
                                                           ClientLimits::Place& place) const {
    ClientLimits& limits = client_.worker().gateway().limits;
    if (role == console::Role::admin) {
        place = limits.take_for_operator(user_);
        return std::nullopt;
    }
    const conf::Config& config = client_.worker().config();
    const conf::PoolOptions own = config.pool_options(
        {.name = std::string(conf::console_database), .options = config.pool}, user_);
    auto taken = limits.take_for_console(own.max_db_client_connections, user_,
                                         own.max_user_client_connections);
    if (const auto* const reached = std::get_if<ClientLimits::Reached>(&taken)) {
        return too_many(*reached);
    }
    place = std::get<ClientLimits::Place>(std::move(taken));
    return std::nullopt;
}

void ClientLogin::log_login() const {
    if (!client_.worker().config().log_connections) return;
    const SslPtr& ssl = client_.connection().ssl();
    log::write(conf::LogLevel::info, "client_login",
               {{"client", client_.id()},
                {"database", client_.database()},
                {"user", client_.user()},
                {"addr", client_.connection().address()},
                {"method", method_},
                {"replication", name(replication_)},
                {"tls", ssl ? tls_version(*ssl) : std::string()},
                {"sni", ssl ? requested_host(*ssl) : std::string()}});
}

void ClientLogin::refuse(ErrorReport report) {
    client_.end(ClientClose::refused, std::move(report));
}

Exchange& ClientLogin::exchange() const {
    return client_.tenant().exchange();
}

}  // namespace pgweir::daemon
