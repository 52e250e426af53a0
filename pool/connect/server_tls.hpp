// TLS to a server without libpq, by libpq's own keywords.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "pool/connect/keywords.hpp"

struct ssl_ctx_st;
struct ssl_st;
struct x509_st;

namespace pgweir::pool {

struct FreeTlsContext {
    void operator()(ssl_ctx_st* context) const;
};
struct FreeTlsSession {
    void operator()(ssl_st* session) const;
};
using TlsContextPtr = std::unique_ptr<ssl_ctx_st, FreeTlsContext>;
using TlsSessionPtr = std::unique_ptr<ssl_st, FreeTlsSession>;

/// What `sslmode` asks for; anything unknown counts as libpq's default, prefer.
enum class SslMode : std::uint8_t { disable, allow, prefer, require, verify_ca, verify_full };
[[nodiscard]] SslMode ssl_mode(const Keywords& keywords);

/// A client's session for a server called `host`, by sslmode, sslrootcert, sslcert, sslkey,
/// sslpassword, sslcrl, sslsni, ssl_min_protocol_version and ssl_max_protocol_version, with libpq's
/// defaults in ~/.postgresql. Reads files: blocks. The alternative is what is wrong, for people.
///
/// PostgreSQL manual, "SSL Support" (libpq-ssl.html).
[[nodiscard]] std::variant<TlsSessionPtr, std::string> make_tls_session(const Keywords& keywords,
                                                                        const std::string& host);

/// The data of channel binding tls-server-end-point (RFC 5929, section 4.1); empty for certificates
/// whose signature has no hash of its own (Ed25519), which cannot be bound to.
[[nodiscard]] std::string tls_server_end_point(x509_st* certificate);

}  // namespace pgweir::pool
