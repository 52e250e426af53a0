#include "daemon/tls/client_tls.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "pool/connect/server_tls.hpp"

namespace pgweir::daemon {

namespace {

constexpr std::string_view session_context = "pgweir";
// RFC 7301's form: the name with its length before it.
constexpr std::array<unsigned char, 11> alpn_postgresql{10,  'p', 'o', 's', 't', 'g',
                                                        'r', 'e', 's', 'q', 'l'};

// OpenSSL's oldest complaint, which is the one that names the cause.
std::string openssl_reason() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "not usable" : reason;
}

std::string cannot(std::string_view option, const std::string& path, std::string_view reason) {
    return std::string(option) + ": cannot use \"" + path + "\": " + std::string(reason);
}

int select_alpn(SSL* /*session*/, const unsigned char** out, unsigned char* out_size,
                const unsigned char* offered, unsigned offered_size, void* /*argument*/) {
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_size, alpn_postgresql.data(), alpn_postgresql.size(),
                              offered, offered_size) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

// PgBouncer's words: `secure`, `all`, or a list. What is older than TLS 1.2 is not offered.
std::string set_protocols(SSL_CTX* context, std::string_view text) {
    if (text == "secure" || text == "all" || text.empty()) {
        SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
        return {};
    }
    bool has_12 = false;
    bool has_13 = false;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(", :"), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (word == "tlsv1.2") {
            has_12 = true;
        } else if (word == "tlsv1.3") {
            has_13 = true;
        } else if (!word.empty()) {
            return "client_tls_protocols: \"" + std::string(word) +
                   "\" is not secure, all, tlsv1.2 or tlsv1.3";
        }
    }
    SSL_CTX_set_min_proto_version(context, has_12 ? TLS1_2_VERSION : TLS1_3_VERSION);
    SSL_CTX_set_max_proto_version(context, has_13 ? 0 : TLS1_2_VERSION);
    return {};
}

// PostgreSQL does not take a key either that anybody can read.
std::string check_key_file(const std::string& path) {
    struct stat file {};
    if (::stat(path.c_str(), &file) != 0)
        return std::error_code(errno, std::system_category()).message();
    if ((file.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0) {
        return "others may read or change it; chmod 0600 (or 0640 for a group of root's)";
    }
    return {};
}

std::string set_key_and_certificate(SSL_CTX* context, const conf::Config& config) {
    const std::string& key = config.client_tls_key_file;
    const std::string& certificate = config.client_tls_cert_file;
    if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
        return cannot("client_tls_cert_file", certificate, openssl_reason());
    }
    if (const std::string wrong = check_key_file(key); !wrong.empty()) {
        return cannot("client_tls_key_file", key, wrong);
    }
    if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        return cannot("client_tls_key_file", key, openssl_reason());
    }
    return {};
}

std::string set_authorities(SSL_CTX* context, const conf::Config& config) {
    const std::string& authorities = config.client_tls_ca_file;
    if (authorities.empty()) return {};
    STACK_OF(X509_NAME)* names = nullptr;
    if (SSL_CTX_load_verify_locations(context, authorities.c_str(), nullptr) != 1 ||
        (names = SSL_load_client_CA_file(authorities.c_str())) == nullptr) {
        return cannot("client_tls_ca_file", authorities, openssl_reason());
    }
    SSL_CTX_set_client_CA_list(context, names);
    const bool required = config.client_tls_sslmode == conf::TlsMode::verify_ca ||
                          config.client_tls_sslmode == conf::TlsMode::verify_full;
    SSL_CTX_set_verify(
        context,
        SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
        nullptr);
    const std::string& revoked = config.client_tls_crl_file;
    if (revoked.empty()) return {};
    X509_STORE* const store = SSL_CTX_get_cert_store(context);
    if (X509_STORE_load_locations(store, revoked.c_str(), nullptr) != 1) {
        return cannot("client_tls_crl_file", revoked, openssl_reason());
    }
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    return {};
}

std::string set_ciphers(SSL_CTX* context, const conf::Config& config) {
    const std::string& ciphers = config.client_tls_ciphers;
    const bool usual = ciphers.empty() || ciphers == "default";
    if (SSL_CTX_set_cipher_list(context, usual ? "HIGH:!aNULL" : ciphers.c_str()) != 1) {
        return "client_tls_ciphers: OpenSSL knows no cipher of \"" + ciphers + '"';
    }
    const std::string& suites = config.client_tls13_ciphers;
    if (!suites.empty() && SSL_CTX_set_ciphersuites(context, suites.c_str()) != 1) {
        return "client_tls13_ciphers: OpenSSL does not know all of \"" + suites + '"';
    }
    return {};
}

std::chrono::system_clock::time_point expiry_of(X509* certificate) {
    std::tm time{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) return {};
    return std::chrono::system_clock::from_time_t(::timegm(&time));
}

struct FreeX509 {
    void operator()(X509* certificate) const { X509_free(certificate); }
};

}  // namespace

void FreeSsl::operator()(ssl_st* session) const {
    SSL_free(session);
}

