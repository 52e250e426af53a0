#include "daemon/client/client_connection.hpp"

#include <sys/socket.h>

#include <array>
#include <cassert>

namespace pgweir::daemon {

using pool::IoResult;

namespace {

// Lets the last message out: closing a socket that holds unread bytes resets the connection, and a
// reset may overtake what was written.
void close_gently(pool::ByteStream& stream) {
    if (!stream.is_open()) return;
    ::shutdown(stream.native_handle(), SHUT_WR);
    std::array<char, 4096> ignored{};
    for (int i = 0; i < 16; ++i) {
        if (::recv(stream.native_handle(), ignored.data(), ignored.size(), MSG_DONTWAIT) <= 0)
            break;
    }
    stream.close();
}

}  // namespace

void ClientConnection::start_tls(SslPtr ssl) {
    assert(!ssl_);
    ssl_ = std::move(ssl);
    stream_.start_tls(*ssl_);
    drained_ = false;
}

ClientConnection::Reading ClientConnection::read(pool::ReadBuffer& buffer) {
    if (!drained_) {
        const IoResult result = stream_.read(buffer.room());
        if (result.status == IoResult::Status::done) {
            buffer.filled(result.size);
            drained_ = result.drained;
            return Reading::something;
        }
        if (result.status != IoResult::Status::would_block) return Reading::ended;
    }
    buffer.give_back_if_empty();
    drained_ = false;
    return Reading::nothing;
}

bool ClientConnection::write_at_once(std::string_view bytes) {
    const iovec part = pool::to_iovec(bytes);
    return stream_.write({&part, 1}).size == bytes.size();
}

bool ClientConnection::has_gone() const {
    return stream_.is_open() && pool::peer_has_closed(stream_.native_handle());
}

void ClientConnection::close(bool said_its_last) {
    stream_.say_end();
    if (said_its_last && drained_) {
        stream_.close();  // all that it said was read
    } else {
        close_gently(stream_);
    }
}

}  // namespace pgweir::daemon
