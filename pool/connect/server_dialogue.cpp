#include "pool/connect/server_dialogue.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>

#include "protocol/auth/authentication.hpp"

namespace pgweir::pool {

namespace {

std::string text_of(int error) {
    return error_code(error, boost::system::system_category()).message();
}

// Why a certificate was not accepted, or a handshake came to nothing.
std::string handshake_problem(ssl_st* tls) {
    const long verdict = SSL_get_verify_result(tls);
    if (verdict != X509_V_OK) {
        return std::string("certificate verify failed: ") + X509_verify_cert_error_string(verdict);
    }
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return std::string("TLS handshake failed: ") + (reason == nullptr ? "connection lost" : reason);
}

}  // namespace

Task<std::string> ServerDialogue::connect(const SocketAddress& address) {
    const int family = address.storage.ss_family;
    const int socket = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0) co_return text_of(errno);
    if (family != AF_UNIX) {
        const int on = 1;
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    stream_.emplace(io_, late_ends_, socket);
    const auto* name = reinterpret_cast<const sockaddr*>(&address.storage);
    if (::connect(socket, name, address.size) == 0) co_return std::string();
    if (errno != EINPROGRESS && errno != EAGAIN) co_return text_of(errno);
    co_await stream_->writable();
    if (ended_) co_return "timeout expired";
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    co_return error == 0 ? std::string() : text_of(error);
}

Task<std::string> ServerDialogue::start_tls(const Keywords& keywords, const std::string& host,
                                            bool& agreed) {
    std::string request;
    protocol::append_ssl_request(request);
    const std::string unsent = co_await send(request);
    if (!unsent.empty()) co_return unsent;
    std::string answer;
    bool ended = false;
    while (answer.empty() && !ended) {
        const std::string problem = co_await receive(answer, ended);
        if (!problem.empty()) co_return problem;
    }
    agreed = answer == "S";
    if (answer == "N") co_return std::string();
    if (answer.starts_with('S') && answer.size() > 1) {
        co_return "the server sent bytes before the TLS handshake, which may be an attack";
    }
    if (!agreed) co_return "the server answered the request for TLS with nonsense";

    auto session = make_tls_session(keywords, host);
    if (auto* problem = std::get_if<std::string>(&session)) co_return std::move(*problem);
    tls_ = std::get<TlsSessionPtr>(std::move(session));
    stream_->start_tls(*tls_);
    while (!ended_) {
        bool wants_write = false;
        const IoResult result = stream_->handshake(wants_write);
        if (result.status == IoResult::Status::done) co_return std::string();
        if (result.status != IoResult::Status::would_block) co_return handshake_problem(tls_.get());
        if (wants_write) {
            co_await stream_->writable();
        } else {
            co_await stream_->readable();
        }
    }
    co_return "timeout expired";
}

Task<std::string> ServerDialogue::send(std::string_view bytes) {
    while (!bytes.empty()) {
        if (ended_) co_return "timeout expired";
        const iovec part = to_iovec(bytes);
        const IoResult result = stream_->write({&part, 1});
        if (result.status == IoResult::Status::done) {
            bytes.remove_prefix(result.size);
        } else if (result.status == IoResult::Status::would_block) {
            co_await stream_->writable();
        } else {
            co_return problem_of(result);
        }
    }
    co_return std::string();
}

Task<std::string> ServerDialogue::receive(std::string& bytes, bool& ended) {
    std::array<char, 4096> room{};
    while (!ended_) {
        const IoResult result = stream_->read(room);
        if (result.status == IoResult::Status::done) {
            bytes.append(room.data(), result.size);
            co_return std::string();
        }
        if (result.status == IoResult::Status::closed) {
            ended = true;
            co_return std::string();
        }
        if (result.status != IoResult::Status::would_block) co_return problem_of(result);
        co_await stream_->readable();
    }
    co_return "timeout expired";
}

void ServerDialogue::end() {
    ended_ = true;
    if (stream_) stream_->cancel();
}

int ServerDialogue::release(TlsSessionPtr& tls) {
    tls = std::move(tls_);
    return stream_->release();
}

std::string ServerDialogue::problem_of(const IoResult& result) const {
    return result.error ? result.error.message() : "server closed the connection unexpectedly";
}

std::optional<SocketAddress> server_address(const std::string& host, const std::string& hostaddr,
                                            const std::string& port) {
    SocketAddress address;
    unsigned number = 5432;
    if (!port.empty()) {
        const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
        if (error != std::errc{} || number > 65535) return std::nullopt;
    }
    if (hostaddr.empty() && (host.starts_with('/') || host.starts_with('@'))) {
        auto* un = reinterpret_cast<sockaddr_un*>(&address.storage);
        std::string path = host + "/.s.PGSQL." + std::to_string(number);
        if (path.size() >= sizeof un->sun_path) return std::nullopt;
        un->sun_family = AF_UNIX;
        address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
        if (path.front() == '@') {
            path.front() = '\0';  // Linux: the abstract namespace
        } else {
            ++address.size;  // with the ending zero byte
        }
        std::memcpy(un->sun_path, path.data(), path.size());
        return address;
    }
    const std::string& numeric = hostaddr.empty() ? host : hostaddr;
    auto* in = reinterpret_cast<sockaddr_in*>(&address.storage);
    auto* in6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    if (inet_pton(AF_INET, numeric.c_str(), &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons(static_cast<std::uint16_t>(number));
        address.size = sizeof *in;
        return address;
    }
    if (inet_pton(AF_INET6, numeric.c_str(), &in6->sin6_addr) == 1) {
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(static_cast<std::uint16_t>(number));
        address.size = sizeof *in6;
        return address;
    }
    return std::nullopt;
}

}  // namespace pgweir::pool
