#include "daemon/client/client_encryption.hpp"

#include <sys/socket.h>

#include "daemon/client/client_dialogue.hpp"
#include "daemon/client/client_session.hpp"
#include "daemon/client/client_worker.hpp"
#include "daemon/log/log.hpp"

namespace pgweir::daemon {

using pool::IoResult;

namespace {

// A TLS record of type handshake, by which every ClientHello begins. No packet of PostgreSQL does:
// it would be longer than any may be.
constexpr char client_hello = 0x16;

}  // namespace

void ClientEncryption::offer() {
    if (client_.connection().address() != "unix") tls_ = client_.worker().gateway().tls.current();
}

bool ClientEncryption::is_required() const {
    const conf::TlsMode mode = client_.worker().config().client_tls_sslmode;
    return is_offered() && mode != conf::TlsMode::allow && mode != conf::TlsMode::prefer;
}

// Since PostgreSQL 17 a client may begin with its ClientHello, and must then name the protocol.
// Looks without reading, as OpenSSL has to read it.
Task<bool> ClientEncryption::begin_directly() {
    const int socket = client_.connection().socket();
    char first = 0;
    ssize_t size = ::recv(socket, &first, 1, MSG_PEEK);
    while (size < 0 && (errno == EAGAIN || errno == EINTR)) {
        co_await client_.connection().stream().readable();
        if (client_.ending()) co_return false;
        size = ::recv(socket, &first, 1, MSG_PEEK);
    }
    // The end, or an error: whoever reads next is told.
    if (size != 1 || first != client_hello) co_return true;
    const bool started = co_await start();
    if (!started) co_return false;
    if (!asked_for_postgresql(*client_.connection().ssl())) {
        client_.end(
            ClientClose::refused,
            ErrorReport::fatal(protocol::sqlstate::protocol_violation,
                               "received direct SSL connection request without ALPN protocol "
                               "negotiation extension"));
        co_return false;
    }
    co_return true;
}

Task<bool> ClientEncryption::answer_request(bool is_tls) {
    const bool starts_tls = is_tls && is_offered();
    const bool has_more = !client_.tenant().exchange().buffer.empty();
    // With "S" the handshake would begin; PostgreSQL says "N" before the error.
    if (!starts_tls) {
        const bool sent = co_await send(client_, "N");
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
        client_.end(ClientClose::refused, std::move(report));
        co_return false;
    }
    if (!starts_tls) co_return true;
    const bool sent = co_await send(client_, "S");
    if (!sent) co_return false;
    co_return co_await start();
}

// False: the handshake came to nothing, and the session ends without a word: there is no common
// language.
Task<bool> ClientEncryption::start() {
    ClientConnection& connection = client_.connection();
    SslPtr ssl = tls_->new_session();
    if (!ssl) co_return false;
    connection.start_tls(std::move(ssl));
    while (true) {
        bool wants_write = false;
        const IoResult result = connection.stream().handshake(wants_write);
        if (result.status == IoResult::Status::done) co_return true;
        if (result.status != IoResult::Status::would_block) {
            client_.worker().counters().tls_handshakes_failed.add();
            log::write(conf::LogLevel::info, "tls_handshake_failed",
                       {{"client", client_.id()},
                        {"addr", connection.address()},
                        {"reason", connection.stream().handshake_problem()}});
            client_.end(ClientClose::protocol_error, std::nullopt);
            co_return false;
        }
        if (wants_write) {
            co_await connection.stream().writable();
        } else {
            co_await connection.stream().readable();
        }
        if (client_.ending()) co_return false;
    }
}

}  // namespace pgweir::daemon
