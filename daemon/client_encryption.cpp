// How a client comes to speak TLS: by SSLRequest, or at once.
#include <sys/socket.h>

#include "daemon/client_session.hpp"
#include "daemon/log.hpp"
#include "daemon/worker.hpp"

namespace pgweir::daemon {

using pool::IoResult;

namespace {

// A TLS record of type handshake, by which every ClientHello begins. No packet of PostgreSQL does:
// it would be longer than any may be.
constexpr char client_hello = 0x16;

}  // namespace

bool ClientSession::must_use_tls() const {
    const conf::TlsMode mode = worker_.config().client_tls_sslmode;
    return login_->tls && mode != conf::TlsMode::allow && mode != conf::TlsMode::prefer;
}

// Since PostgreSQL 17 a client may begin with its ClientHello, and must then name the protocol.
// Looks without reading, as OpenSSL has to read it. False: the session ends.
Task<bool> ClientSession::begin_direct_tls() {
    char first = 0;
    ssize_t size = ::recv(stream_.native_handle(), &first, 1, MSG_PEEK);
    while (size < 0 && (errno == EAGAIN || errno == EINTR)) {
        co_await stream_.readable();
        if (ending_) co_return false;
        size = ::recv(stream_.native_handle(), &first, 1, MSG_PEEK);
    }
    // The end, or an error: whoever reads next is told.
    if (size != 1 || first != client_hello) co_return true;
    const bool started = co_await start_tls();
    if (!started) co_return false;
    if (!asked_for_postgresql(*ssl_)) {
        refuse(ErrorReport::fatal(protocol::sqlstate::protocol_violation,
                                  "received direct SSL connection request without ALPN protocol "
                                  "negotiation extension"));
        co_return false;
    }
    co_return true;
}

// Of TLS or GSS encryption. False: the session ends.
Task<bool> ClientSession::answer_encryption_request(bool is_tls) {
    const bool starts_tls = is_tls && login_->tls;
    const bool has_more = !exchange_->buffer.empty();
    // With "S" the handshake would begin; PostgreSQL says "N" before the error.
    if (!starts_tls) {
        const bool sent = co_await send("N");
        if (!sent) co_return false;
    }
    // What stands behind the request was not encrypted and must not be taken for something that was
    // (CVE-2021-23214). PostgreSQL refuses it whatever the answer to the request is.
    if (has_more) {
        ErrorReport report =
            ErrorReport::fatal(protocol::sqlstate::protocol_violation,
                               std::string("received unencrypted data after ") +
                                   (is_tls ? "SSL request" : "GSSAPI encryption request"));
        report.detail =
            "This could be either a client-software bug or evidence of an attempted "
            "man-in-the-middle attack.";
        refuse(std::move(report));
        co_return false;
    }
    if (!starts_tls) co_return true;
    const bool sent = co_await send("S");
    if (!sent) co_return false;
    co_return co_await start_tls();
}

// False: the handshake came to nothing, and the session ends without a word: there is no common
// language.
Task<bool> ClientSession::start_tls() {
    ssl_ = login_->tls->new_session();
    if (!ssl_) co_return false;
    stream_.start_tls(*ssl_);
    while (true) {
        bool wants_write = false;
        const IoResult result = stream_.handshake(wants_write);
        if (result.status == IoResult::Status::done) break;
        if (result.status != IoResult::Status::would_block) {
            worker_.counters().tls_handshakes_failed.add();
            log::write(conf::LogLevel::info, "tls_handshake_failed",
                       {{"client", session_.id},
                        {"addr", address_},
                        {"reason", stream_.handshake_problem()}});
            end(ClientClose::protocol_error, std::nullopt);
            co_return false;
        }
        if (wants_write) {
            co_await stream_.writable();
        } else {
            co_await stream_.readable();
        }
        if (ending_) co_return false;
    }
    drained_ = false;
    co_return true;
}

}  // namespace pgweir::daemon
