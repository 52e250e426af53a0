#include "pool/io/byte_stream.hpp"

#include <climits>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <cerrno>
#include <utility>
#include <vector>

#include "pool/io/tls_transport.hpp"

namespace pgweir::pool {

namespace {

IoResult from_errno() {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
        return {.status = IoResult::Status::would_block};
    }
    return {.status = IoResult::Status::failed,
            .error = error_code(errno, boost::system::system_category())};
}

IoResult read_socket(int socket, std::span<char> room) {
    const ssize_t size = ::recv(socket, room.data(), room.size(), 0);
    if (size < 0) return from_errno();
    if (size == 0) return {.status = IoResult::Status::closed};
    const auto moved = static_cast<std::size_t>(size);
    return {.size = moved, .drained = moved < room.size()};
}

// What SSL_read or SSL_write said with `result`. A renegotiation that reads while we write, or the
// other way round, does not exist in TLS 1.3, and libpq refuses it in 1.2.
IoResult from_tls(SSL* tls, int result) {
    switch (SSL_get_error(tls, result)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return {.status = IoResult::Status::would_block};
        case SSL_ERROR_ZERO_RETURN:
            return {.status = IoResult::Status::closed};
        case SSL_ERROR_SYSCALL:
            if (errno != 0) return from_errno();
            return {.status = IoResult::Status::closed};
        default:
            return {.status = IoResult::Status::failed,
                    .error = error_code(EPROTO, boost::system::system_category())};
    }
}

// Takes record after record: what was read ahead makes no socket readable.
IoResult read_tls(SSL* tls, std::span<char> room) {
    IoResult result;
    do {
        ERR_clear_error();
        errno = 0;
        const auto rest = room.subspan(result.size);
        const int size = SSL_read(tls, rest.data(), static_cast<int>(rest.size()));
        if (size <= 0) {
            const IoResult problem = from_tls(tls, size);
            if (result.size == 0) return problem;
            // An end or an error is told by the next read, too.
            result.drained = problem.status == IoResult::Status::would_block;
            return result;
        }
        result.size += static_cast<std::size_t>(size);
    } while (result.size < room.size() && holds_unread(*tls));
    result.drained = has_emptied_socket(*tls) && !holds_unread(*tls);
    return result;
}

constexpr std::size_t largest_record = SSL3_RT_MAX_PLAIN_LENGTH;

// The next record's worth of `parts`, which go on behind their first `begun` bytes: where it takes
// more than one part to fill it, a copy in `room`. A record costs a system call, a copy does not.
std::string_view next_record(std::span<const iovec> parts, std::size_t begun,
                             std::span<char, largest_record> room) {
    std::string_view record;
    for (const iovec& part : parts) {
        const auto piece = std::string_view(static_cast<const char*>(part.iov_base), part.iov_len)
                               .substr(std::exchange(begun, 0), room.size() - record.size());
        if (piece.empty()) continue;
        if (record.empty()) {
            record = piece;
            continue;
        }
        if (record.data() != room.data()) std::ranges::copy(record, room.begin());
        std::ranges::copy(piece, room.begin() + static_cast<std::ptrdiff_t>(record.size()));
        record = std::string_view(room.data(), record.size() + piece.size());
        if (record.size() == room.size()) break;
    }
    return record;
}

IoResult write_tls(SSL* tls, std::span<const iovec> parts) {
    static thread_local std::array<char, largest_record> room;
    std::size_t total = 0;
    std::size_t begun = 0;  // of the first part
    while (true) {
        while (!parts.empty() && begun >= parts.front().iov_len) {
            begun -= parts.front().iov_len;
            parts = parts.subspan(1);
        }
        if (parts.empty()) return {.size = total};
        const std::string_view record = next_record(parts, begun, room);
        ERR_clear_error();
        errno = 0;
        const int size = SSL_write(tls, record.data(), static_cast<int>(record.size()));
        if (size <= 0) return total > 0 ? IoResult{.size = total} : from_tls(tls, size);
        begun += static_cast<std::size_t>(size);
        total += static_cast<std::size_t>(size);
    }
}

}  // namespace

ByteStream::ByteStream(asio::io_context& io, LateEnds& late_ends, int socket, ssl_st* tls)
    : readiness_(io, socket), late_ends_(late_ends), tls_(tls) {
    if (tls_ == nullptr) return;
    // A write that has to be repeated may come from another address: the caller's buffer moves.
    SSL_set_mode(tls_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    attach_tls(*tls_, socket);
    // What the session's former stream has read ahead makes no edge here.
    if (holds_unread(*tls_)) readiness_.wake_reader();
}

void ByteStream::start_tls(ssl_st& tls) {
    attach_tls(tls, native_handle());
    tls_ = &tls;
}

IoResult ByteStream::handshake(bool& wants_write) {
    ERR_clear_error();
    errno = 0;
    const int result = SSL_do_handshake(tls_);
    if (result == 1) return {};
    wants_write = SSL_get_error(tls_, result) == SSL_ERROR_WANT_WRITE;
    return from_tls(tls_, result);
}

std::string ByteStream::handshake_problem() const {
    const long verdict = SSL_get_verify_result(tls_);
    if (verdict != X509_V_OK) return X509_verify_cert_error_string(verdict);
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "connection lost" : reason;
}

void ByteStream::say_end() {
    if (tls_ == nullptr || !is_open() || SSL_is_init_finished(tls_) == 0) return;
    ERR_clear_error();
    SSL_shutdown(tls_);
    ERR_clear_error();
}

IoResult ByteStream::read(std::span<char> room) {
    if (!is_open()) {
        return {.status = IoResult::Status::failed, .error = asio::error::bad_descriptor};
    }
    const IoResult result =
        tls_ != nullptr ? read_tls(tls_, room) : read_socket(native_handle(), room);
    if (result.drained) late_ends_.expect(*this);
    return result;
}

IoResult ByteStream::write(std::span<const iovec> parts) {
    if (!is_open()) {
        return {.status = IoResult::Status::failed, .error = asio::error::bad_descriptor};
    }
    if (tls_ != nullptr) return write_tls(tls_, parts);
    ssize_t size = 0;
    if (parts.size() == 1) {
        size = ::send(native_handle(), parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL);
    } else {
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(parts.data());  // NOLINT: sendmsg does not write to it
        message.msg_iovlen = std::min<std::size_t>(parts.size(), IOV_MAX);
        size = ::sendmsg(native_handle(), &message, MSG_NOSIGNAL);
    }
    if (size < 0) return from_errno();
    return {.size = static_cast<std::size_t>(size)};
}

void LateEnds::expect(ByteStream& stream) {
    if (!stream.is_linked()) read_.push_back(stream);
}

void LateEnds::look() {
    std::vector<pollfd> questions;
    for (const ByteStream& stream : read_) {
        questions.push_back({.fd = stream.native_handle(), .events = POLLRDHUP, .revents = 0});
    }
    if (questions.empty() || ::poll(questions.data(), questions.size(), 0) < 0) return;
    for (const pollfd& answer : questions) {
        ByteStream& stream = read_.front();
        read_.pop_front();
        if (answer.revents != 0) stream.readiness_.wake_reader();
    }
}

bool peer_has_closed(int socket) {
    pollfd question{.fd = socket, .events = POLLRDHUP, .revents = 0};
    return ::poll(&question, 1, 0) == 1 &&
           (question.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

}  // namespace pgweir::pool
