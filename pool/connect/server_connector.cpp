#include "pool/connect/server_connector.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <bit>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "pool/connect/key_login.hpp"
#include "pool/connect/login_guard.hpp"
#include "pool/connect/login_trace.hpp"

namespace pgweir::pool {

namespace {

using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;
using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;

std::string* find(Keywords& keywords, std::string_view name) {
    const auto found = std::ranges::find(keywords, name, &Keywords::value_type::first);
    return found == keywords.end() ? nullptr : &found->second;
}

std::string join_list(const std::vector<std::string>& items) {
    std::string list;
    for (const std::string& item : items) {
        if (&item != &items.front()) list += ',';
        list += item;
    }
    return list;
}

// Whether libpq finds a password by itself.
bool has_password(const Keywords& keywords) {
    return std::ranges::any_of(keywords, [](const auto& entry) {
        return entry.first == "password" || entry.first == "passfile" || entry.first == "service" ||
               entry.first == "scram_client_key";
    });
}

bool needs_lookup(const std::string& host) {
    return !host.empty() && host.front() != '/' && host.front() != '@';
}

// Looks up the hosts and writes host, hostaddr and port with one element for each address. The host
// name stays beside its address: TLS checks the certificate against it.
Task<std::string> resolve_hosts(asio::io_context& io, Keywords& keywords) {
    const std::string* host_list = find(keywords, "host");
    const std::string* address_list = find(keywords, "hostaddr");
    if (host_list == nullptr || (address_list != nullptr && !address_list->empty())) co_return "";
    const std::vector<std::string> hosts = split_list(*host_list);
    if (std::ranges::none_of(hosts, needs_lookup)) co_return "";

    const std::string* port_list = find(keywords, "port");
    std::vector<std::string> given = split_list(port_list == nullptr ? "" : *port_list);
    if (given.size() == 1) given.resize(hosts.size(), given.front());
    if (given.size() != hosts.size()) co_return "";  // libpq says what is wrong with it

    std::vector<std::string> names;
    std::vector<std::string> addresses;
    std::vector<std::string> ports;
    std::string problem;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        if (!needs_lookup(hosts[i])) {
            names.push_back(hosts[i]);
            addresses.emplace_back();
            ports.push_back(given[i]);
            continue;
        }
        Resolver resolver(io.get_executor());
        const auto [error, results] = co_await resolver.async_resolve(hosts[i], "", as_result);
        if (error) {
            // An unknown host does not take the other hosts of the list down.
            problem =
                "could not translate host name \"" + hosts[i] + "\" to address: " + error.message();
            continue;
        }
        for (const auto& result : results) {
            names.push_back(hosts[i]);
            addresses.push_back(result.endpoint().address().to_string());
            ports.push_back(given[i]);
        }
    }
    if (names.empty()) co_return problem;
    set_keyword(keywords, "host", join_list(names));
    set_keyword(keywords, "hostaddr", join_list(addresses));
    set_keyword(keywords, "port", join_list(ports));
    co_return "";
}

// The protocol trace, written into memory. It holds what the client's side of the login sent too,
// a password among it, so that it is wiped after use.
class Trace {
  public:
    explicit Trace(PGconn* connection)
        : connection_(connection), file_(open_memstream(&text_, &size_)) {
        if (file_ == nullptr) return;
        PQtrace(connection_, file_);
        PQsetTraceFlags(connection_, PQTRACE_SUPPRESS_TIMESTAMPS);
    }
    Trace(const Trace&) = delete;
    Trace& operator=(const Trace&) = delete;
    ~Trace() {
        if (file_ == nullptr) return;
        PQuntrace(connection_);
        std::fclose(file_);
        OPENSSL_cleanse(text_, size_);
        std::free(text_);  // NOLINT(cppcoreguidelines-no-malloc): open_memstream allocates so
    }
    [[nodiscard]] std::string_view text() const {
        if (file_ == nullptr || std::fflush(file_) != 0) return {};
        return {text_, size_};
    }

