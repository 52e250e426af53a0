// How a client proves who it is: the session's part. What is asked and what it proves is decided by
// Authentication.
#include <cstdint>

#include <sys/socket.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>

#include "daemon/client_session.hpp"
#include "daemon/log.hpp"
#include "daemon/unwatched.hpp"
#include "daemon/worker.hpp"
#include "protocol/authentication.hpp"

namespace pgweir::daemon {

namespace {

// Where the client is. `address` is what accept() said, as AcceptedClient has it.
void describe_peer(int socket, const std::string& address, ClientFacts& facts) {
    const std::size_t colon = address.rfind(':');
    if (colon != std::string::npos) {
        const bool in_brackets = address.starts_with('[');
        facts.address = in_brackets ? address.substr(1, colon - 2) : address.substr(0, colon);
        const auto ip = conf::IpAddress::parse(facts.address);
        // A client of IPv4 may have come to a socket of IPv6.
        if (ip) facts.ip = ip->is_v6 ? conf::IpAddress::v6(ip->bytes.data()) : *ip;
        return;
    }
    facts.is_unix = true;
    facts.address = "local";
    ucred process{};
    socklen_t size = sizeof process;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &process, &size) == 0) facts.uid = process.uid;
}

}  // namespace

ClientFacts ClientSession::facts() const {
    ClientFacts facts{.user = user(),
                      .database = database(),
                      .is_physical_replication = replication_ == protocol::Replication::physical};
    describe_peer(stream_.native_handle(), address_, facts);
    if (ssl_) {
        facts.is_tls = true;
        facts.end_point_hash = login_->tls->end_point_hash();
        PeerCertificate certificate = peer_certificate(*ssl_);
        facts.certificate_verified = certificate.verified;
        facts.certificate_cn = std::move(certificate.common_name);
        facts.certificate_dn = std::move(certificate.distinguished_name);
    }
    return facts;
}

// False: the session ends, and knows why.
Task<bool> ClientSession::authenticate(CredentialsPtr& credentials) {
    Authentication authentication(*this, worker_.gateway().auth, worker_.shared_config(), facts());
    const auto outcome = co_await authentication.run();
    if (outcome == Authentication::Outcome::gone || ending_) co_return false;
    login_->method = authentication.method();
    if (outcome == Authentication::Outcome::let_in) {
        credentials = authentication.credentials();
        log::write(conf::LogLevel::debug, "authenticated",
                   {{"client", session_.id},
                    {"method", login_->method},
                    {"rule", authentication.reason()}});
        co_return true;
    }
    worker_.counters().authentications_failed.add();
    if (authentication.blocked()) worker_.counters().authentications_blocked.add();
    log::write(conf::LogLevel::warning, "authentication_failed",
               {{"client", session_.id},
                {"database", database()},
                {"user", user()},
                {"addr", address_},
                {"method", login_->method},
                {"reason", authentication.reason()}});
    refuse(authentication.report());
    co_return false;
}

Task<bool> ClientSession::say(std::string_view messages) {
    return send(messages);
}

// Reads the next password message, and nothing else, as PostgreSQL does: the messages of a login
// are small, so that one is collected whole.
Task<std::optional<std::string>> ClientSession::hear(Reply wanted) {
    constexpr std::size_t header_size = 5;
    constexpr char password_message = 'p';
    while (exchange_->buffer.held().size() < header_size) {
        const bool more = co_await read_more();
        if (!more) co_return std::nullopt;
        if (exchange_->buffer.held().front() != password_message) break;
    }
    const Bytes header = exchange_->buffer.held();
    if (header.front() != password_message) {
        refuse(ErrorReport::fatal(protocol::sqlstate::protocol_violation,
                                  std::string("expected ") +
                                      (wanted == Reply::sasl ? "SASL" : "password") +
                                      " response, got message type " +
                                      std::to_string(static_cast<unsigned char>(header.front()))));
        co_return std::nullopt;
    }
    const std::uint32_t length = protocol::read_uint32(header.substr(1));
    if (length < 4 || length > protocol::max_password_message) {
        if (wanted == Reply::sasl) {
            refuse(ErrorReport::fatal(protocol::sqlstate::invalid_password,
                                      "password authentication failed for user \"" + user() + '"'));
        } else {
            end_silently("invalid length of a password message");
        }
        co_return std::nullopt;
    }
    exchange_->buffer.consume(header_size);
    std::string body;
    while (body.size() < length - 4) {
        const Bytes held = exchange_->buffer.held().substr(0, length - 4 - body.size());
        body += held;
        exchange_->buffer.consume(held.size());
        if (body.size() == length - 4) break;
        const bool more = co_await read_more();
        if (!more) co_return std::nullopt;
    }
    co_return body;
}

// The answer may come from another worker, which must not keep this session alive: it would die
// there.
Task<AuthAnswer> ClientSession::look_up(AuthQuerySource source, std::string user) {
    const auto answer = std::make_shared<std::optional<AuthAnswer>>();
    worker_.gateway().auth.query.ask(
        std::move(source), std::move(user),
        [weak = weak_from_this(), executor = worker_.context().io.get_executor(),
         answer](const AuthAnswer& given) {
            asio::post(executor, [weak, answer, given] {
                *answer = given;
                if (const auto self = weak.lock()) self->wake();
            });
        });
    const Unwatched unwatched(*this);
    while (!*answer && !ending_) co_await exchange_->woken.wait();
    co_return *answer ? **answer : AuthAnswer{};
}

// The answer comes from the checker's thread, where this session must not be kept alive.
Task<std::optional<PasswordChecker::Answer>> ClientSession::compare(
    std::string password, std::vector<protocol::ScramVerifier> verifiers) {
    const auto answer = std::make_shared<std::optional<PasswordChecker::Answer>>();
    const std::weak_ptr<ClientSession> weak = weak_from_this();
    worker_.gateway().auth.passwords.ask(
        {.address = login_address(address_, stream_.native_handle()),
         .password = std::move(password),
         .verifiers = std::move(verifiers),
         .asker = weak},
        [weak, executor = worker_.context().io.get_executor(),
         answer](PasswordChecker::Answer given) {
            asio::post(executor, [weak, answer, given] {
                *answer = given;
                if (const auto self = weak.lock()) self->wake();
            });
        });
    const Unwatched unwatched(*this);
    while (!*answer && !ending_) co_await exchange_->woken.wait();
    if (ending_) co_return std::nullopt;
    co_return *answer;
}

Task<bool> ClientSession::pause(std::chrono::milliseconds time) {
    asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor> timer(
        worker_.context().io.get_executor(), time);
    timer.async_wait([weak = weak_from_this()](error_code error) {
        if (error) return;
        if (const auto self = weak.lock()) self->wake();
    });
    const Unwatched unwatched(*this);
    co_await exchange_->woken.wait();
    co_return !ending_;
}

}  // namespace pgweir::daemon
