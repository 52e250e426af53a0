// SHOW CONFIG, MEM, STATE, VERSION, and what pgweir has none of.
#include <algorithm>
#include <array>
#include <cstdint>

#include "conf/options/setting_change.hpp"
#include "daemon/console/shows.hpp"

namespace pgweir::daemon::console {

namespace {

constexpr std::array config_columns{Column{"key"},         Column{"value"},  Column{"default"},
                                    Column{"changeable"},  Column{"option"}, Column{"meaning"},
                                    Column{"option_value"}};
constexpr std::array mem_columns{Column{"name"}, Column{"size", int4}, Column{"used", int4},
                                 Column{"free", int4}, Column{"memtotal", int4}};
constexpr std::array state_columns{Column{"key"}, Column{"value"}};
constexpr std::array version_columns{Column{"version"}};
constexpr std::array peer_columns{Column{"peer_id", int4}, Column{"host"}, Column{"port", int4},
                                  Column{"pool_size", int4}};
constexpr std::array peer_pool_columns{Column{"peer_id", int4},
                                       Column{"cl_active_cancel_req", int4},
                                       Column{"cl_waiting_cancel_req", int4},
                                       Column{"sv_active_cancel", int4}, Column{"sv_login", int4}};
constexpr std::array dns_host_columns{Column{"hostname"}, Column{"ttl", int8}, Column{"addrs"}};
constexpr std::array dns_zone_columns{Column{"zonename"}, Column{"serial", int8},
                                      Column{"count", int4}};

// What PgBouncer has in [pgbouncer] and pgweir in every entry of databases.
void add_keywords(const conf::Config& config, Rows& rows) {
    using conf::pgbouncer::Kind;
    for (const auto& setting : conf::pgbouncer::settings(conf::pgbouncer::Section::pgbouncer)) {
        const conf::NamedSetting named{setting.name, &setting};
        if (named.keyword().empty() || setting.kind == Kind::server_tls_versions) continue;
        const std::string idle(setting.idle.value_or(std::string_view()));
        const std::string value = conf::value_in_use(config, named);
        rows.push_back({std::string(setting.name), value.empty() ? idle : value, idle, "yes",
                        std::string(setting.target), std::string(setting.why), value});
    }
}

Rows show_config(const Snapshot& snapshot) {
    const conf::Config& config = *snapshot.config;
    Rows rows;
    for (const conf::Option& option : conf::options()) {
        const conf::NamedSetting named{option.path, conf::pgbouncer_setting(option), &option};
        rows.push_back({std::string(console_name(option)), conf::value_in_use(config, named),
                        conf::in_notation_of(named, option.default_text),
                        option.reload == conf::Reload::applies ? "yes" : "no",
                        std::string(option.path), std::string(option.sentence),
                        conf::format_value(option, conf::get(option, config))});
    }
    add_keywords(config, rows);
    std::ranges::sort(rows, {}, [](const Row& row) { return std::get<std::string>(row.front()); });
    return rows;
}

Row mem_row(std::string name, std::size_t size, std::uint64_t used) {
    return {std::move(name), number(size), number(used), std::int64_t{0}, number(size * used)};
}

// What each thing takes by itself; what it refers to and buffers that are lent come on top.
Rows show_mem(const Snapshot& snapshot) {
    std::uint64_t servers = 0;
    for (const PoolView& pool : snapshot.pools) servers += pool.servers();
    const conf::Config& config = *snapshot.config;
    return {mem_row("user_cache", sizeof(conf::User), config.users.size()),
            mem_row("db_cache", sizeof(conf::Database), config.databases.size()),
            mem_row("pool_cache", sizeof(pool::Pool), snapshot.pools.size()),
            mem_row("server_cache", sizeof(pool::Server), servers),
            mem_row("client_cache", snapshot.client_size, snapshot.connections)};
}

Rows show_state(const Snapshot& snapshot) {
    const bool suspended = snapshot.switches->are_suspended();
    const bool paused = snapshot.switches->all_are_paused() && !suspended;
    return {{"active", paused || suspended ? "no" : "yes"},
            {"paused", paused ? "yes" : "no"},
            {"suspended", suspended ? "yes" : "no"}};
}

Rows show_version(const Snapshot& /*snapshot*/) {
    return {{"pgweir " PGWEIR_VERSION}};
}

Rows show_nothing(const Snapshot& /*snapshot*/) {
    return {};
}

constexpr std::array process_table{
    Show{.name = "CONFIG", .columns = config_columns, .rows = show_config},
    Show{.name = "MEM", .columns = mem_columns, .rows = show_mem},
    Show{.name = "STATE", .columns = state_columns, .rows = show_state},
    Show{.name = "VERSION", .columns = version_columns, .rows = show_version},
    Show{.name = "PEERS", .columns = peer_columns, .rows = show_nothing},
    Show{.name = "PEER_POOLS", .columns = peer_pool_columns, .rows = show_nothing},
    Show{.name = "DNS_HOSTS", .columns = dns_host_columns, .rows = show_nothing},
    Show{.name = "DNS_ZONES", .columns = dns_zone_columns, .rows = show_nothing},
};

}  // namespace

std::span<const Show> process_shows() {
    return process_table;
}

}  // namespace pgweir::daemon::console
