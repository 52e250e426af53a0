#include "pool/connect/server_tls.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

namespace pgweir::pool {

namespace {

std::string openssl_reason() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* const text = code == 0 ? nullptr : ERR_reason_error_string(code);
    return text == nullptr ? "not usable" : text;
}

std::string cannot(std::string_view name, const std::string& path) {
    return std::string(name) + ": cannot use \"" + path + "\": " + openssl_reason();
}

// A file as libpq finds it: named, or in ~/.postgresql if it is there. Empty: none.
std::string file(const Keywords& keywords, std::string_view name, std::string_view usual) {
    const std::string_view named = keyword(keywords, name);
    if (!named.empty()) return std::string(named);
    std::array<char, 16384> room{};
    passwd entry{};
    passwd* found = nullptr;
    if (getpwuid_r(geteuid(), &entry, room.data(), room.size(), &found) != 0 || found == nullptr) {
        return {};
    }
    const std::string path = std::string(entry.pw_dir) + "/.postgresql/" + std::string(usual);
    std::error_code ignored;
    return std::filesystem::exists(path, ignored) ? path : std::string();
}

int tls_version_of(std::string_view name) {
    if (name == "TLSv1") return TLS1_VERSION;
    if (name == "TLSv1.1") return TLS1_1_VERSION;
    if (name == "TLSv1.3") return TLS1_3_VERSION;
    return TLS1_2_VERSION;  // libpq's default for the least
}

int give_password(char* room, int size, int /*writing*/, void* password) {
    const auto* text = static_cast<const std::string*>(password);
    if (text->size() >= static_cast<std::size_t>(size)) return 0;
    std::ranges::copy(*text, room);
    return static_cast<int>(text->size());
}

std::string load_own_certificate(SSL_CTX* context, const Keywords& keywords) {
    const std::string certificate = file(keywords, "sslcert", "postgresql.crt");
    if (certificate.empty()) return {};
    const std::string key = file(keywords, "sslkey", "postgresql.key");
    if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
        return cannot("sslcert", certificate);
    }
    std::string password(keyword(keywords, "sslpassword"));
    SSL_CTX_set_default_passwd_cb(context, give_password);
    SSL_CTX_set_default_passwd_cb_userdata(context, &password);
    const bool usable = SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1 ||
                        SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_ASN1) == 1;
    SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
    OPENSSL_cleanse(password.data(), password.size());
    if (!usable || SSL_CTX_check_private_key(context) != 1) return cannot("sslkey", key);
    return {};
}

std::string load_authorities(SSL_CTX* context, const Keywords& keywords) {
    const SslMode mode = ssl_mode(keywords);
    const std::string root = file(keywords, "sslrootcert", "root.crt");
    if (root.empty()) {
        if (mode < SslMode::verify_ca) return {};
        return "sslmode needs a root certificate: set sslrootcert";
    }
    // As in libpq, `require` with a root certificate there verifies, too.
    if (mode < SslMode::require) return {};
    if (SSL_CTX_load_verify_locations(context, root.c_str(), nullptr) != 1) {
        return cannot("sslrootcert", root);
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    const std::string revoked = file(keywords, "sslcrl", "root.crl");
    if (revoked.empty()) return {};
    X509_STORE* const store = SSL_CTX_get_cert_store(context);
    if (X509_STORE_load_locations(store, revoked.c_str(), nullptr) != 1) {
        return cannot("sslcrl", revoked);
    }
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    return {};
}

bool is_address(const std::string& host) {
    std::array<unsigned char, 16> ignored{};
    return inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
           inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

void name_server(SSL* session, const Keywords& keywords, const std::string& host) {
    const bool numeric = is_address(host);
    if (!numeric && !host.empty() && keyword(keywords, "sslsni") != "0") {
        // What the macro SSL_set_tlsext_host_name() does, without its C cast; it only copies.
        SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 const_cast<char*>(host.c_str()));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    }
    if (ssl_mode(keywords) != SslMode::verify_full) return;
    X509_VERIFY_PARAM* const rules = SSL_get0_param(session);
    if (numeric) {
        X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str());
    } else {
        X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        X509_VERIFY_PARAM_set1_host(rules, host.c_str(), host.size());
    }
}

}  // namespace

void FreeTlsContext::operator()(ssl_ctx_st* context) const {
    SSL_CTX_free(context);
}

void FreeTlsSession::operator()(ssl_st* session) const {
    SSL_free(session);
}

SslMode ssl_mode(const Keywords& keywords) {
    constexpr std::array<std::string_view, 6> names{"disable", "allow",     "prefer",
                                                    "require", "verify-ca", "verify-full"};
    const auto found = std::ranges::find(names, keyword(keywords, "sslmode"));
    return found == names.end() ? SslMode::prefer : static_cast<SslMode>(found - names.begin());
}

std::variant<TlsSessionPtr, std::string> make_tls_session(const Keywords& keywords,
                                                          const std::string& host) {
    ERR_clear_error();
    const TlsContextPtr context(SSL_CTX_new(TLS_client_method()));
    if (!context) return openssl_reason();
    SSL_CTX_set_min_proto_version(context.get(),
                                  tls_version_of(keyword(keywords, "ssl_min_protocol_version")));
    if (const auto newest = keyword(keywords, "ssl_max_protocol_version"); !newest.empty()) {
        SSL_CTX_set_max_proto_version(context.get(), tls_version_of(newest));
    }
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    for (const std::string& wrong : {load_authorities(context.get(), keywords),
                                     load_own_certificate(context.get(), keywords)}) {
        if (!wrong.empty()) return wrong;
    }
    TlsSessionPtr session(SSL_new(context.get()));
    if (!session) return openssl_reason();
    SSL_set_connect_state(session.get());
    name_server(session.get(), keywords, host);
    return session;
}

std::string tls_server_end_point(x509_st* certificate) {
    int digest = NID_undef;
    if (OBJ_find_sigid_algs(X509_get_signature_nid(certificate), &digest, nullptr) != 1 ||
        digest == NID_undef) {
        return {};
    }
    const EVP_MD* const algorithm =
        digest == NID_md5 || digest == NID_sha1 ? EVP_sha256() : EVP_get_digestbynid(digest);
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    unsigned size = 0;
    if (algorithm == nullptr || X509_digest(certificate, algorithm, hash.data(), &size) != 1) {
        return {};
    }
    return {reinterpret_cast<const char*>(hash.data()), size};
}

}  // namespace pgweir::pool
