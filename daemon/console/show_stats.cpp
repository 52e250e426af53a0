// SHOW STATS and its kin: what was counted, for each database and in all.
#include <array>
#include <cstdint>

#include "daemon/console/shows.hpp"

namespace pgweir::daemon::console {

namespace {

constexpr std::array stats_columns{
    Column{"database"},
    Column{"total_server_assignment_count", numeric},
    Column{"total_xact_count", numeric},
    Column{"total_query_count", numeric},
    Column{"total_received", numeric},
    Column{"total_sent", numeric},
    Column{"total_xact_time", numeric},
    Column{"total_query_time", numeric},
    Column{"total_wait_time", numeric},
    Column{"total_client_parse_count", numeric},
    Column{"total_server_parse_count", numeric},
    Column{"total_bind_count", numeric},
    Column{"total_client_login_count", numeric},
    Column{"avg_server_assignment_count", numeric},
    Column{"avg_xact_count", numeric},
    Column{"avg_query_count", numeric},
    Column{"avg_recv", numeric},
    Column{"avg_sent", numeric},
    Column{"avg_xact_time", numeric},
    Column{"avg_query_time", numeric},
    Column{"avg_wait_time", numeric},
    Column{"avg_client_parse_count", numeric},
    Column{"avg_server_parse_count", numeric},
    Column{"avg_bind_count", numeric},
    Column{"avg_client_login_count", numeric},
    Column{"total_requests", numeric},  // queries, by the name before PgBouncer 1.8
};

constexpr std::array stats_totals_columns{
    Column{"database"},
    Column{"server_assignment_count", numeric},
    Column{"xact_count", numeric},
    Column{"query_count", numeric},
    Column{"bytes_received", numeric},
    Column{"bytes_sent", numeric},
    Column{"xact_time", numeric},
    Column{"query_time", numeric},
    Column{"wait_time", numeric},
    Column{"client_parse_count", numeric},
    Column{"server_parse_count", numeric},
    Column{"bind_count", numeric},
    Column{"client_login_count", numeric},
};

constexpr std::array stats_averages_columns{
    Column{"database"},
    Column{"server_assignment_count", numeric},
    Column{"xact_count", numeric},
    Column{"query_count", numeric},
    Column{"bytes_received", numeric},
    Column{"bytes_sent", numeric},
    Column{"xact_time", numeric},
    Column{"query_time", numeric},
    Column{"wait_time", numeric},
    Column{"avg_client_parse_count", numeric},
    Column{"avg_server_parse_count", numeric},
    Column{"avg_bind_count", numeric},
    Column{"avg_client_login_count", numeric},
};

constexpr std::array totals_columns{Column{"name"}, Column{"value", numeric}};

// What SHOW TOTALS calls them, behind `total_` and `avg_`.
constexpr std::array<std::string_view, number_of_stats> names_in_totals{"server_assignment_count",
                                                                        "xact_count",
                                                                        "query_count",
                                                                        "client_bytes",
                                                                        "server_bytes",
                                                                        "xact_time",
                                                                        "query_time",
                                                                        "wait_time",
                                                                        "ps_client_parse_count",
                                                                        "ps_server_parse_count",
                                                                        "ps_bind_count",
                                                                        "client_login_count"};

void add(Row& row, const Totals& totals) {
    for (const std::uint64_t value : totals.values) row.push_back(number(value));
}

// A row for each database: its name, then what `add_values(row, database, totals)` adds.
template <class AddValues>
Rows rows_by_database(const Snapshot& snapshot, AddValues add_values) {
    Rows rows;
    for (const auto& [database, totals] : totals_by_database(snapshot.pools, snapshot.workers)) {
        Row& row = rows.emplace_back();
        row.emplace_back(database);
        add_values(row, database, totals);
    }
    return rows;
}

Rows show_stats(const Snapshot& snapshot) {
    return rows_by_database(snapshot,
                            [&](Row& row, const std::string& database, const Totals& totals) {
                                add(row, totals);
                                add(row, snapshot.averages->of(database));
                                row.push_back(number(totals[Stat::queries]));
                            });
}

Rows show_stats_totals(const Snapshot& snapshot) {
    return rows_by_database(
        snapshot, [](Row& row, const std::string&, const Totals& totals) { add(row, totals); });
}

Rows show_stats_averages(const Snapshot& snapshot) {
    return rows_by_database(snapshot, [&](Row& row, const std::string& database, const Totals&) {
        add(row, snapshot.averages->of(database));
    });
}

Rows show_totals(const Snapshot& snapshot) {
    Totals sum;
    for (const auto& [database, totals] : totals_by_database(snapshot.pools, snapshot.workers))
        sum.add(totals);
    const Totals averages = snapshot.averages->of_all();
    Rows rows;
    const auto add_rows = [&](const std::string& prefix, const Totals& totals) {
        for (std::size_t i = 0; i < number_of_stats; ++i) {
            rows.push_back({prefix + std::string(names_in_totals[i]), number(totals.values[i])});
        }
    };
    add_rows("total_", sum);
    add_rows("avg_", averages);
    return rows;
}

constexpr std::array stats_table{
    Show{.name = "STATS", .columns = stats_columns, .rows = show_stats},
    Show{.name = "STATS_TOTALS", .columns = stats_totals_columns, .rows = show_stats_totals},
    Show{.name = "STATS_AVERAGES", .columns = stats_averages_columns, .rows = show_stats_averages},
    Show{.name = "TOTALS", .columns = totals_columns, .rows = show_totals},
};

}  // namespace

std::span<const Show> stats_shows() {
    return stats_table;
}

}  // namespace pgweir::daemon::console
