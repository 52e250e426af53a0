// The configuration as the rest of pgweir sees it: plain values, already checked.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conf/options/units.hpp"

#include "conf/access/hba.hpp"
#include "conf/access/ident_map.hpp"

namespace pgweir::conf {

using std::chrono::milliseconds;

/// When a server goes back to its pool: after the client leaves, after each transaction, or after
/// each statement (PgBouncer's `pool_mode`).
enum class PoolMode : std::uint8_t { session, transaction, statement };

/// What becomes of session state in transaction and statement pooling. `track`: it follows the
/// client, or the client keeps its server. `strict`: what would keep the server is refused. `off`:
/// PgBouncer's behaviour, where only reported settings and prepared statements follow.
enum class SessionState : std::uint8_t { track, strict, off };

/// How a client proves who it is; `hba`: as auth_hba_file says.
enum class AuthType : std::uint8_t {
    trust,
    reject,
    password,
    md5,
    scram_sha_256,
    cert,
    peer,
    ldap,
    pam,
    hba,
};

/// The name in configuration files: "scram-sha-256".
[[nodiscard]] std::string_view name(AuthType type);

/// Whether clients speak TLS (PgBouncer's `client_tls_sslmode`). allow and prefer: if they ask for
/// it; require: they must; verify-ca and verify-full: they must, with a certificate that our
/// authority has signed.
enum class TlsMode : std::uint8_t { disable, allow, prefer, require, verify_ca, verify_full };

/// Which of an entry's hosts a connection tries first; disable: the first one. The others follow in
/// their order.
enum class LoadBalanceHosts : std::uint8_t { disable, round_robin, random };

enum class LogLevel : std::uint8_t { trace, debug, info, warning, error };

/// How the log's lines are written: as key=value, or as PgBouncer writes them.
enum class LogFormat : std::uint8_t { logfmt, pgbouncer };

/// Whether `name` is a facility of syslog that the log may have.
[[nodiscard]] bool is_syslog_facility(std::string_view name);

/// Where clients (or, for `http`, scrapers) connect to.
struct ListenAddress {
    /// A host name or numeric address, `*` for all, or a folder (starting with `/`) that will hold
    /// the Unix socket `.s.PGSQL.<port>`.
    std::string host;
    std::uint16_t port = 0;

