// TLS for clients: key, certificate and rules, as OpenSSL wants them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "conf/config.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace pgweir::daemon {

struct FreeSsl {
    void operator()(ssl_st* session) const;
};
/// One client's TLS session.
using SslPtr = std::unique_ptr<ssl_st, FreeSsl>;

/// What the section `tls` of one configuration stands for, with the files as they were read.
/// Immutable; shared by all workers. A session keeps what it was made from alive by itself.
class ClientTls {
  public:
    /// Reads key, certificate, authorities and revocations. Blocks. The alternative is what is
    /// wrong, for people: the file and the reason. Null where TLS is disabled.
    [[nodiscard]] static std::variant<std::shared_ptr<const ClientTls>, std::string> load(
        const conf::Config& config);

    /// A session for the server's side, which still has to be given its socket. Null: no memory.
    [[nodiscard]] SslPtr new_session() const;
    /// The data of channel binding tls-server-end-point (RFC 5929, section 4.1); empty for
    /// certificates whose signature has no hash of its own (Ed25519), which cannot be bound to.
    [[nodiscard]] const std::string& end_point_hash() const { return end_point_hash_; }
    [[nodiscard]] std::chrono::system_clock::time_point expires_at() const { return expires_at_; }

  private:
    struct FreeContext {
        void operator()(ssl_ctx_st* context) const;
    };
    ClientTls() = default;

    std::unique_ptr<ssl_ctx_st, FreeContext> context_;
    std::string end_point_hash_;
    std::chrono::system_clock::time_point expires_at_;
};

/// The present ClientTls, replaced when the configuration or one of the files changes. Thread-safe.
class ClientTlsStore {
  public:
    /// Takes what the configuration says. What is wrong, or nothing; then the former one stays.
    [[nodiscard]] std::optional<std::string> load(const conf::Config& config);
    /// What load() would, if a file has changed since it was read; says so (`loaded`) if it did.
    [[nodiscard]] std::optional<std::string> refresh(const conf::Config& config, bool& loaded);
    /// Null where TLS is disabled.
    [[nodiscard]] std::shared_ptr<const ClientTls> current() const;

  private:
    // What tells that a file is another one.
    struct Stamp {
        ino_t inode = 0;
        off_t size = 0;
        long seconds = 0;
        long nanoseconds = 0;
        friend bool operator==(const Stamp&, const Stamp&) = default;
    };
    [[nodiscard]] static std::vector<Stamp> stamps(const conf::Config& config);

    mutable std::mutex mutex_;  ///< guards what follows
    std::shared_ptr<const ClientTls> current_;
    std::vector<Stamp> stamps_;
};

/// What a handshake has shown of the client.
struct PeerCertificate {
    bool verified = false;  ///< there is one, and our authority has signed it
    /// Empty where it has none, or one with a zero byte inside, by which names have been forged.
    std::string common_name;
    std::string distinguished_name;  ///< as RFC 2253 writes it
};
[[nodiscard]] PeerCertificate peer_certificate(ssl_st& session);

/// "TLSv1.3", for the log.
[[nodiscard]] std::string tls_version(ssl_st& session);
/// The host name that the client asked for (SNI); empty: none.
[[nodiscard]] std::string requested_host(ssl_st& session);
/// Whether the client has asked for the protocol `postgresql` (ALPN).
[[nodiscard]] bool asked_for_postgresql(ssl_st& session);

}  // namespace pgweir::daemon
