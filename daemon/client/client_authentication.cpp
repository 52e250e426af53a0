#include "daemon/client/client_authentication.hpp"

#include <sys/socket.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <cstdint>

#include "daemon/client/client_dialogue.hpp"
#include "daemon/client/client_session.hpp"
#include "daemon/client/client_worker.hpp"
#include "daemon/client/login_room.hpp"
#include "daemon/client/unwatched.hpp"
#include "daemon/log/log.hpp"
#include "protocol/auth/authentication.hpp"

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

void describe_connection(const ClientConnection& connection, ClientFacts& facts) {
    describe_peer(connection.socket(), connection.address(), facts);
    if (!connection.ssl()) return;
    facts.is_tls = true;
    PeerCertificate certificate = peer_certificate(*connection.ssl());
    facts.certificate_verified = certificate.verified;
    facts.certificate_cn = std::move(certificate.common_name);
    facts.certificate_dn = std::move(certificate.distinguished_name);
}

ClientAuthentication::ClientAuthentication(ClientSession& client, ClientFacts facts)
    : client_(client),
      decision_(*this, client.worker().gateway().auth, client.worker().shared_config(),
                std::move(facts)) {}

Task<bool> ClientAuthentication::run() {
    const auto outcome = co_await decision_.run();
    if (outcome == Authentication::Outcome::gone || client_.ending()) co_return false;
    if (outcome == Authentication::Outcome::let_in) {
        log::write(conf::LogLevel::debug, "authenticated",
                   {{"client", client_.id()},
                    {"method", decision_.method()},
                    {"rule", decision_.reason()}});
        co_return true;
    }
    pool::WorkerStatistics& counters = client_.worker().counters();
    counters.authentications_failed.add();
    if (decision_.blocked()) counters.authentications_blocked.add();
    log::write(conf::LogLevel::warning, "authentication_failed",
               {{"client", client_.id()},
                {"database", client_.database()},
                {"user", client_.user()},
                {"addr", client_.connection().address()},
                {"method", decision_.method()},
                {"reason", decision_.reason()}});
    refuse(decision_.report());
    co_return false;
}

void ClientAuthentication::refuse(ErrorReport report) {
    client_.end(ClientClose::refused, std::move(report));
}

bool ClientAuthentication::is_disabled(const std::string& database) const {
    return client_.worker().gateway().registry.switches().is_disabled(database);
}

Task<bool> ClientAuthentication::say(std::string_view messages) {
    return send(client_, messages);
}

// Reads the next password message, and nothing else, as PostgreSQL does: the messages of a login
// are small, so that one is collected whole.
Task<std::optional<std::string>> ClientAuthentication::hear(Reply wanted) {
    constexpr std::size_t header_size = 5;
    constexpr char password_message = 'p';
    pool::ReadBuffer& buffer = client_.tenant().exchange().buffer;
    while (buffer.held().size() < header_size) {
        const bool more = co_await read_more(client_);
        if (!more) co_return std::nullopt;
        if (buffer.held().front() != password_message) break;
    }
    const Bytes header = buffer.held();
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
            refuse(ErrorReport::fatal(
                protocol::sqlstate::invalid_password,
                "password authentication failed for user \"" + client_.user() + '"'));
        } else {
            client_.end_silently("invalid length of a password message");
        }
        co_return std::nullopt;
    }
    buffer.consume(header_size);
    std::string body;
    while (body.size() < length - 4) {
        const Bytes held = buffer.held().substr(0, length - 4 - body.size());
        body += held;
        buffer.consume(held.size());
        if (body.size() == length - 4) break;
        const bool more = co_await read_more(client_);
        if (!more) co_return std::nullopt;
    }
    co_return body;
}

