// SHOW POOLS, DATABASES, USERS and LISTS.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <set>

#include "conf/options/option_table.hpp"
#include "daemon/console/shows.hpp"

namespace pgweir::daemon::console {

namespace {

using pool::PoolStatistics;

constexpr std::array pool_columns{
    Column{"database"},
    Column{"user"},
    Column{"cl_active", int4},
    Column{"cl_waiting", int4},
    Column{"cl_active_cancel_req", int4},
    Column{"cl_waiting_cancel_req", int4},
    Column{"sv_active", int4},
    Column{"sv_active_cancel", int4},
    Column{"sv_being_canceled", int4},
    Column{"sv_idle", int4},
    Column{"sv_used", int4},
    Column{"sv_tested", int4},
    Column{"sv_login", int4},
    Column{"maxwait", int4},
    Column{"maxwait_us", int4},
    Column{"pool_mode"},
    Column{"load_balance_hosts"},
    Column{"cl_idle", int4},
    Column{"cl_pinned", int4},
    Column{"sv_dedicated", int4},
    Column{"outage"},
};

constexpr std::array database_columns{
    Column{"name"},
    Column{"host"},
    Column{"port", int4},
    Column{"database"},
    Column{"force_user"},
    Column{"pool_size", int4},
    Column{"min_pool_size", int4},
    Column{"reserve_pool_size", int4},
    Column{"server_lifetime", int4},
    Column{"pool_mode"},
    Column{"load_balance_hosts"},
    Column{"max_connections", int4},
    Column{"current_connections", int4},
    Column{"max_client_connections", int4},
    Column{"current_client_connections", int4},
    Column{"paused", int4},
    Column{"disabled", int4},
    Column{"reserve_pool", int4},  // its name before PgBouncer 1.24, for older exporters
};

constexpr std::array user_columns{
    Column{"name"},
    Column{"pool_size"},
    Column{"reserve_pool_size"},
    Column{"pool_mode"},
    Column{"max_user_connections", int4},
    Column{"current_connections", int4},
    Column{"max_user_client_connections", int4},
    Column{"current_client_connections", int4},
};

constexpr std::array list_columns{Column{"list"}, Column{"items", int4}};

std::string text_of(conf::PoolMode mode) {
    return conf::format_value(*conf::find_option("pool.mode"), conf::Value(mode));
}

std::uint64_t pinned(const PoolView& view) {
    std::uint64_t sum = 0;
    for (unsigned i = 0; i < view.pool->workers().size(); ++i) {
        for (const pool::Counter& counter : view.pool->statistics(i).clients_pinned) {
            sum += counter.get();
        }
    }
    return sum;
}

Row pool_row(const Snapshot& snapshot, const PoolView& pool) {
    constexpr std::int64_t second = 1'000'000;
    const auto wait =
        pool.oldest_waiting ? snapshot.now - *pool.oldest_waiting : pool::Clock::duration::zero();
    const std::int64_t us = std::chrono::duration_cast<std::chrono::microseconds>(wait).count();
    const std::uint64_t idle = pool.sum(&PoolStatistics::clients_idle);
    const auto outage = pool.pool->outages().current();
    return {pool.database(), pool.user(),
            // As in PgBouncer: clients that want nothing are active.
            number(pool.sum(&PoolStatistics::clients_active) + idle),
            number(pool.sum(&PoolStatistics::clients_waiting)), std::int64_t{0}, std::int64_t{0},
            number(pool.sum(&PoolStatistics::servers_active)), std::int64_t{0}, std::int64_t{0},
            number(pool.sum(&PoolStatistics::servers_idle)), std::int64_t{0},
            number(pool.sum(&PoolStatistics::servers_reset)),
            number(pool.sum(&PoolStatistics::servers_login)), us / second, us % second,
            text_of(pool.setup->options.pool_mode), Cell(), number(idle), number(pinned(pool)),
            number(pool.sum(&PoolStatistics::servers_dedicated)),
            outage ? Cell(outage->explanation) : Cell()};
}

// The console's own pool, in which nobody waits and which has no servers. As in PgBouncer its
// clients are in one pool, whoever they are.
Row console_pool_row(const Snapshot& snapshot) {
    const std::string name(conf::console_database);
    Row row{name, name, number(snapshot.client_counts->clients_of_database(name))};
    row.resize(pool_columns.size(), Cell(std::int64_t{0}));
    const auto set = [&](std::string_view column, Cell value) {
        row[std::ranges::find(pool_columns, column, &Column::name) - pool_columns.begin()] =
            std::move(value);
    };
    set("pool_mode", text_of(conf::PoolMode::statement));
    set("load_balance_hosts", {});
    set("outage", {});
    return row;
}

Rows show_pools(const Snapshot& snapshot) {
    Rows rows;
    for (const PoolView& pool : snapshot.pools) rows.push_back(pool_row(snapshot, pool));
    rows.push_back(console_pool_row(snapshot));
    return rows;
}

Cell port_of(const conf::Database& entry) {
    const std::string* const port = entry.keyword("port");
    std::int64_t number = 5432;  // libpq's own default
    if (port != nullptr) std::from_chars(port->data(), port->data() + port->size(), number);
    return number;
}

// Of one host there is nothing to say.
Cell load_balance_of(const conf::Database& entry) {
    const std::string* const hosts = entry.keyword("host");
    if (hosts == nullptr || hosts->find(',') == std::string::npos) return {};
    return conf::format_value(*conf::find_option("pool.load_balance_hosts"),
                              conf::Value(entry.options.load_balance_hosts));
}

Row database_row(const Snapshot& snapshot, const conf::Database& entry, const std::string& name) {
    const conf::PoolOptions& options = entry.options;
    std::uint64_t servers = 0;
    for (const PoolView& pool : snapshot.pools) {
        if (pool.database() == name) servers += pool.servers();
    }
    const std::string* const database = entry.keyword("dbname");
    const auto lifetime = std::chrono::duration_cast<std::chrono::seconds>(options.server_lifetime);
    return {name,
            text_or_null(entry.keyword("host")),
            port_of(entry),
            database == nullptr ? name : *database,
            text_or_null(entry.keyword("user")),
            number(options.default_pool_size),
            number(options.min_pool_size),
            number(options.reserve_pool_size),
            std::int64_t{lifetime.count()},
            text_of(options.pool_mode),
            load_balance_of(entry),
            number(options.max_db_connections),
            number(servers),
            number(options.max_db_client_connections),
            number(snapshot.client_counts->clients_of_database(name)),
            std::int64_t{snapshot.switches->is_paused_alone(name) ? 1 : 0},
            std::int64_t{snapshot.switches->is_disabled(name) ? 1 : 0},
            number(options.reserve_pool_size)};
}

// Where clients reach the console.
std::int64_t own_port(const conf::Config& config) {
    const auto tcp = std::ranges::find_if_not(config.listen, &conf::ListenAddress::is_unix);
    if (tcp != config.listen.end()) return tcp->port;
    return config.listen.empty() ? 0 : config.listen.front().port;
}

// The console as a database, by which exporters and scripts know that they reach it.
Row console_row(const Snapshot& snapshot) {
    const std::string name(conf::console_database);
    conf::Database entry{
        .name = name,
        .connection = {{"port", std::to_string(own_port(*snapshot.config))}, {"user", name}},
        .options = {.pool_mode = conf::PoolMode::statement,
                    .default_pool_size = 2,  // PgBouncer's number
                    .max_db_client_connections = snapshot.config->pool.max_db_client_connections,
                    .server_lifetime = snapshot.config->pool.server_lifetime}};
    return database_row(snapshot, entry, name);
}

// The entries of the configuration, and what clients have asked for by way of `*`.
Rows show_databases(const Snapshot& snapshot) {
    Rows rows;
    std::set<std::string> named;
    for (const conf::Database& entry : snapshot.config->databases) {
        named.insert(entry.name);
        rows.push_back(database_row(snapshot, entry, entry.name));
    }
    for (const PoolView& pool : snapshot.pools) {
        if (!named.insert(pool.database()).second) continue;
        const conf::Database* const entry = snapshot.config->find_database(pool.database());
        if (entry != nullptr) rows.push_back(database_row(snapshot, *entry, pool.database()));
    }
    rows.push_back(console_row(snapshot));
    return rows;
}

std::set<std::string> user_names(const Snapshot& snapshot) {
    std::set<std::string> names{std::string(conf::console_database)};
    for (const conf::User& user : snapshot.config->users) names.insert(user.name);
    for (const auto& [name, secret] : snapshot.config->userlist) names.insert(name);
    for (const PoolView& pool : snapshot.pools) names.insert(pool.user());
    for (std::string& name : snapshot.client_counts->users()) names.insert(std::move(name));
    return names;
}

Rows show_users(const Snapshot& snapshot) {
    const conf::Config& config = *snapshot.config;
    Rows rows;
    for (const std::string& name : user_names(snapshot)) {
        const auto found = std::ranges::find(config.users, name, &conf::User::name);
        const conf::User user = found == config.users.end() ? conf::User{} : *found;
        std::uint64_t servers = 0;
        for (const PoolView& pool : snapshot.pools) {
            if (pool.user() == name) servers += pool.servers();
        }
        rows.push_back(
            {name, user.pool_size ? std::to_string(*user.pool_size) : "",
             user.reserve_pool_size ? std::to_string(*user.reserve_pool_size) : "",
             user.pool_mode ? Cell(text_of(*user.pool_mode)) : Cell(),
             number(user.max_user_connections.value_or(config.pool.max_user_connections)),
             number(servers),
             number(user.max_user_client_connections.value_or(
                 config.pool.max_user_client_connections)),
             number(snapshot.client_counts->clients_of_user(name))});
    }
    return rows;
}

Rows show_lists(const Snapshot& snapshot) {
    std::uint64_t servers = 0;
    for (const PoolView& pool : snapshot.pools) servers += pool.servers();
    const unsigned places = snapshot.config->max_client_conn;
    const unsigned used = snapshot.connections;
    const auto row = [](std::string name, std::uint64_t count) -> Row {
        return {std::move(name), number(count)};
    };
    return {row("databases", show_databases(snapshot).size()),
            row("users", user_names(snapshot).size()),
            row("peers", 0),
            row("pools", show_pools(snapshot).size()),
            row("peer_pools", 0),
            row("free_clients", places > used ? places - used : 0),
            row("used_clients", used),
            row("login_clients", snapshot.logging_in),
            row("free_servers", 0),
            row("used_servers", servers),
            row("dns_names", 0),
            row("dns_zones", 0),
            row("dns_queries", 0),
            row("dns_pending", 0)};
}

constexpr std::array pool_table{
    Show{.name = "POOLS", .columns = pool_columns, .rows = show_pools},
    Show{.name = "DATABASES", .columns = database_columns, .rows = show_databases},
    Show{.name = "USERS", .columns = user_columns, .rows = show_users},
    Show{.name = "LISTS", .columns = list_columns, .rows = show_lists, .sockets = true},
};

}  // namespace

std::span<const Show> pool_shows() {
    return pool_table;
}

}  // namespace pgweir::daemon::console
