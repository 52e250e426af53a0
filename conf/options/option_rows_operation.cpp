// The options of timeouts, console, http and log, one by one.
#include <array>
#include <cstdint>

#include "conf/options/option_rows.hpp"

namespace pgweir::conf::rows {
namespace {

constexpr std::array operation_rows{
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
           .sentence =
               "How long a query may run before it is cancelled, and wait for a server, but for "
               "replication; if the cancel does not end it within a second the client is cut off; "
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
    Option{.path = "pidfile",
           .member = &Config::pidfile,
           .reload = Reload::needs_restart,
           .sentence =
               "A file that holds the process id while pgweir runs; it does not start where "
               "the file names a process that lives; empty: none."},
    Option{.path = "log.level",
           .member = &Config::log_level,
           .default_text = "info",
           .sentence = "The least important messages that are logged."},
    Option{.path = "log.format",
           .member = &Config::log_format,
           .default_text = "logfmt",
           .sentence = "How lines are written: as key=value (logfmt), or in PgBouncer's form and "
                       "words, for programs that read PgBouncer's log."},
    Option{.path = "log.logfile",
           .member = &Config::logfile,
           .sentence = "A file that the log is appended to, besides standard error; a reload opens "
                       "it anew; empty: none."},
    Option{.path = "log.syslog",
           .member = &Config::syslog,
           .default_text = "false",
           .sentence = "Whether the log also goes to syslog."},
    Option{.path = "log.syslog_ident",
           .member = &Config::syslog_ident,
           .default_text = "pgweir",
           .sentence = "The name under which syslog has the lines."},
    Option{.path = "log.syslog_facility",
           .member = &Config::syslog_facility,
           .default_text = "daemon",
           .sentence = "The facility of syslog: auth, authpriv, daemon, user or local0 to local7."},
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

std::span<const Option> of_operation() {
    return operation_rows;
}

}  // namespace pgweir::conf::rows
