// The other side of a TLS connection, whose bytes pass through the hands of a test.
#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace pgweir::pool {

struct FreeTls {
    void operator()(SSL* session) const { SSL_free(session); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using TlsPtr = std::unique_ptr<SSL, FreeTls>;

enum class TlsRole { client, server };

/// A session that nobody verifies; a server's has a certificate of its own making.
inline TlsPtr make_tls(TlsRole role, int version) {
    const bool is_server = role == TlsRole::server;
    const std::unique_ptr<SSL_CTX, FreeTls> context(
        SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method()));
    SSL_CTX_set_min_proto_version(context.get(), version);
    SSL_CTX_set_max_proto_version(context.get(), version);
    if (is_server) {
        const std::unique_ptr<EVP_PKEY, FreeTls> key(EVP_EC_gen("P-256"));
        const std::unique_ptr<X509, FreeTls> certificate(X509_new());
        X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
        X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
        X509_set_pubkey(certificate.get(), key.get());
        X509_sign(certificate.get(), key.get(), EVP_sha256());
        SSL_CTX_use_certificate(context.get(), certificate.get());
        SSL_CTX_use_PrivateKey(context.get(), key.get());
    }
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    TlsPtr session(SSL_new(context.get()));
    if (is_server) {
        SSL_set_accept_state(session.get());
    } else {
        SSL_set_connect_state(session.get());
    }
    return session;
}

/// Speaks TLS from and to strings.
class TlsPeer {
  public:
    TlsPeer(TlsRole role, int version) : session_(make_tls(role, version)) {
        SSL_set_bio(session_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    }

    /// Goes on with the handshake; whether it is complete.
    bool handshake() { return SSL_do_handshake(session_.get()) == 1; }
    /// Takes what has come from the other side.
    void take(std::string_view bytes) {
        if (bytes.empty()) return;
        EXPECT_EQ(
            BIO_write(SSL_get_rbio(session_.get()), bytes.data(), static_cast<int>(bytes.size())),
            static_cast<int>(bytes.size()));
    }
    /// What is to go to the other side.
    std::string give() {
        std::string bytes(BIO_ctrl_pending(SSL_get_wbio(session_.get())), '\0');
        if (!bytes.empty()) {
            BIO_read(SSL_get_wbio(session_.get()), bytes.data(), static_cast<int>(bytes.size()));
        }
        return bytes;
    }
    /// `text` as a record.
    std::string encrypt(std::string_view text) {
        EXPECT_EQ(SSL_write(session_.get(), text.data(), static_cast<int>(text.size())),
                  static_cast<int>(text.size()));
        return give();
    }
    /// The record by which it says that it has nothing more to say.
    std::string encrypted_end() {
        SSL_shutdown(session_.get());
        return give();
    }
    /// All that can be read of what it took.
    std::string decrypt() {
        std::string text;
        std::array<char, 16384> room{};
        while (true) {
            const int size = SSL_read(session_.get(), room.data(), room.size());
            if (size <= 0) return text;
            text.append(room.data(), static_cast<std::size_t>(size));
        }
    }

  private:
    TlsPtr session_;
};

/// How many records of application data are in these bytes, all of them whole.
inline std::size_t count_records(std::string_view bytes) {
    constexpr char application_data = 23;
    std::size_t count = 0;
    while (bytes.size() >= 5) {
        if (bytes.front() == application_data) ++count;
        const std::size_t size =
            static_cast<unsigned char>(bytes[3]) * 256U + static_cast<unsigned char>(bytes[4]);
        bytes.remove_prefix(std::min(bytes.size(), 5 + size));
    }
    return count;
}

}  // namespace pgweir::pool
