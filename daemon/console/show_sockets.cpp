// SHOW CLIENTS, SERVERS, SOCKETS and ACTIVE_SOCKETS: one row for each connection.
#include <algorithm>
#include <array>
#include <cstdint>

#include "daemon/console/shows.hpp"

namespace pgweir::daemon::console {

namespace {

using std::chrono::microseconds;

constexpr std::size_t common_count = 21;
// PgBouncer's columns for a connection, then those of `Own`.
template <std::size_t Own>
constexpr std::array<Column, common_count + Own> with_common(const std::array<Column, Own>& own) {
    constexpr std::array<Column, common_count> common{{
        {"type"},
        {"user"},
        {"database"},
        {"replication"},
        {"state"},
        {"addr"},
        {"port", int4},
        {"local_addr"},
        {"local_port", int4},
        {"connect_time"},
        {"request_time"},
        {"wait", int4},
        {"wait_us", int4},
        {"close_needed", int4},
        {"ptr"},
        {"link"},
        {"remote_pid", int4},
        {"tls"},
        {"application_name"},
        {"prepared_statements", int4},
        {"id", int4},
    }};
    std::array<Column, common_count + Own> all{};
    std::ranges::copy(common, all.begin());
    std::ranges::copy(own, all.begin() + common_count);
    return all;
}

constexpr std::array buffer_columns{Column{"recv_pos", int4},    Column{"pkt_pos", int4},
                                    Column{"pkt_remain", int4},  Column{"send_pos", int4},
                                    Column{"send_remain", int4}, Column{"pkt_avail", int4},
                                    Column{"send_avail", int4}};
constexpr std::array own_client_columns{Column{"pinned_by"}, Column{"pinned_seconds", int4},
                                        Column{"pinning_statement"}, Column{"waits_for"},
                                        Column{"statement"}};

constexpr auto client_columns = with_common(own_client_columns);
constexpr auto server_columns = with_common(std::array<Column, 0>{});
constexpr auto socket_columns = with_common(buffer_columns);

// PgBouncer shows addresses in memory here, by which its rows refer to each other. A client's and a
// server's number do that as well, and tell nobody where things are.
std::string handle(char kind, std::uint64_t id) {
    return id == 0 ? std::string() : kind + std::to_string(id);
}

void add_duration(Row& row, pool::Clock::duration duration) {
    constexpr std::int64_t second = 1'000'000;
    const std::int64_t us =
        std::max<std::int64_t>(std::chrono::duration_cast<microseconds>(duration).count(), 0);
    row.emplace_back(us / second);
    row.emplace_back(us % second);
}

// What a client's row and a server's have each from somewhere else.
struct Difference {
    std::string type;
    std::string request_time;
    std::optional<pool::Clock::time_point> waiting_since;
    bool close_needed = false;
    std::string ptr;
    std::string link;
};

// PgBouncer's columns for a connection, of a client or a server.
template <class View>
Row row_of(const Snapshot& snapshot, const View& view, Difference own) {
    Row row{std::move(own.type),
            view.user,
            view.database,
            std::string(protocol::name(view.replication)),
            std::string(view.state),
            view.socket.remote.address,
            std::int64_t{view.socket.remote.port},
            view.socket.local.address,
            std::int64_t{view.socket.local.port},
            snapshot.when(view.connected_at),
            std::move(own.request_time)};
    add_duration(
        row, own.waiting_since ? snapshot.now - *own.waiting_since : pool::Clock::duration::zero());
    row.insert(row.end(), {std::int64_t{own.close_needed ? 1 : 0}, std::move(own.ptr),
                           std::move(own.link), number(view.pid), view.tls, view.application_name,
                           number(view.prepared_statements), number(view.id)});
    return row;
}

Row common_row(const Snapshot& snapshot, const ClientView& client) {
    return row_of(snapshot, client,
                  {.type = "C",
                   .request_time = snapshot.when(client.request_at),
                   .waiting_since = client.waiting_since,
                   .ptr = handle('c', client.id),
                   .link = handle('s', client.server)});
}

Row common_row(const Snapshot& snapshot, const pool::ServerView& server) {
    const auto client = std::ranges::find(snapshot.clients, server.client, &ClientView::id);
    const bool has_client = server.client != 0 && client != snapshot.clients.end();
    return row_of(
        snapshot, server,
        {.type = "S",
         .request_time = snapshot.when(
             has_client ? client->request_at : std::max(server.idle_since, server.connected_at)),
         .waiting_since = has_client ? client->waiting_since : std::nullopt,
         .close_needed = server.close_needed,
         .ptr = handle('s', server.id),
         .link = handle('c', server.client)});
}

std::string reasons(pool::Pins pins) {
    std::string names;
    pins.for_each([&](pool::PinReason reason) {
        names += (names.empty() ? "" : ", ") + std::string(pool::name(reason));
    });
    return names;
}

// What a client that has no server and wants one waits for.
std::string waits_for(const Snapshot& snapshot, const ClientView& client) {
    if (client.state != "waiting") return client.waiting_since ? "the server's answer" : "";
    const auto found = std::ranges::find_if(snapshot.pools, [&](const PoolView& pool) {
        return pool.database() == client.database && pool.user() == client.server_user;
    });
    if (found == snapshot.pools.end()) return "";
    if (found->setup->paused) return "RESUME";
    if (const auto outage = found->pool->outages().current())
        return "the server: " + outage->explanation;
    const pool::Budget& budget = found->pool->budget();
    if (budget.limit() != 0 && budget.open() >= budget.limit()) {
        return "one of the pool's " + std::to_string(budget.limit()) + " servers";
    }
    return "a new server connection";
}

// One that has not said for which database it comes has no place in SHOW CLIENTS.
bool has_come_in(const ClientView& client) {
    return client.state != "login" || client.is_console;
}

Rows show_clients(const Snapshot& snapshot) {
    Rows rows;
    for (const ClientView& client : snapshot.clients) {
        if (!has_come_in(client)) continue;
        Row& row = rows.emplace_back(common_row(snapshot, client));
        if (client.pins.any()) {
            const auto held = snapshot.now - client.pinned_since;
            row.insert(row.end(), {reasons(client.pins),
                                   std::chrono::duration_cast<std::chrono::seconds>(held).count(),
                                   client.pinned_by});
        } else {
            row.resize(row.size() + 3);
        }
        row.emplace_back(waits_for(snapshot, client));
        row.emplace_back(client.statement);
    }
    return rows;
}

Rows show_servers(const Snapshot& snapshot) {
    Rows rows;
    for (const pool::ServerView& server : snapshot.servers) {
        rows.push_back(common_row(snapshot, server));
    }
    return rows;
}

// pgweir holds bytes only while they are on their way, and lends the buffers for it: there is
// nothing of it to see between two turns of a worker's loop.
void add_buffers(Row& row) {
    row.resize(row.size() + buffer_columns.size(), Cell(std::int64_t{0}));
}

template <class Predicate>
Rows sockets_where(const Snapshot& snapshot, Predicate wanted) {
    Rows rows;
    for (const ClientView& client : snapshot.clients) {
        if (wanted(client)) add_buffers(rows.emplace_back(common_row(snapshot, client)));
    }
    for (const pool::ServerView& server : snapshot.servers) {
        if (wanted(server)) add_buffers(rows.emplace_back(common_row(snapshot, server)));
    }
    return rows;
}

Rows show_sockets(const Snapshot& snapshot) {
    return sockets_where(snapshot, [](const auto&) { return true; });
}

Rows show_active_sockets(const Snapshot& snapshot) {
    return sockets_where(snapshot, [](const auto& socket) { return socket.state == "active"; });
}

constexpr std::array socket_table{
    Show{.name = "CLIENTS", .columns = client_columns, .rows = show_clients, .sockets = true},
    Show{.name = "SERVERS", .columns = server_columns, .rows = show_servers, .sockets = true},
    Show{.name = "SOCKETS", .columns = socket_columns, .rows = show_sockets, .sockets = true},
    Show{.name = "ACTIVE_SOCKETS",
         .columns = socket_columns,
         .rows = show_active_sockets,
         .sockets = true},
};

}  // namespace

std::span<const Show> socket_shows() {
    return socket_table;
}

}  // namespace pgweir::daemon::console