void ClientTls::FreeContext::operator()(ssl_ctx_st* context) const {
    SSL_CTX_free(context);
}

std::variant<std::shared_ptr<const ClientTls>, std::string> ClientTls::load(
    const conf::Config& config) {
    if (config.client_tls_sslmode == conf::TlsMode::disable) {
        return std::shared_ptr<const ClientTls>();
    }
    ERR_clear_error();
    const std::shared_ptr<ClientTls> tls(new ClientTls);
    tls->context_.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX* const context = tls->context_.get();
    if (context == nullptr) return openssl_reason();
    for (const std::string& wrong :
         {set_key_and_certificate(context, config), set_authorities(context, config),
          set_protocols(context, config.client_tls_protocols), set_ciphers(context, config)}) {
        if (!wrong.empty()) return wrong;
    }
    SSL_CTX_set_options(
        context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    // An idle client's buffers go back to the heap; a write that has to be repeated may come from
    // another address.
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_id_context(context,
                                   reinterpret_cast<const unsigned char*>(session_context.data()),
                                   session_context.size());
    // Sessions are resumed by tickets, which the client keeps, not by a cache of ours.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (!config.client_tls_session_tickets) {
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(context, 0);
    }
    SSL_CTX_set_alpn_select_cb(context, select_alpn, nullptr);
    X509* const certificate = SSL_CTX_get0_certificate(context);
    tls->end_point_hash_ = pool::tls_server_end_point(certificate);
    tls->expires_at_ = expiry_of(certificate);
    return std::shared_ptr<const ClientTls>(tls);
}

SslPtr ClientTls::new_session() const {
    SslPtr session(SSL_new(context_.get()));
    if (session) SSL_set_accept_state(session.get());
    return session;
}

std::optional<std::string> ClientTlsStore::load(const conf::Config& config) {
    // First what the files are, then what they hold: a change in between is seen the next time.
    std::vector<Stamp> seen = stamps(config);
    auto loaded = ClientTls::load(config);
    const std::lock_guard lock(mutex_);
    stamps_ = std::move(seen);
    if (auto* problem = std::get_if<std::string>(&loaded)) return std::move(*problem);
    current_ = std::get<std::shared_ptr<const ClientTls>>(std::move(loaded));
    return std::nullopt;
}

std::optional<std::string> ClientTlsStore::refresh(const conf::Config& config, bool& loaded) {
    loaded = false;
    if (config.client_tls_sslmode == conf::TlsMode::disable) return std::nullopt;
    {
        const std::vector<Stamp> seen = stamps(config);
        const std::lock_guard lock(mutex_);
        if (seen == stamps_) return std::nullopt;
    }
    loaded = true;
    return load(config);
}

std::shared_ptr<const ClientTls> ClientTlsStore::current() const {
    const std::lock_guard lock(mutex_);
    return current_;
}

std::vector<ClientTlsStore::Stamp> ClientTlsStore::stamps(const conf::Config& config) {
    std::vector<Stamp> stamps;
    for (const std::string* path : {&config.client_tls_key_file, &config.client_tls_cert_file,
                                    &config.client_tls_ca_file, &config.client_tls_crl_file}) {
        struct stat file {};
        if (path->empty() || ::stat(path->c_str(), &file) != 0) file = {};
        stamps.push_back({.inode = file.st_ino,
                          .size = file.st_size,
                          .seconds = file.st_mtim.tv_sec,
                          .nanoseconds = file.st_mtim.tv_nsec});
    }
    return stamps;
}

PeerCertificate peer_certificate(ssl_st& session) {
    const std::unique_ptr<X509, FreeX509> certificate(SSL_get1_peer_certificate(&session));
    if (!certificate) return {};
    PeerCertificate peer{.verified = SSL_get_verify_result(&session) == X509_V_OK};
    X509_NAME* const subject = X509_get_subject_name(certificate.get());
    const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (index >= 0) {
        unsigned char* text = nullptr;
        const int size = ASN1_STRING_to_UTF8(
            &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
        if (size > 0) {
            peer.common_name.assign(reinterpret_cast<const char*>(text),
                                    static_cast<std::size_t>(size));
        }
        OPENSSL_free(text);
        if (peer.common_name.find('\0') != std::string::npos) peer.common_name.clear();
    }
    BIO* const memory = BIO_new(BIO_s_mem());
    if (memory != nullptr && X509_NAME_print_ex(memory, subject, 0, XN_FLAG_RFC2253) >= 0) {
        char* text = nullptr;
        const long size = BIO_get_mem_data(memory, &text);
        peer.distinguished_name.assign(text, static_cast<std::size_t>(size));
    }
    BIO_free(memory);
    return peer;
}

std::string tls_version(ssl_st& session) {
    return SSL_get_version(&session);
}

std::string requested_host(ssl_st& session) {
    const char* const name = SSL_get_servername(&session, TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
}

bool asked_for_postgresql(ssl_st& session) {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(&session, &name, &size);
    return size != 0;
}

}  // namespace pgweir::daemon