// The answer may come from another worker, which must not keep this session alive: it would die
// there.
Task<AuthAnswer> ClientAuthentication::look_up(AuthQuerySource source, std::string user) {
    const auto answer = std::make_shared<std::optional<AuthAnswer>>();
    client_.worker().gateway().auth.query.ask(
        std::move(source), std::move(user),
        [weak = client_.weak_from_this(), executor = client_.worker().context().io.get_executor(),
         answer](const AuthAnswer& given) {
            asio::post(executor, [weak, answer, given] {
                *answer = given;
                if (const auto client = weak.lock()) client->tenant().wake();
            });
        });
    const Unwatched unwatched(client_);
    while (!*answer && !client_.ending()) co_await client_.tenant().exchange().woken.wait();
    co_return *answer ? **answer : AuthAnswer{};
}

// The answer comes from the checker's thread, where this session must not be kept alive.
Task<std::optional<PasswordChecker::Answer>> ClientAuthentication::compare(
    std::string password, std::vector<protocol::ScramVerifier> verifiers) {
    const auto answer = std::make_shared<std::optional<PasswordChecker::Answer>>();
    const std::weak_ptr<ClientSession> weak = client_.weak_from_this();
    client_.worker().gateway().auth.passwords.ask(
        {.address = login_address(client_.connection().address(), client_.connection().socket()),
         .password = std::move(password),
         .verifiers = std::move(verifiers),
         .asker = weak},
        [weak, executor = client_.worker().context().io.get_executor(),
         answer](PasswordChecker::Answer given) {
            asio::post(executor, [weak, answer, given] {
                *answer = given;
                if (const auto client = weak.lock()) client->tenant().wake();
            });
        });
    const Unwatched unwatched(client_);
    while (!*answer && !client_.ending()) co_await client_.tenant().exchange().woken.wait();
    if (client_.ending()) co_return std::nullopt;
    co_return *answer;
}

// The answer comes from a thread of the checker's, where this session must not be kept alive, and
// perhaps when nobody waits for it any more.
Task<std::optional<OutsideAnswer>> ClientAuthentication::judge(OutsideQuestion question,
                                                               std::chrono::milliseconds limit) {
    struct Waiting {
        std::optional<OutsideAnswer> answer;
        bool is_over = false;
    };
    const auto waiting = std::make_shared<Waiting>();
    const std::weak_ptr<ClientSession> weak = client_.weak_from_this();
    const auto executor = client_.worker().context().io.get_executor();
    Timer timer(executor);
    if (limit.count() > 0) {
        question.deadline = OutsideQuestion::Clock::now() + limit;
        timer.expires_after(limit);
        wake_after(timer);
    }
    const auto deadline = question.deadline;
    client_.worker().gateway().auth.outside.ask(
        std::move(question),
        login_address(client_.connection().address(), client_.connection().socket()), weak,
        [weak, executor, waiting](OutsideAnswer given) {
            asio::post(executor, [weak, waiting, given = std::move(given)]() mutable {
                if (waiting->is_over) return;
                waiting->answer = std::move(given);
                if (const auto client = weak.lock()) client->tenant().wake();
            });
        });
    const Unwatched unwatched(client_);
    while (!waiting->answer && !client_.ending() && OutsideQuestion::Clock::now() < deadline) {
        co_await client_.tenant().exchange().woken.wait();
    }
    waiting->is_over = true;
    if (client_.ending()) co_return std::nullopt;
    if (waiting->answer) co_return std::move(waiting->answer);
    co_return OutsideAnswer{.reason = "no answer within auth_check_timeout"};
}

void ClientAuthentication::wake_after(Timer& timer) {
    timer.async_wait([weak = client_.weak_from_this()](error_code error) {
        if (error) return;
        if (const auto client = weak.lock()) client->tenant().wake();
    });
}

Task<bool> ClientAuthentication::pause(std::chrono::milliseconds time) {
    Timer timer(client_.worker().context().io.get_executor(), time);
    wake_after(timer);
    const Unwatched unwatched(client_);
    co_await client_.tenant().exchange().woken.wait();
    co_return client_.ending() == nullptr;
}

}  // namespace pgweir::daemon