  private:
    PGconn* connection_;
    char* text_ = nullptr;
    std::size_t size_ = 0;
    std::FILE* file_;
};

// Waits until libpq's socket is ready for what it asked. The socket may be another one after each
// poll, so that it is taken anew each time and given back at once.
Task<> wait_for_socket(asio::io_context& io, PGconn* connection, bool to_read,
                       ConnectProgress& progress) {
    Descriptor descriptor(io.get_executor(), PQsocket(connection));
    progress.interrupt = [&descriptor] { descriptor.cancel(); };
    co_await descriptor.async_wait(to_read ? Descriptor::wait_read : Descriptor::wait_write,
                                   as_result);
    progress.interrupt = nullptr;
    descriptor.release();
}

// The bytes that libpq would read next, without reading them: as many as one message may have.
std::string peek(PGconn* connection) {
    std::string room(longest_login_message + header_size, '\0');
    ssize_t size = 0;
    if (auto* tls = static_cast<SSL*>(PQsslStruct(connection, "OpenSSL"))) {
        ERR_clear_error();
        size = SSL_peek(tls, room.data(), static_cast<int>(room.size()));
        ERR_clear_error();
    } else {
        size = ::recv(PQsocket(connection), room.data(), room.size(), MSG_PEEK | MSG_DONTWAIT);
    }
    room.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return room;
}

// Waits until libpq can be given what the server has sent. Empty: it can; otherwise why not.
Task<std::string> guard_login(asio::io_context& io, PGconn* connection, ConnectProgress& progress) {
    while (PQstatus(connection) == CONNECTION_AWAITING_RESPONSE && !progress.timed_out) {
        LoginVerdict verdict = check_login_messages(peek(connection));
        if (verdict.kind == LoginVerdict::Kind::refuse) co_return std::move(verdict.problem);
        if (verdict.kind == LoginVerdict::Kind::go_on) break;
        // PostgreSQL writes each request at once; beyond one TLS record nothing can be seen.
        if (PQsslInUse(connection) != 0) co_return "the server sent a login message in pieces";
        Timer timer(io.get_executor(), milliseconds(5));
        co_await timer.async_wait(as_result);
    }
    co_return std::string();
}

std::string one_line(std::string_view text) {
    std::string line(text);
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0)
        line.pop_back();
    std::ranges::replace(line, '\n', ' ');
    std::erase(line, '\t');
    return line;
}

ConnectFailure failure_of(PGconn* connection) {
    const char* text = PQerrorMessage(connection);
    return {.from_server = protocol::parse_verbose_error(text),
            .explanation = one_line(text),
            .secret_unfit = PQconnectionNeedsPassword(connection) != 0};
}

// What a second connection to the same server needs to know about TLS.
Keywords tls_keywords(PGconn* connection) {
    Keywords keywords;
    PQconninfoOption* const options = PQconninfo(connection);
    for (const PQconninfoOption* option = options; option != nullptr && option->keyword != nullptr;
         ++option) {
        const std::string_view name = option->keyword;
        if (option->val != nullptr && name.starts_with("ssl")) {
            keywords.emplace_back(name, option->val);
        }
    }
    PQconninfoFree(options);
    return keywords;
}

// A server without its cancel key would take no cancel, and nobody would know: libpq does not give
// the key away, and what its trace looks like is not promised (D72).
std::string misread_key(PGconn* connection, const LoginFacts& facts) {
    const auto pid = static_cast<std::uint32_t>(PQbackendPID(connection));
    if (pid == (facts.cancel_key ? facts.cancel_key->pid : 0)) return {};
    const int version = PQlibVersion();
    return "the server's cancel key was not understood in the protocol trace of libpq " +
           std::to_string(version / 10000) + '.' + std::to_string(version % 10000) +
           ": queries could not be cancelled";
}

ConnectResult take_over(ConnectionPtr connection, const Trace& trace) {
    LoginFacts facts = parse_login_trace(trace.text());
    std::string problem = misread_key(connection.get(), facts);
    if (!problem.empty()) return {.failure = {.explanation = std::move(problem)}};
    ServerConnection server;
    server.cancel_key = facts.cancel_key.value_or(protocol::CancelKey());
    server.reported = std::move(facts.reported);
    server.address.size = sizeof server.address.storage;
    getpeername(PQsocket(connection.get()), reinterpret_cast<sockaddr*>(&server.address.storage),
                &server.address.size);
    if (PQsslInUse(connection.get()) != 0) {
        server.tls_keywords = std::make_shared<const Keywords>(tls_keywords(connection.get()));
        server.host = PQhost(connection.get());
    }
    // Else PQfinish() waits for a server that reads nothing until it can say Terminate.
    if (PQsetnonblocking(connection.get(), 1) != 0)
        return {.failure = {.explanation = one_line(PQerrorMessage(connection.get()))}};
    server.connection = std::move(connection);
    server.connected_at = Clock::now();
    return {.connection = std::move(server)};
}

