#include "conf/pgbouncer/setting_table.hpp"

#include <algorithm>
#include <array>

namespace pgweir::conf::pgbouncer {
namespace {

using Text = std::string_view;

/// What pgweir has, perhaps under another name.
constexpr Setting taken(Text name, Kind kind, Text target) {
    return {.name = name, .kind = kind, .target = target};
}
/// What pgweir has, and what does not mean the same.
constexpr Setting differs(Text name, Kind kind, Text target, Text why,
                          std::optional<Text> idle = std::nullopt) {
    return {.name = name,
            .kind = kind,
            .target = target,
            .verdict = Verdict::differs,
            .idle = idle,
            .why = why};
}
/// What nobody misses.
constexpr Setting needless(Text name, Kind kind, Text why) {
    return {.name = name, .kind = kind, .verdict = Verdict::not_needed, .why = why};
}
/// What pgweir does not have.
constexpr Setting missing(Text name, Kind kind, Text idle, Text why) {
    return {
        .name = name, .kind = kind, .verdict = Verdict::not_supported, .idle = idle, .why = why};
}

constexpr Text socket_mode =
    "everybody may connect to pgweir's socket: give it a folder that only some may enter";
constexpr Text no_peers =
    "one pgweir uses every core, so that several on one port are not needed; several behind a "
    "load balancer do not pass cancel requests on to each other";
constexpr Text kept_by_pool =
    "a pool that nobody uses is forgotten after 10 minutes, and its metrics with it";
constexpr Text names_looked_up = "a name is looked up for each connection; nothing is kept";
constexpr Text openssl_chooses = "OpenSSL's own choice is used";
constexpr Text buffers_are_lent = "buffers are lent to who has bytes under way";
constexpr Text on_servers_only =
    "it is set on connections to servers; those to clients have the system's value";
constexpr Text ciphers_of_servers =
    "libpq has no such keyword: set it for the machine, in openssl.cnf";

using K = Kind;

constexpr std::array global_settings{
    taken("logfile", K::text, "log.logfile"),
    taken("pidfile", K::text, "pidfile"),
    taken("listen_addr", K::listen_addr, "listen"),
    taken("listen_port", K::listen_port, "listen"),
    needless("listen_backlog", K::number, "it is the most that the kernel allows"),
    taken("unix_socket_dir", K::unix_socket_dir, "listen"),
    missing("unix_socket_mode", K::number, "0777", socket_mode),
    missing("unix_socket_group", K::text, "", socket_mode),
    missing("user", K::text, "", "pgweir does not change its user: start it as that one"),
    taken("pool_mode", K::word, "pool.mode"),
    taken("max_client_conn", K::number, "limits.max_client_conn"),
    taken("default_pool_size", K::number, "pool.default_pool_size"),
    taken("min_pool_size", K::number, "pool.min_pool_size"),
    taken("reserve_pool_size", K::number, "pool.reserve_pool_size"),
    taken("reserve_pool_timeout", K::seconds, "pool.reserve_pool_timeout"),
    taken("max_db_connections", K::number, "pool.max_db_connections"),
    taken("max_db_client_connections", K::number, "limits.max_db_client_connections"),
    taken("max_user_connections", K::number, "pool.max_user_connections"),
    taken("max_user_client_connections", K::number, "limits.max_user_client_connections"),
    taken("server_round_robin", K::flag, "pool.server_round_robin"),
    needless("track_extra_parameters", K::text,
             "every parameter that a server reports follows its client"),
    taken("ignore_startup_parameters", K::text, "pool.ignore_startup_parameters"),
    missing("peer_id", K::number, "0", no_peers),
    missing("disable_pqexec", K::flag, "0",
            "several statements in one simple query are passed on: mind it where that was to stop "
            "SQL injection"),
    missing("application_name_add_host", K::flag, "0",
            "the client's address is in pgweir's log, not in its application_name"),
    needless("conffile", K::text, "the file is named on the command line"),
    needless("service_name", K::text, "it is for services of Windows"),
    needless("job_name", K::text, "it is for services of Windows"),
    taken("stats_period", K::seconds, "console.stats_period"),
    taken("max_prepared_statements", K::number, "pool.max_prepared_statements"),
    missing("scram_iterations", K::number, "4096", "PostgreSQL's number, 4096, is used"),
    needless("pool_idle_timeout", K::seconds, kept_by_pool),
    missing("login_notify_message", K::text, "", "clients are not greeted"),
    taken("query_wait_notify", K::seconds, "timeouts.query_wait_notify"),

    taken("auth_type", K::auth_type, "auth.type"),
    taken("auth_file", K::text, "auth.auth_file"),
    taken("auth_hba_file", K::hba_file, "auth.auth_hba_file"),
    taken("auth_ident_file", K::hba_file, "auth.auth_ident_file"),
    taken("auth_ldap_options", K::secret, "auth.auth_ldap_options"),
    taken("auth_pam_confdir", K::text, "auth.auth_pam_confdir"),
    taken("auth_user", K::text, "auth.auth_user"),
    taken("auth_query", K::text, "auth.auth_query"),
    taken("auth_dbname", K::text, "auth.auth_dbname"),

    taken("syslog", K::flag, "log.syslog"),
    taken("syslog_ident", K::text, "log.syslog_ident"),
    taken("syslog_facility", K::text, "log.syslog_facility"),
    // pgweir's own, for who wants its own lines.
    taken("log_format", K::word, "log.format"),
    taken("log_connections", K::flag, "log.log_connections"),
    taken("log_disconnections", K::flag, "log.log_disconnections"),
    missing("log_pooler_errors", K::flag, "1",
            "errors are logged with the end of their client: see log.log_disconnections"),
    missing("log_stats", K::flag, "0", "statistics are at /metrics (option http), not in the log"),
    taken("verbose", K::verbosity, "log.level"),

    taken("admin_users", K::text, "console.admin_users"),
    taken("stats_users", K::text, "console.stats_users"),

    taken("server_reset_query", K::text, "pool.server_reset_query"),
    missing("server_reset_query_always", K::flag, "0",
            "after a transaction there is nothing to reset: what a client has set follows it"),
    taken("server_check_delay", K::seconds, "pool.server_check_delay"),
    taken("server_check_query", K::text, "pool.server_check_query"),
    taken("server_fast_close", K::flag, "pool.server_fast_close"),
    taken("server_lifetime", K::lifetime, "timeouts.server_lifetime"),
    taken("server_idle_timeout", K::seconds, "timeouts.server_idle_timeout"),
    taken("server_connect_timeout", K::seconds, "timeouts.server_connect_timeout"),
    differs("server_login_retry", K::seconds, "timeouts.server_login_retry",
            "pgweir tries again sooner, and clients of an unreachable server wait 5s at most"),
    taken("client_login_timeout", K::seconds, "timeouts.client_login_timeout"),
    needless("autodb_idle_timeout", K::seconds, kept_by_pool),
    needless("suspend_timeout", K::seconds, "nothing is suspended"),
    needless("dns_max_ttl", K::seconds, names_looked_up),
    needless("dns_nxdomain_ttl", K::seconds, names_looked_up),
    needless("dns_zone_check_period", K::seconds, names_looked_up),
    missing("resolv_conf", K::text, "", "the system's resolver is asked, as it is set up"),

    taken("client_tls_sslmode", K::word, "tls.client_tls_sslmode"),
    taken("client_tls_key_file", K::text, "tls.client_tls_key_file"),
    taken("client_tls_cert_file", K::text, "tls.client_tls_cert_file"),
    taken("client_tls_ca_file", K::text, "tls.client_tls_ca_file"),
    taken("client_tls_protocols", K::tls_versions, "tls.client_tls_protocols"),
    taken("client_tls_ciphers", K::ciphers, "tls.client_tls_ciphers"),
    taken("client_tls13_ciphers", K::text, "tls.client_tls13_ciphers"),
    missing("client_tls_ecdhcurve", K::text, "auto", openssl_chooses),
    missing("client_tls_dheparams", K::text, "auto", openssl_chooses),
    taken("server_tls_sslmode", K::word, "databases.*.sslmode"),
    taken("server_tls_ca_file", K::text, "databases.*.sslrootcert"),
    taken("server_tls_key_file", K::text, "databases.*.sslkey"),
    taken("server_tls_cert_file", K::text, "databases.*.sslcert"),
    taken("server_tls_protocols", K::server_tls_versions, "databases.*.ssl_min_protocol_version"),
    missing("server_tls_ciphers", K::ciphers, "default", ciphers_of_servers),
    missing("server_tls13_ciphers", K::text, "", ciphers_of_servers),

    differs("query_timeout", K::seconds, "timeouts.query_timeout",
            "the query is cancelled, and its client stays; PgBouncer cuts both off", "0"),
    taken("query_wait_timeout", K::seconds, "timeouts.query_wait_timeout"),
    taken("cancel_wait_timeout", K::seconds, "timeouts.cancel_wait_timeout"),
    taken("client_idle_timeout", K::seconds, "timeouts.client_idle_timeout"),
    taken("idle_transaction_timeout", K::seconds, "timeouts.idle_transaction_timeout"),
    taken("transaction_timeout", K::seconds, "timeouts.transaction_timeout"),
    // pgweir's own: PgBouncer has no such setting, and no such limit.
    taken("shutdown_timeout", K::seconds, "timeouts.shutdown_timeout"),

    needless("pkt_buf", K::number, buffers_are_lent),
    missing("max_packet_size", K::number, "2147483647",
            "a message may be as long as the protocol allows"),
    needless("sbuf_loopcnt", K::number, "no connection holds up the others for long"),
    taken("so_reuseport", K::flag, "so_reuseport"),
    needless("tcp_defer_accept", K::flag, "a client that says nothing costs a socket and no more"),
    missing("tcp_socket_buffer", K::number, "0", "the kernel sizes its buffers by itself"),
    differs("tcp_keepalive", K::zero_or_one, "databases.*.keepalives", on_servers_only, "1"),
    differs("tcp_keepcnt", K::number, "databases.*.keepalives_count", on_servers_only, "0"),
    differs("tcp_keepidle", K::number, "databases.*.keepalives_idle", on_servers_only, "0"),
    differs("tcp_keepintvl", K::number, "databases.*.keepalives_interval", on_servers_only, "0"),
    differs("tcp_user_timeout", K::number, "databases.*.tcp_user_timeout", on_servers_only, "0"),
};

constexpr std::array database_settings{
    taken("dbname", K::text, "dbname"),
    taken("host", K::text, "host"),
    taken("port", K::number, "port"),
    taken("user", K::text, "user"),
    taken("password", K::secret, "password"),
    taken("auth_user", K::text, "auth_user"),
    taken("auth_query", K::text, "auth_query"),
    taken("auth_dbname", K::text, "auth_dbname"),
    taken("pool_size", K::number, "pool_size"),
    taken("min_pool_size", K::number, "min_pool_size"),
    taken("reserve_pool_size", K::number, "reserve_pool_size"),
    taken("reserve_pool", K::number, "reserve_pool_size"),  // its older name
    taken("connect_query", K::text, "connect_query"),
    taken("pool_mode", K::word, "pool_mode"),
    taken("query_wait_timeout", K::seconds, "query_wait_timeout"),
    taken("load_balance_hosts", K::word, "load_balance_hosts"),
    taken("target_session_attrs", K::word, "target_session_attrs"),
    taken("max_db_connections", K::number, "max_db_connections"),
    taken("max_db_client_connections", K::number, "max_db_client_connections"),
    taken("server_lifetime", K::lifetime, "server_lifetime"),
    taken("client_encoding", K::text, "client_encoding"),
    taken("datestyle", K::run_time_setting, "options"),
    taken("timezone", K::run_time_setting, "options"),
    taken("application_name", K::text, "application_name"),
};

constexpr std::array user_settings{
    taken("pool_size", K::number, "pool_size"),
    taken("reserve_pool_size", K::number, "reserve_pool_size"),
    taken("pool_mode", K::word, "pool_mode"),
    taken("max_user_connections", K::number, "max_user_connections"),
    taken("max_user_client_connections", K::number, "max_user_client_connections"),
    differs("query_timeout", K::seconds, "query_timeout",
            "the query is cancelled, and its client stays; PgBouncer cuts both off"),
    taken("query_wait_timeout", K::seconds, "query_wait_timeout"),
    taken("idle_transaction_timeout", K::seconds, "idle_transaction_timeout"),
    taken("transaction_timeout", K::seconds, "transaction_timeout"),
    taken("client_idle_timeout", K::seconds, "client_idle_timeout"),
};

}  // namespace

std::span<const Setting> settings(Section section) {
    switch (section) {
        case Section::pgbouncer:
            return global_settings;
        case Section::databases:
            return database_settings;
        case Section::users:
            return user_settings;
    }
    return {};
}

const Setting* find_setting(Section section, std::string_view name) {
    const std::span<const Setting> table = settings(section);
    const auto found = std::ranges::find(table, name, &Setting::name);
    return found == table.end() ? nullptr : &*found;
}

}  // namespace pgweir::conf::pgbouncer
