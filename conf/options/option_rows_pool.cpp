// The options of pools and limits, one by one.
#include <array>
#include <cstdint>

#include "conf/options/option_rows.hpp"

namespace pgweir::conf::rows {
namespace {

constexpr std::array pool_rows{
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
           .sentence = "Server connections per pool, that is per database and user, replication "
                       "included; 0: no limit."},
    Option{.path = "pool.min_pool_size",
           .member = &PoolOptions::min_pool_size,
           .per_database = true,
           .default_text = "0",
           .range = any_number_of_servers,
           .sentence = "Server connections that a pool keeps open without work; a user's pool_size "
                       "is the most."},
    Option{.path = "pool.reserve_pool_size",
           .member = &PoolOptions::reserve_pool_size,
           .per_database = true,
           .user_member = &User::reserve_pool_size,
           .default_text = "0",
           .range = any_number_of_servers,
           .sentence = "Server connections that a pool may have beyond default_pool_size, for "
                       "clients that have waited for reserve_pool_timeout; 0: none."},
    Option{.path = "pool.reserve_pool_timeout",
           .member = &PoolOptions::reserve_pool_timeout,
           .per_database = true,
           .default_text = "5s",
           .range = any_duration,
           .sentence =
               "How long a client waits before reserve_pool_size counts for it; 0: it never "
               "does."},
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

    Option{.path = "pool.connect_query",
           .member = &PoolOptions::connect_query,
           .per_database = true,
           .sentence = "What each new server connection runs before anybody has it. Where it only "
                       "sets settings to constants they are given at the login, so that RESET goes "
                       "back to them; anything else is run once, and is not restored by RESET."},
    Option{.path = "pool.server_check_query",
           .member = &PoolOptions::server_check_query,
           .per_database = true,
           .sentence =
               "What a server connection is asked before it is lent, if it has been idle for "
               "server_check_delay; one that does not answer is replaced. <empty>: a query "
               "without text; empty: nothing is asked, as every idle connection is watched."},
    Option{.path = "pool.server_check_delay",
           .member = &PoolOptions::server_check_delay,
           .per_database = true,
           .default_text = "30s",
           .range = any_duration,
           .sentence = "How long a server connection may be idle and still be lent without "
                       "server_check_query; 0: it is always asked."},
    Option{.path = "pool.server_round_robin",
           .member = &PoolOptions::server_round_robin,
           .per_database = true,
           .default_text = "false",
           .sentence = "Whether the server connection that has been idle longest is lent first, so "
                       "that all are used alike; else the one that was used last."},
    Option{.path = "pool.server_fast_close",
           .member = &PoolOptions::server_fast_close,
           .per_database = true,
           .default_text = "false",
           .sentence =
               "Whether RECONNECT, and a reload that changes how to connect, cut off clients "
               "that keep their server (session mode) as soon as they are outside of a "
               "transaction."},
    Option{.path = "pool.load_balance_hosts",
           .member = &PoolOptions::load_balance_hosts,
           .per_database = true,
           .default_text = "disable",
           .sentence = "Which of several hosts of an entry a connection tries first: the first one "
                       "(disable), each in turn (round-robin) or any (random); the others follow."},

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
               "Settings in a client's start-up packet, as they are spelt there, with commas "
               "between them, that are passed over as if it had not sent them; \"options\": all in "
               "its options. Not application_name, client_encoding, DateStyle, IntervalStyle, "
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
};

}  // namespace

std::span<const Option> of_pools() {
    return pool_rows;
}

}  // namespace pgweir::conf::rows