Task<ConnectResult> log_in(asio::io_context& io, const Keywords& keywords,
                           ConnectProgress& progress) {
    std::vector<const char*> names;
    std::vector<const char*> values;
    for (const auto& [name, value] : keywords) {
        names.push_back(name.c_str());
        values.push_back(value.c_str());
    }
    names.push_back(nullptr);
    values.push_back(nullptr);
    ConnectionPtr connection(PQconnectStartParams(names.data(), values.data(), 0));
    if (!connection) co_return ConnectResult{.failure = {.explanation = "out of memory"}};
    PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);
    const Trace trace(connection.get());

    PostgresPollingStatusType step =
        PQstatus(connection.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (step != PGRES_POLLING_OK) {
        if (step == PGRES_POLLING_FAILED)
            co_return ConnectResult{.failure = failure_of(connection.get())};
        co_await wait_for_socket(io, connection.get(), step == PGRES_POLLING_READING, progress);
        if (progress.timed_out) {
            const bool is_silent = PQstatus(connection.get()) == CONNECTION_STARTED;
            co_return ConnectResult{
                .failure = {.explanation = is_silent ? "timeout expired: the host does not answer"
                                                     : "timeout expired",
                            .timed_out = true}};
        }
        const std::string hostile = co_await guard_login(io, connection.get(), progress);
        if (!hostile.empty()) co_return ConnectResult{.failure = {.explanation = hostile}};
        step = PQconnectPoll(connection.get());
    }
    co_return take_over(std::move(connection), trace);
}

}  // namespace

Task<ConnectResult> connect_server(asio::io_context& io,
                                   std::vector<std::pair<std::string, std::string>> keywords,
                                   std::shared_ptr<const ServerCredentials> credentials,
                                   milliseconds timeout) {
    // Shared with the timer's handler, which may run after this coroutine has ended.
    const auto progress = std::make_shared<ConnectProgress>();
    Timer timer(io.get_executor());
    if (timeout > milliseconds::zero()) {
        timer.expires_after(timeout);
        timer.async_wait([progress](error_code error) {
            if (error) return;
            progress->timed_out = true;
            if (progress->interrupt) progress->interrupt();
        });
    }
    if (credentials && !credentials->password.empty() && find(keywords, "password") == nullptr) {
        set_keyword(keywords, "password", credentials->password);
    }
    // No raw access under GSS encryption.
    set_keyword(keywords, "gssencmode", "disable");
    const std::string problem = co_await resolve_hosts(io, keywords);
    if (!problem.empty()) co_return ConnectResult{.failure = {.explanation = problem}};
    const bool by_keys = credentials && (credentials->scram || !credentials->md5_hash.empty());
    if (by_keys && !has_password(keywords)) {
        co_return co_await connect_with_keys(io, keywords, credentials, *progress);
    }
    co_return co_await log_in(io, keywords, *progress);
}

namespace {

// inet_ntop() goes through printf(), which is a lot for each client that comes.
std::string ipv4_text(const in_addr& address) {
    const auto bytes = std::bit_cast<std::array<unsigned char, 4>>(address);
    std::string text;
    for (const unsigned byte : bytes) {
        if (!text.empty()) text += '.';
        text += std::to_string(byte);
    }
    return text;
}

}  // namespace

std::string SocketAddress::to_string() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (storage.ss_family == AF_INET) {
        const auto* in = reinterpret_cast<const sockaddr_in*>(&storage);
        return ipv4_text(in->sin_addr) + ':' + std::to_string(ntohs(in->sin_port));
    }
    if (storage.ss_family == AF_INET6) {
        const auto* in = reinterpret_cast<const sockaddr_in6*>(&storage);
        inet_ntop(AF_INET6, &in->sin6_addr, text.data(), text.size());
        return '[' + std::string(text.data()) + "]:" + std::to_string(ntohs(in->sin6_port));
    }
    if (storage.ss_family == AF_UNIX && size > offsetof(sockaddr_un, sun_path)) {
        const auto* un = reinterpret_cast<const sockaddr_un*>(&storage);
        const std::string path(un->sun_path, size - offsetof(sockaddr_un, sun_path));
        // Linux: a name in the abstract namespace begins with a zero byte and is written with an @.
        if (path.starts_with('\0')) return '@' + path.substr(1);
        return path.substr(0, path.find('\0'));
    }
    return "unknown";
}

OwnConnection::~OwnConnection() {
    if (socket < 0) return;
    // Without waiting: PostgreSQL takes the end of the stream as well.
    constexpr std::array<char, 5> terminate{'X', 0, 0, 0, 4};
    if (tls) {
        ERR_clear_error();
        SSL_write(tls.get(), terminate.data(), terminate.size());
        SSL_shutdown(tls.get());
        ERR_clear_error();
    } else {
        std::ignore = ::send(socket, terminate.data(), terminate.size(), MSG_NOSIGNAL);
    }
    ::close(socket);
}

ssl_st* ServerConnection::tls() const {
    if (own) return own->tls.get();
    return static_cast<ssl_st*>(PQsslStruct(connection.get(), "OpenSSL"));
}

}  // namespace pgweir::pool
