// What PgBouncer does not show: SHOW HOSTS, PINS, STATEMENTS, MEMORY and ERRORS.
#include <malloc.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>

#include "daemon/console/shows.hpp"
#include "daemon/metrics/process_statistics.hpp"
#include "daemon/metrics/reason_names.hpp"
#include "pool/server/server.hpp"

namespace pgweir::daemon::console {

namespace {

using pool::Counter;
using pool::PoolStatistics;
using pool::WorkerStatistics;

constexpr std::array host_columns{
    Column{"host"},           Column{"port", int4},     Column{"servers", int4},
    Column{"active", int4},   Column{"idle", int4},     Column{"close_needed", int4},
    Column{"databases"},      Column{"failures", int4}, Column{"down_seconds", int4},
    Column{"retry_ms", int8}, Column{"problem"}};
constexpr std::array pin_columns{Column{"database"}, Column{"user"}, Column{"reason"},
                                 Column{"clients", int4}, Column{"times", int8}};
constexpr std::array statement_columns{Column{"database"},      Column{"user"},
                                       Column{"name"},          Column{"clients", int4},
                                       Column{"servers", int4}, Column{"statement"}};
constexpr std::array memory_columns{Column{"name"}, Column{"count", int8}, Column{"bytes", int8}};
constexpr std::array error_columns{Column{"database"}, Column{"user"}, Column{"kind"},
                                   Column{"reason"}, Column{"count", int8}};

// --- HOSTS ---------------------------------------------------------------------------------------

struct HostView {
    std::uint64_t servers = 0;
    std::uint64_t active = 0;
    std::uint64_t idle = 0;
    std::uint64_t close_needed = 0;
    std::string databases;
    std::optional<pool::Outage> outage;

    void add_database(const std::string& database) {
        const std::string wanted = ", " + database + ',';
        if ((", " + databases + ',').find(wanted) != std::string::npos) return;
        databases += (databases.empty() ? "" : ", ") + database;
    }
};

// By address and port: those that servers have, and, as it stands in the configuration, that of a
// pool which cannot be reached.
using Hosts = std::map<std::pair<std::string, std::string>, HostView>;

std::string keyword(const pool::PoolSetup& setup, std::string_view name) {
    for (const auto& [key, value] : setup.connection) {
        if (key == name) return value;
    }
    return {};
}

Hosts hosts_of(const Snapshot& snapshot) {
    Hosts hosts;
    for (const pool::ServerView& server : snapshot.servers) {
        const pool::SocketName& name = server.socket.remote;
        HostView& host = hosts[{name.address, std::to_string(name.port)}];
        ++host.servers;
        host.active += server.state == "active" ? 1 : 0;
        host.idle += server.state == "idle" ? 1 : 0;
        host.close_needed += server.close_needed ? 1 : 0;
        host.add_database(server.database);
    }
    for (const PoolView& view : snapshot.pools) {
        auto outage = view.pool->outages().current();
        if (!outage) continue;
        const std::string port = keyword(*view.setup, "port");
        HostView& host = hosts[{keyword(*view.setup, "host"), port.empty() ? "5432" : port}];
        host.outage = std::move(outage);
        host.add_database(view.database());
    }
    return hosts;
}

// NULL for a list of them, which a list of hosts may have.
Cell port_number(const std::string& text) {
    std::int64_t port = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, port);
    return error == std::errc() && stopped == end ? Cell(port) : Cell();
}

Rows show_hosts(const Snapshot& snapshot) {
    using std::chrono::duration_cast;
    Rows rows;
    for (const auto& [name, host] : hosts_of(snapshot)) {
        Row& row = rows.emplace_back();
        row = {name.first,          port_number(name.second), number(host.servers),
               number(host.active), number(host.idle),        number(host.close_needed),
               host.databases};
        if (!host.outage) {
            row.resize(host_columns.size());
            row[7] = std::int64_t{0};
            continue;
        }
        const auto down = duration_cast<std::chrono::seconds>(snapshot.now - host.outage->since);
        const auto retry =
            duration_cast<std::chrono::milliseconds>(host.outage->next_try - snapshot.now);
        row.insert(row.end(), {number(host.outage->failures), std::int64_t{down.count()},
                               std::int64_t{std::max<std::int64_t>(retry.count(), 0)},
                               host.outage->explanation});
    }
    return rows;
}

// --- PINS, STATEMENTS ----------------------------------------------------------------------------

template <std::size_t Size>
std::uint64_t sum_of(const PoolView& view, std::array<Counter, Size> PoolStatistics::*counters,
                     std::size_t index) {
    std::uint64_t sum = 0;
    for (unsigned i = 0; i < view.pool->workers().size(); ++i) {
        sum += (view.pool->statistics(i).*counters)[index].get();
    }
    return sum;
}

Rows show_pins(const Snapshot& snapshot) {
    Rows rows;
    for (const PoolView& view : snapshot.pools) {
        for (std::size_t i = 0; i < static_cast<std::size_t>(pool::PinReason::count_); ++i) {
            const std::uint64_t times = sum_of(view, &PoolStatistics::pins, i);
            if (times == 0) continue;
            rows.push_back({view.database(), view.user(),
                            std::string(pool::name(static_cast<pool::PinReason>(i))),
                            number(sum_of(view, &PoolStatistics::clients_pinned, i)),
                            number(times)});
        }
    }
    return rows;
}

Rows show_statements(const Snapshot& snapshot) {
    Rows rows;
    for (const auto& [key, view] : snapshot.statements) {
        rows.push_back({view.database, view.user, view.name, number(view.clients),
                        number(view.servers), view.text});
    }
    return rows;
}

// --- MEMORY --------------------------------------------------------------------------------------

// The kernel's numbers and the allocator's, then what the largest groups of objects take.
Rows show_memory(const Snapshot& snapshot) {
    std::uint64_t servers = 0;
    for (const PoolView& pool : snapshot.pools) servers += pool.servers();
    const ProcessStatistics process = read_process_statistics();
    const struct mallinfo2 heap = mallinfo2();
    const auto bytes = [](const std::optional<double>& value) {
        return value ? Cell(static_cast<std::int64_t>(*value)) : Cell();
    };
    const auto objects = [](std::string name, std::uint64_t count, std::size_t size) -> Row {
        return {std::move(name), number(count), number(count * size)};
    };
    return {{"resident", Cell(), bytes(process.resident_memory_bytes)},
            {"virtual", Cell(), bytes(process.virtual_memory_bytes)},
            {"heap_in_use", Cell(), number(heap.uordblks + heap.hblkhd)},
            {"heap_free", Cell(), number(heap.fordblks)},
            objects("clients", snapshot.connections, snapshot.client_size),
            objects("servers", servers, sizeof(pool::Server)),
            objects("pools", snapshot.pools.size(), sizeof(pool::Pool))};
}

// --- ERRORS --------------------------------------------------------------------------------------

void add_error(Rows& rows, const PoolView* view, std::string kind, std::string_view reason,
               std::uint64_t count) {
    if (count == 0) return;
    Row& row = rows.emplace_back();
    row.push_back(view == nullptr ? Cell() : Cell(view->database()));
    row.push_back(view == nullptr ? Cell() : Cell(view->user()));
    row.insert(row.end(), {std::move(kind), std::string(reason), number(count)});
}

template <class Enum>
void add_errors(Rows& rows, const PoolView& view, const std::string& kind,
                pool::CounterPer<Enum> PoolStatistics::*counters) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(Enum::count_); ++i) {
        add_error(rows, &view, kind, name(static_cast<Enum>(i)), sum_of(view, counters, i));
    }
}

