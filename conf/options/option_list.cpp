// The options, one by one.
#include "conf/options/option_table.hpp"

#include <array>
#include <cstdint>

namespace pgweir::conf {
namespace {

constexpr std::uint64_t second = 1'000;
/// No timeout above a year: what is meant to be for ever is 0.
constexpr Range any_duration{0, 365ULL * 24 * 3'600 * second};
constexpr Range any_number_of_clients{0, 1'000'000};
/// PostgreSQL itself cannot have more (max_connections is at most 262143).
constexpr Range any_number_of_servers{0, 262'143};

constexpr std::array table{
    Option{.path = "listen",
           .member = &Config::listen,
           .default_text = "127.0.0.1:6432",
           .reload = Reload::needs_restart,
           .sentence = "Where clients connect to: TCP addresses, or folders for a Unix socket "
                       "(.s.PGSQL.<port>, the port of the first TCP address unless it is given)."},
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
           .sentence =
               "How a client proves who it is; trust: it need not; hba: as auth_hba_file says."},
    Option{.path = "auth.allow_trust_from_network",
           .member = &Config::allow_trust_from_network,
           .default_text = "false",
           .sentence = "Whether auth.type trust may be had with addresses in listen that others "
                       "than this machine reach: whoever does can be any user."},
    Option{.path = "auth.known_users_only",
           .member = &Config::known_users_only,
           .default_text = "false",
           .sentence = "Whether trust, cert and peer, too, let in only users that \"users\" or "
                       "auth_file has or auth_query finds, as PgBouncer does."},
    Option{.path = "auth.auth_file",
           .member = &Config::auth_file,
           .sentence =
               "Users and their secrets, in the format of PgBouncer's userlist.txt; empty: none."},
    Option{.path = "auth.auth_hba_file",
           .member = &Config::auth_hba_file,
           .sentence = "Rules in the format of pg_hba.conf, for auth.type hba."},
    Option{.path = "auth.auth_ident_file",
           .member = &Config::auth_ident_file,
           .sentence = "Maps from names of certificates and accounts to users, in the format of "
                       "pg_ident.conf; empty: none."},
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
    Option{.path = "tls.client_tls_ca_file",
           .member = &Config::client_tls_ca_file,
           .sentence = "The authorities (PEM) that sign certificates of clients; empty: clients "
                       "are not asked for one."},
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
           .sentence =
               "Cipher suites of TLS 1.3, with colons between them; empty: OpenSSL's own choice."},
    Option{
        .path = "tls.client_tls_session_tickets",
        .member = &Config::client_tls_session_tickets,
        .default_text = "true",
        .sentence = "Whether a client may resume a TLS session, which saves most of a handshake."},

    Option{.path = "pool.mode",
           .member = &PoolOptions::pool_mode,
           .per_database = true,
           .user_member = &User::pool_mode,
           .entry_name = "pool_mode",
           .default_text = "transaction",
           .sentence = "When a server goes back to its pool: after the client leaves (session), "
                       "after each transaction, or after each statement."},
    Option{.path = "pool.default_pool_size",
           .member = &PoolOptions::default_pool_size,
           .per_database = true,
           .user_member = &User::pool_size,
           .entry_name = "pool_size",
           .default_text = "20",
           .range = any_number_of_servers,
           .sentence = "Server connections per pool, that is per database and user; 0: no limit. "
                       "Replication connections come on top."},
    Option{.path = "pool.min_pool_size",
           .member = &PoolOptions::min_pool_size,
           .per_database = true,
           .default_text = "0",
           .range = any_number_of_servers,
           .sentence = "Server connections that a pool keeps open without work; a user's pool_size "
                       "is the most."},
    Option{.path = "pool.max_db_connections",
           .member = &PoolOptions::max_db_connections,
           .per_database = true,
           .default_text = "0",
           .range = any_number_of_servers,
           .sentence = "Server connections per database over all its pools, replication included; "
                       "0: no limit."},
    Option{.path = "pool.max_user_connections",
           .member = &PoolOptions::max_user_connections,
           .user_member = &User::max_user_connections,
           .default_text = "0",
           .range = any_number_of_servers,
           .sentence = "Server connections per user over all its pools, replication included; "
                       "0: no limit."},
    Option{.path = "pool.server_reset_query",
           .member = &PoolOptions::server_reset_query,
           .per_database = true,
           .default_text = "DISCARD ALL",
           .sentence = "What a server runs after its client in session mode has left; empty: "
                       "nothing."},

    Option{.path = "pool.session_state",
           .member = &PoolOptions::session_state,
           .per_database = true,
           .user_member = &User::session_state,
           .default_text = "track",
           .sentence =
               "What becomes of session state between transactions: it follows the client or "
               "the client keeps its server (track), what would keep a server is refused "
               "(strict), or it is lost as with PgBouncer (off)."},
    Option{.path = "pool.max_prepared_statements",
           .member = &PoolOptions::max_prepared_statements,
           .per_database = true,
           .default_text = "200",
           .range = {0, 100'000},
           .sentence = "Prepared statements that pgweir keeps on one server for its clients, the "
                       "least recently used out; 0: a client that prepares keeps its server."},
    Option{.path = "pool.sticky_functions",
           .member = &PoolOptions::sticky_functions,
           .per_database = true,
           .sentence = "Functions in C, with commas between them, that leave something in the "
                       "session that PostgreSQL does not show: who calls one keeps its server. "
                       "Those of well-known extensions are known."},
    Option{.path = "pool.login_defaults_interval",
           .member = &PoolOptions::login_defaults_interval,
           .per_database = true,
           .default_text = "5s",
           .range = any_duration,
           .sentence = "How often an idle server of a pool with clients is asked whether ALTER "
                       "ROLE, ALTER DATABASE, a reload or a promotion has changed what sessions "
                       "begin with; 0: never, and no session keeps its defaults."},
    Option{.path = "pool.verify_session_state",
           .member = &PoolOptions::verify_session_state,
           .per_database = true,
           .default_text = "false",
           .sentence = "Whether a server is asked for its session state at every release, to find "
                       "what was missed; costs a round trip for each transaction."},
    Option{.path = "pool.ignore_startup_parameters",
           .member = &Config::ignore_startup_parameters,
           .sentence =
               "Settings in a client's start-up packet, with commas between them, that are "
               "passed over as if it had not sent them; \"options\": all in its options. Not "
               "application_name, client_encoding, DateStyle, IntervalStyle, "
               "standard_conforming_strings and TimeZone, which each client has."},

    Option{.path = "limits.max_client_conn",
           .member = &Config::max_client_conn,
           .default_text = "100",
           .range = {1, any_number_of_clients.max},
           .sentence = "Clients in all."},
    Option{.path = "limits.longest_statement",
           .member = &Config::longest_statement,
           .default_text = "1MB",
           .range = {16U << 10U, 64U << 20U},
           .sentence =
               "The longest text of a statement that is held back until it is whole and can "
               "be looked at; a longer one is treated as one that may do anything, and "
               "what it prepares is not carried to other servers."},
    Option{.path = "limits.max_login_conn",
           .member = &Config::max_login_conn,
           .default_text = "auto",
           .range = {1, any_number_of_clients.max},
           .zero_name = "auto",
           .sentence = "Clients that have not logged in yet; beyond it the oldest of the address "
                       "that has most of them makes room. auto: twice max_client_conn, 100 at "
                       "least, half of the descriptors at most."},
    Option{.path = "limits.max_login_conn_per_address",
           .member = &Config::max_login_conn_per_address,
           .default_text = "0",
           .range = any_number_of_clients,
           .sentence = "The same for one address, for one network of 64 bits of IPv6, and for one "
                       "account by a Unix socket; 0: no limit of its own."},
    Option{.path = "limits.max_db_client_connections",
           .member = &PoolOptions::max_db_client_connections,
           .per_database = true,
           .default_text = "0",
           .range = any_number_of_clients,
           .sentence = "Clients per database; 0: no limit."},
    Option{.path = "limits.max_user_client_connections",
           .member = &PoolOptions::max_user_client_connections,
           .user_member = &User::max_user_client_connections,
           .default_text = "0",
           .range = any_number_of_clients,
           .sentence = "Clients per user; 0: no limit."},

    Option{.path = "timeouts.client_login_timeout",
           .member = &Config::client_login_timeout,
           .default_text = "60s",
           .range = any_duration,
           .sentence = "How long a client may take to log in; 0: no limit."},
    Option{.path = "timeouts.client_idle_timeout",
           .member = &PoolOptions::client_idle_timeout,
           .per_database = true,
           .user_member = &User::client_idle_timeout,
           .default_text = "0",
           .range = any_duration,
           .sentence = "How long a client may stay without a query; 0: no limit."},
    Option{.path = "timeouts.query_timeout",
           .member = &PoolOptions::query_timeout,
           .per_database = true,
           .user_member = &User::query_timeout,
           .default_text = "0",
           .range = any_duration,
           .sentence = "How long a query may run before it is cancelled, but for replication; "
                       "if the cancel does not end it within a second the client is cut off; "
                       "0: no limit."},
    Option{.path = "timeouts.idle_transaction_timeout",
           .member = &PoolOptions::idle_transaction_timeout,
           .per_database = true,
           .user_member = &User::idle_transaction_timeout,
           .default_text = "0",
           .range = any_duration,
           .sentence = "How long a client may do nothing inside a transaction; 0: no limit."},
    Option{.path = "timeouts.transaction_timeout",
           .member = &PoolOptions::transaction_timeout,
           .per_database = true,
           .user_member = &User::transaction_timeout,
           .default_text = "0",
           .range = any_duration,
           .sentence = "How long a transaction may last, but for replication; 0: no limit."},
    Option{.path = "timeouts.query_wait_timeout",
           .member = &PoolOptions::query_wait_timeout,
           .per_database = true,
           .user_member = &User::query_wait_timeout,
           .default_text = "120s",
           .range = any_duration,
           .sentence = "How long a client waits for a server; 0: no limit."},
    Option{.path = "timeouts.query_wait_notify",
           .member = &Config::query_wait_notify,
           .default_text = "0",
           .range = any_duration,
           .sentence = "After how long a client that waits for a server is told so by a NOTICE; 0: "
                       "it is not told."},
    Option{.path = "timeouts.server_connect_timeout",
           .member = &PoolOptions::server_connect_timeout,
           .per_database = true,
           .default_text = "15s",
           .range = any_duration,
           .sentence = "How long connecting and logging in to a server may take; 0: no limit."},
    Option{.path = "timeouts.server_login_retry",
           .member = &PoolOptions::server_login_retry,
           .per_database = true,
           .default_text = "15s",
           .range = any_duration,
           .sentence = "How long to wait after a failed login to a server before the next."},
    Option{.path = "timeouts.server_idle_timeout",
           .member = &PoolOptions::server_idle_timeout,
           .per_database = true,
           .default_text = "600s",
           .range = any_duration,
           .sentence = "How long a server connection stays open without work; 0: no limit."},
    Option{.path = "timeouts.server_lifetime",
           .member = &PoolOptions::server_lifetime,
           .per_database = true,
           .default_text = "3600s",
           .range = any_duration,
           .sentence = "How old a server connection may be before it is closed at its next "
                       "release; 0: no limit."},
    Option{.path = "timeouts.cancel_wait_timeout",
           .member = &PoolOptions::cancel_wait_timeout,
           .per_database = true,
           .default_text = "10s",
           .range = any_duration,
           .sentence = "How long a cancel request may take to reach its server; 0: no limit."},
    Option{.path = "timeouts.shutdown_timeout",
           .member = &Config::shutdown_timeout,
           .default_text = "30s",
           .range = any_duration,
           .sentence = "How long SIGTERM waits for clients to leave, and SIGINT for work to end; "
                       "0: no limit, as when run from a pgbouncer.ini."},

    Option{.path = "console.admin_users",
           .member = &Config::admin_users,
           .sentence = "Users, with commas between them, who may do all in the console: the "
                       "database \"pgweir\" or \"pgbouncer\"."},
    Option{.path = "console.stats_users",
           .member = &Config::stats_users,
           .sentence = "Users, with commas between them, who may look at what the console shows."},
    Option{.path = "console.stats_period",
           .member = &Config::stats_period,
           .default_text = "60s",
           .range = {second, 24ULL * 3'600 * second},
           .sentence = "Over how long the averages of SHOW STATS are taken."},

    Option{.path = "http",
           .member = &Config::http,
           .default_text = "off",
           .zero_name = "off",
           .reload = Reload::needs_restart,
           .sentence = "The TCP address of /metrics, /healthz and /readyz."},
    Option{.path = "log.level",
           .member = &Config::log_level,
           .default_text = "info",
           .sentence = "The least important messages that are logged."},
    Option{.path = "log.log_connections",
           .member = &Config::log_connections,
           .default_text = "true",
           .sentence = "Whether each login of a client is logged."},
    Option{.path = "log.log_disconnections",
           .member = &Config::log_disconnections,
           .default_text = "true",
           .sentence = "Whether each end of a client is logged, with the reason."},
};

}  // namespace

std::span<const Option> options() {
    return table;
}

}  // namespace pgweir::conf
