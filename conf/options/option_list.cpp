// The options, one by one: those of who may come in. The others are in option_rows_*.cpp.
#include <array>
#include <cstdint>
#include <vector>

#include "conf/options/option_rows.hpp"

namespace pgweir::conf::rows {
namespace {

constexpr std::array access_rows{
    Option{.path = "listen",
           .member = &Config::listen,
           .default_text = "127.0.0.1:6432",
           .reload = Reload::needs_restart,
           .sentence = "Where clients connect to: TCP addresses, or folders for a Unix socket "
                       "(.s.PGSQL.<port>, the port of the first TCP address unless it is given)."},
    Option{.path = "so_reuseport",
           .member = &Config::so_reuseport,
           .default_text = "false",
           .reload = Reload::needs_restart,
           .sentence =
               "Whether other processes may listen at the same TCP addresses, if they allow "
               "it too: a new pgweir can take clients in before the old one lets go."},
    Option{.path = "workers",
           .member = &Config::workers,
           .default_text = "auto",
           .range = {1, 256},
           .zero_name = "auto",
           .reload = Reload::needs_restart,
           .sentence = "Threads that carry clients; auto: one per core."},
    Option{.path = "auth.type",
           .member = &Config::auth_type,
           .default_text = "scram-sha-256",
           .sentence = "How a client proves who it is; trust: not at all; hba: by auth_hba_file."},
    Option{.path = "auth.allow_trust_from_network",
           .member = &Config::allow_trust_from_network,
           .default_text = "false",
           .sentence = "Whether auth.type trust may be had with addresses in listen that others "
                       "than this machine reach: whoever does can be any user."},
    Option{.path = "auth.known_users_only",
           .member = &Config::known_users_only,
           .default_text = "false",
           .sentence = "Whether trust, cert and peer, too, let in only users that auth_file "
                       "has, \"users\" has with a password, or auth_query finds, as PgBouncer "
                       "does."},
    Option{.path = "auth.auth_file",
           .member = &Config::auth_file,
           .sentence = "Users and secrets in the format of PgBouncer's userlist.txt; empty: none."},
    Option{.path = "auth.auth_hba_file",
           .member = &Config::auth_hba_file,
           .sentence = "Rules in the format of pg_hba.conf, for auth.type hba."},
    Option{.path = "auth.auth_ident_file",
           .member = &Config::auth_ident_file,
           .sentence = "Maps from names of certificates and accounts to users, in the format of "
                       "pg_ident.conf; empty: none."},
    Option{.path = "auth.auth_ldap_options",
           .member = &Config::auth_ldap_options,
           .secret = true,
           .sentence = "What auth.type ldap asks: ldapserver=x and so on, as in pg_hba.conf."},
    Option{.path = "auth.auth_pam_service",
           .member = &Config::auth_pam_service,
           .default_text = "pgbouncer",
           .sentence = "The service of PAM that auth.type pam asks."},
    Option{.path = "auth.auth_pam_confdir",
           .member = &Config::auth_pam_confdir,
           .sentence = "The folder of PAM's services; empty: the system's."},
    Option{.path = "auth.auth_check_timeout",
           .member = &Config::auth_check_timeout,
           .default_text = "30s",
           .range = any_duration,
           .sentence = "How long LDAP or PAM may take; 0: no limit but client_login_timeout."},
    Option{.path = "auth.auth_user",
           .member = &PoolOptions::auth_user,
           .per_database = true,
           .sentence = "Who runs auth_query for users whose secret is in no file; empty: nobody."},
    Option{.path = "auth.auth_dbname",
           .member = &PoolOptions::auth_dbname,
           .per_database = true,
           .sentence = "The entry of databases where auth_query runs; empty: that of the client."},
    Option{.path = "auth.auth_query",
           .member = &PoolOptions::auth_query,
           .per_database = true,
           .default_text = default_auth_query,
           .sentence = "Finds the secret of user $1: returns his name and the secret, or no row."},
    Option{.path = "auth.auth_query_cache_time",
           .member = &Config::auth_query_cache_time,
           .default_text = "0",
           .range = any_duration,
           .sentence = "How long an answer of auth_query is used again, and an old password with "
                       "it; 0: each login asks."},
    Option{.path = "auth.auth_query_timeout",
           .member = &Config::auth_query_timeout,
           .default_text = "5s",
           .range = any_duration,
           .sentence = "How long auth_query may take; 0: no limit."},
    Option{.path = "auth.auth_failure_limit",
           .member = &Config::auth_failure_limit,
           .default_text = "10",
           .range = {0, 1'000'000},
           .sentence = "Failed logins in a row of one user from one address before they are "
                       "refused for a while; 0: no limit."},
    Option{.path = "auth.auth_failure_delay",
           .member = &Config::auth_failure_delay,
           .default_text = "100ms",
           .range = {0, 5 * second},
           .sentence = "How long the answer to a failed login is held back, twice as long each "
                       "time up to 5s; 0: not at all."},
    Option{.path = "auth.auth_failure_block",
           .member = &Config::auth_failure_block,
           .default_text = "60s",
           .range = any_duration,
           .sentence = "How long logins are refused after auth_failure_limit."},

    Option{.path = "tls.client_tls_sslmode",
           .member = &Config::client_tls_sslmode,
           .default_text = "disable",
           .sentence = "Whether clients speak TLS: if they ask for it (allow, prefer), always "
                       "(require), or with a certificate of their own (verify-ca, verify-full)."},
    Option{.path = "tls.client_tls_key_file",
           .member = &Config::client_tls_key_file,
           .sentence = "The private key (PEM) that belongs to client_tls_cert_file."},
    Option{.path = "tls.client_tls_cert_file",
           .member = &Config::client_tls_cert_file,
           .sentence = "The certificate (PEM) that clients are shown, with its chain."},
    Option{
        .path = "tls.client_tls_ca_file",
        .member = &Config::client_tls_ca_file,
        .sentence = "The authorities (PEM) for certificates of clients; empty: none is asked for."},
    Option{.path = "tls.client_tls_crl_file",
           .member = &Config::client_tls_crl_file,
           .sentence = "Certificates of clients that are revoked (PEM); empty: none."},
    Option{.path = "tls.client_tls_protocols",
           .member = &Config::client_tls_protocols,
           .default_text = "secure",
           .sentence = "Versions of TLS: secure (1.2 and newer), all (the same), or a list of "
                       "tlsv1.2 and tlsv1.3."},
    Option{.path = "tls.client_tls_ciphers",
           .member = &Config::client_tls_ciphers,
           .default_text = "default",
           .sentence = "Ciphers of TLS 1.2, as a cipher list of OpenSSL; default: OpenSSL's own "
                       "choice, of the strong ones."},
    Option{.path = "tls.client_tls13_ciphers",
           .member = &Config::client_tls13_ciphers,
           .sentence = "Suites of TLS 1.3, with colons between them; empty: OpenSSL's own choice."},
    Option{
        .path = "tls.client_tls_session_tickets",
        .member = &Config::client_tls_session_tickets,
        .default_text = "true",
        .sentence = "Whether a client may resume a TLS session, which saves most of a handshake."},
};

}  // namespace

std::span<const Option> of_access() {
    return access_rows;
}

}  // namespace pgweir::conf::rows

namespace pgweir::conf {

std::span<const Option> options() {
    static const std::vector<Option> all = [] {
        std::vector<Option> rows;
        for (const auto part : {rows::of_access(), rows::of_pools(), rows::of_operation()}) {
            rows.insert(rows.end(), part.begin(), part.end());
        }
        return rows;
    }();
    return all;
}

}  // namespace pgweir::conf