// What has happened so far; a goodbye is no error, and is not told.
Rows show_errors(const Snapshot& snapshot) {
    Rows rows;
    for (const PoolView& view : snapshot.pools) {
        add_error(rows, &view, "statement", "ErrorResponse", view.sum(&PoolStatistics::errors));
        add_error(rows, &view, "server_login", "failed",
                  view.sum(&PoolStatistics::server_login_failures));
        add_errors<pool::Timeout>(rows, view, "timeout", &PoolStatistics::timeouts);
        add_errors<pool::ClientClose>(rows, view, "client_closed", &PoolStatistics::client_closes);
        add_errors<pool::ServerClose>(rows, view, "server_closed", &PoolStatistics::server_closes);
    }
    std::erase_if(rows, [](const Row& row) { return row[3] == Cell(std::string("terminate")); });
    const auto of_process = [&](std::string kind, std::string_view reason,
                                Counter WorkerStatistics::*counter) {
        std::uint64_t sum = 0;
        for (const WorkerStatistics* worker : snapshot.workers) sum += (worker->*counter).get();
        add_error(rows, nullptr, std::move(kind), reason, sum);
    };
    of_process("login", "refused", &WorkerStatistics::logins_refused);
    of_process("login", "crowded_out", &WorkerStatistics::logins_crowded_out);
    of_process("login", "timeout", &WorkerStatistics::login_timeouts);
    of_process("tls", "handshake_failed", &WorkerStatistics::tls_handshakes_failed);
    of_process("authentication", "failed", &WorkerStatistics::authentications_failed);
    of_process("authentication", "blocked", &WorkerStatistics::authentications_blocked);
    of_process("cancel", "unknown_key", &WorkerStatistics::cancel_requests_unknown);
    return rows;
}

constexpr std::array own_table{
    Show{.name = "HOSTS", .columns = host_columns, .rows = show_hosts, .sockets = true},
    Show{.name = "PINS", .columns = pin_columns, .rows = show_pins},
    Show{.name = "STATEMENTS",
         .columns = statement_columns,
         .rows = show_statements,
         .statements = true},
    Show{.name = "MEMORY", .columns = memory_columns, .rows = show_memory},
    Show{.name = "ERRORS", .columns = error_columns, .rows = show_errors},
};

}  // namespace

std::span<const Show> own_shows() {
    return own_table;
}

}  // namespace pgweir::daemon::console