    [[nodiscard]] bool is_unix() const { return host.starts_with('/'); }
    friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

/// Finds a user's secret: nothing for one that may not log in or whose password has expired. Names
/// are qualified, so that no search_path has a say.
inline constexpr std::string_view default_auth_query =
    "SELECT rolname, CASE WHEN rolvaliduntil OPERATOR(pg_catalog.<) pg_catalog.now() THEN NULL "
    "ELSE rolpassword END FROM pg_catalog.pg_authid WHERE rolname OPERATOR(pg_catalog.=) "
    "$1::pg_catalog.text AND rolcanlogin";

/// What governs one pool and its clients. The most specific value wins: user, database, global.
/// In every duration 0 means "no limit".
struct PoolOptions {
    PoolMode pool_mode = PoolMode::transaction;
    unsigned default_pool_size = 20;  ///< servers per pool; 0: no limit
    unsigned min_pool_size = 0;       ///< servers kept open per pool
    unsigned reserve_pool_size = 0;   ///< servers per pool beyond its size, for who waits long
    milliseconds reserve_pool_timeout{5'000};  ///< how long that is; 0: nobody gets them
    unsigned max_db_connections = 0;    ///< servers per database over all its pools; 0: no limit
    unsigned max_user_connections = 0;  ///< servers per user over all its pools
    unsigned max_db_client_connections = 0;    ///< clients per database
    unsigned max_user_client_connections = 0;  ///< clients per user
    std::string server_reset_query = "DISCARD ALL";
    std::string server_check_query;           ///< asked of a server that was idle; empty: nothing
    milliseconds server_check_delay{30'000};  ///< how long it was
    bool server_round_robin = false;          ///< the server that has been idle longest goes first
    bool server_fast_close = false;  ///< what is replaced is not waited for in session pooling
    std::string connect_query;       ///< what a new connection runs first
    LoadBalanceHosts load_balance_hosts = LoadBalanceHosts::disable;
    SessionState session_state = SessionState::track;
    bool verify_session_state = false;
    std::string sticky_functions;                 ///< names with commas between them
    milliseconds login_defaults_interval{5'000};  ///< 0: nobody asks, at a login neither
    unsigned max_prepared_statements = 200;       ///< that pgweir keeps on one server; 0: none
    std::string auth_user;                        ///< who runs auth_query; empty: nobody
    std::string auth_dbname;  ///< where; empty: in the database that the client asks for
    std::string auth_query{default_auth_query};
    milliseconds client_idle_timeout{0};
    milliseconds query_timeout{0};
    milliseconds idle_transaction_timeout{0};
    milliseconds transaction_timeout{0};
    milliseconds query_wait_timeout{120'000};
    milliseconds server_connect_timeout{15'000};
    milliseconds server_login_retry{15'000};
    milliseconds server_idle_timeout{600'000};
    milliseconds server_lifetime{3'600'000};
    milliseconds cancel_wait_timeout{10'000};

    friend bool operator==(const PoolOptions&, const PoolOptions&) = default;
};

/// A libpq connection keyword with its value, secrets already resolved.
using ConnectionKeyword = std::pair<std::string, std::string>;

/// One entry of `databases`.
struct Database {
    std::string name;  ///< what a client asks for; `*` stands for any other name
    /// libpq keywords without duplicates. For `*` without `dbname`, the name asked for is added
    /// when a connection is made, as is the client's user where there is no `user`.
    std::vector<ConnectionKeyword> connection;
    PoolOptions options;  ///< global values with this database's own on top

    [[nodiscard]] bool is_fallback() const { return name == "*"; }
    /// The value of a libpq keyword, or nullptr.
    [[nodiscard]] const std::string* keyword(std::string_view key) const;
    friend bool operator==(const Database&, const Database&) = default;
};

/// One entry of `users`: only what differs from the database's values.
struct User {
    std::string name;
    /// Any of them logs the user in: passwords change without downtime. Plain, MD5 or SCRAM.
    std::vector<std::string> passwords;
    std::optional<PoolMode> pool_mode;
    std::optional<unsigned> pool_size;
    std::optional<unsigned> reserve_pool_size;
    std::optional<SessionState> session_state;
    std::optional<unsigned> max_user_connections;
    std::optional<unsigned> max_user_client_connections;
    std::optional<milliseconds> client_idle_timeout;
    std::optional<milliseconds> query_timeout;
    std::optional<milliseconds> idle_transaction_timeout;
    std::optional<milliseconds> transaction_timeout;
    std::optional<milliseconds> query_wait_timeout;

    friend bool operator==(const User&, const User&) = default;
};

/// The name under which the console's own rows stand, by whichever of its names a client has come;
/// also that of the user of its pool.
inline constexpr std::string_view console_database = "pgbouncer";

/// Whether `database` is a name of the console, which no entry can have.
[[nodiscard]] bool is_reserved_database(std::string_view database);

/// Whether `name` is one of a list with commas between them.
[[nodiscard]] bool is_listed(std::string_view list, std::string_view name);

/// Secrets by user name.
using Userlist = std::map<std::string, std::string, std::less<>>;

/// The whole of a valid configuration file. Immutable once loaded and shared between threads as
/// `std::shared_ptr<const Config>`.
struct Config {
    std::vector<ListenAddress> listen;
    bool so_reuseport = false;  ///< several processes may listen at one TCP address
    unsigned workers = 0;       ///< threads that carry clients; 0 (`auto`): one per core
    AuthType auth_type = AuthType::scram_sha_256;
    bool allow_trust_from_network = false;
    bool known_users_only = false;  ///< also where nobody has to prove anything
    std::string auth_file;          ///< PgBouncer's userlist.txt; its content is in `userlist`
    std::string auth_hba_file;
    std::string auth_ident_file;
    std::string auth_ldap_options;  ///< of auth.type ldap, as parse_ldap_options() takes them
    std::string auth_pam_service = "pgbouncer";
    std::string auth_pam_confdir;  ///< empty: the system's
    milliseconds auth_check_timeout{30'000};
    milliseconds auth_query_cache_time{0};  ///< 0: each login asks
    milliseconds auth_query_timeout{5'000};
    unsigned auth_failure_limit = 10;  ///< of one user and address; 0: none
    milliseconds auth_failure_delay{100};
    milliseconds auth_failure_block{60'000};
    TlsMode client_tls_sslmode = TlsMode::disable;
    std::string client_tls_key_file;
    std::string client_tls_cert_file;
    std::string client_tls_ca_file;
    std::string client_tls_crl_file;
    std::string client_tls_protocols = "secure";
    std::string client_tls_ciphers = "default";
    std::string client_tls13_ciphers;
    bool client_tls_session_tickets = true;
    std::optional<ListenAddress> http;
    LogLevel log_level = LogLevel::info;
    LogFormat log_format = LogFormat::logfmt;
    std::string logfile;  ///< besides standard error; empty: none
    bool syslog = false;  ///< besides standard error
    std::string syslog_ident = "pgweir";
    std::string syslog_facility = "daemon";
    std::string pidfile;  ///< empty: none
    bool log_connections = true;
    bool log_disconnections = true;
    unsigned max_client_conn = 100;
    /// The longest text of a statement that is looked at as a whole.
    Bytes longest_statement{1U << 20U};
    unsigned max_login_conn = 0;  ///< 0: by max_client_conn (daemon/client/login_room)
    unsigned max_login_conn_per_address = 0;
    milliseconds client_login_timeout{60'000};
    milliseconds query_wait_notify{0};      ///< 0: clients are not told
    std::string ignore_startup_parameters;  ///< names with commas between them
    std::string admin_users;                ///< of the console, with commas between them
    std::string stats_users;                ///< likewise: who may look
    milliseconds stats_period{60'000};
    milliseconds shutdown_timeout{30'000};  ///< how long SIGTERM and SIGINT wait
    PoolOptions pool;                       ///< the global values
    std::vector<Database> databases;
    std::vector<User> users;
    Userlist userlist;               ///< what auth_file holds
    std::shared_ptr<const Hba> hba;  ///< what auth_hba_file holds; null without one
    std::shared_ptr<const IdentMaps> ident_maps = IdentMaps::none();

    /// The secrets of a user: those of `users`, then that of auth_file.
    [[nodiscard]] std::vector<std::string> secrets_of(std::string_view user) const;
    /// Whether auth_file has this user, be it without a secret, or `users` has it with one: what
    /// else stands there, as in a [users] of PgBouncer's, are limits.
    [[nodiscard]] bool knows_user(std::string_view user) const;
    /// The entry for a database name a client asked for: its own, else `*`, else nullptr.
    [[nodiscard]] const Database* find_database(std::string_view name) const;
    /// What governs a database, whoever comes for it: the global values where there is no entry.
    [[nodiscard]] const PoolOptions& options_of(std::string_view database) const {
        const Database* const entry = find_database(database);
        return entry == nullptr ? pool : entry->options;
    }
    /// Whether the file has this name: of a database that is not only `*`; of a user of that
    /// database, its own, one of `users` or one with a secret.
    [[nodiscard]] bool names_database(std::string_view name) const;
    [[nodiscard]] bool names_user(std::string_view database, const std::string& user) const;
    /// What governs the pool of this database and user: the database's values with the user's on
    /// top. A user's pool_size is also the most that min_pool_size is.
    [[nodiscard]] PoolOptions pool_options(const Database& database, std::string_view user) const;
    friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace pgweir::conf
