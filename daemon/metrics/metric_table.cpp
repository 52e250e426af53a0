#include "daemon/metrics/metric_table.hpp"

#include <array>

#include "daemon/metrics/reason_names.hpp"

namespace pgweir::daemon {
namespace {

using pool::PoolStatistics;
using pool::WorkerStatistics;
using enum MetricKind;
using enum Unit;

constexpr std::array client_states{
    LabelledCounter{"active", &PoolStatistics::clients_active},
    LabelledCounter{"idle", &PoolStatistics::clients_idle},
    LabelledCounter{"waiting", &PoolStatistics::clients_waiting},
};

constexpr std::array server_states{
    LabelledCounter{"active", &PoolStatistics::servers_active},
    LabelledCounter{"idle", &PoolStatistics::servers_idle},
    LabelledCounter{"login", &PoolStatistics::servers_login},
    LabelledCounter{"reset", &PoolStatistics::servers_reset},
};

template <typename Enum, pool::CounterPer<Enum> PoolStatistics::*Counters>
constexpr source::PoolReasons reasons() {
    return {
        .count = static_cast<std::size_t>(Enum::count_),
        .name = [](std::size_t i) { return name(static_cast<Enum>(i)); },
        .counter = [](const PoolStatistics& statistics, std::size_t i) -> const pool::Counter& {
            return (statistics.*Counters)[i];
        },
    };
}

constexpr source::SampleValue draining{
    [](const Sample& sample) { return sample.draining ? 1.0 : 0.0; }};
constexpr source::SampleValue worker_count{
    [](const Sample& sample) { return static_cast<double>(sample.workers.size()); }};
constexpr source::SampleValue client_limit{
    [](const Sample& sample) { return static_cast<double>(sample.max_client_conn); }};
constexpr source::SampleValue client_tls_expiry{
    [](const Sample& sample) { return sample.client_tls_expiry; }};

using source::PoolCounter;
using source::PoolCounters;
using source::PoolHistogram;
using source::PoolValue;
using source::Process;
using source::WorkerCounter;

// clang-format off
const Metric table[] = {
    // What is there now.
    {"pgweir_clients", gauge, none, "state",
     "Clients logged in: active (have a server), idle (want none), waiting (in the queue for one).",
     PoolCounters{client_states}},
    {"pgweir_servers", gauge, none, "state",
     "Server connections: active (lent to a client), idle, login (connecting), reset (being cleaned).",
     PoolCounters{server_states}},
    {"pgweir_clients_pinned", gauge, none, "reason",
     "Clients that keep their server over transactions, by what they have that cannot follow them.",
     reasons<pool::PinReason, &PoolStatistics::clients_pinned>()},
    {"pgweir_listening_clients", gauge, none, "",
     "Clients that listen for notifications (LISTEN), in transaction pooling.",
     PoolCounter{&PoolStatistics::listening_clients}},
    {"pgweir_servers_dedicated", gauge, none, "",
     "Active server connections made for one client alone (replication), beside the pool's limit.",
     PoolCounter{&PoolStatistics::servers_dedicated}},
    {"pgweir_pool_servers_open", gauge, none, "",
     "Server connections that count against the pool's limit, on all workers.",
     PoolValue{&PoolSample::servers_open}},
    {"pgweir_pool_servers_limit", gauge, none, "",
     "Server connections the pool may have (default_pool_size or pool_size); 0 for no limit.",
     PoolValue{&PoolSample::pool_size}},

    // What has been done.
    {"pgweir_client_logins_total", counter, none, "",
     "Clients that logged in.",
     PoolCounter{&PoolStatistics::client_logins}},
    {"pgweir_server_logins_total", counter, none, "",
     "Server connections that became usable.",
     PoolCounter{&PoolStatistics::server_logins}},
    {"pgweir_server_login_failures_total", counter, none, "",
     "Attempts to connect to a server that failed.",
     PoolCounter{&PoolStatistics::server_login_failures}},
    {"pgweir_leases_total", counter, none, "",
     "Times a server was lent to a client.",
     PoolCounter{&PoolStatistics::leases}},
    {"pgweir_queries_total", counter, none, "",
     "Requests answered up to ReadyForQuery.",
     PoolCounter{&PoolStatistics::queries}},
    {"pgweir_transactions_total", counter, none, "",
     "Transactions ended, those of a single statement included.",
     PoolCounter{&PoolStatistics::transactions}},
    {"pgweir_errors_total", counter, none, "",
     "ErrorResponse messages passed on to clients.",
     PoolCounter{&PoolStatistics::errors}},
    {"pgweir_client_received_bytes_total", counter, bytes, "",
     "Bytes received from clients.",
     PoolCounter{&PoolStatistics::client_bytes_received}},
    {"pgweir_client_sent_bytes_total", counter, bytes, "",
     "Bytes sent to clients.",
     PoolCounter{&PoolStatistics::client_bytes_sent}},
    {"pgweir_server_received_bytes_total", counter, bytes, "",
     "Bytes received from servers.",
     PoolCounter{&PoolStatistics::server_bytes_received}},
    {"pgweir_server_sent_bytes_total", counter, bytes, "",
     "Bytes sent to servers.",
     PoolCounter{&PoolStatistics::server_bytes_sent}},
    {"pgweir_client_parses_total", counter, none, "",
     "Parse messages of clients.",
     PoolCounter{&PoolStatistics::client_parses}},
    {"pgweir_server_parses_total", counter, none, "",
     "Parse messages sent to servers: less than the clients' where a server has the statement.",
     PoolCounter{&PoolStatistics::server_parses}},
    {"pgweir_binds_total", counter, none, "",
     "Bind messages of clients.",
     PoolCounter{&PoolStatistics::binds}},
    {"pgweir_cancels_total", counter, none, "",
     "CancelRequests carried to a server.",
     PoolCounter{&PoolStatistics::cancels}},
    {"pgweir_reserve_connections_total", counter, none, "",
     "Server connections opened beyond the pool's size (reserve_pool_size).",
     PoolCounter{&PoolStatistics::reserve_connections}},
    {"pgweir_steals_total", counter, none, "",
     "Idle servers that one worker took over from another.",
     PoolCounter{&PoolStatistics::steals}},
    {"pgweir_pins_total", counter, none, "reason",
     "Times a client came to keep its server over transactions, by reason.",
     reasons<pool::PinReason, &PoolStatistics::pins>()},
    {"pgweir_session_state_questions_total", counter, none, "",
     "Times a server was asked what its session has, after a transaction that may have changed it.",
     PoolCounter{&PoolStatistics::state_questions}},
    {"pgweir_plans_renewed_total", counter, none, "",
     "Statements that a server has read again, as its reading was older than the client's Parse.",
     PoolCounter{&PoolStatistics::plans_renewed}},
    {"pgweir_session_state_leaks_total", counter, none, "",
     "Sessions found changed though nothing seen could have changed them (verify_session_state).",
     PoolCounter{&PoolStatistics::session_state_leaks}},
    {"pgweir_notifications_total", counter, none, "",
     "Notifications given to clients, one for each client that gets it.",
     PoolCounter{&PoolStatistics::notifications}},
    {"pgweir_notification_interruptions_total", counter, none, "",
     "Times the connection that listens for the clients was lost and came back.",
     PoolCounter{&PoolStatistics::notification_interruptions}},
    {"pgweir_timeouts_total", counter, none, "timeout",
     "Connections, queries and waits ended by a limit of time, by the option that set it.",
     reasons<pool::Timeout, &PoolStatistics::timeouts>()},
    {"pgweir_client_closes_total", counter, none, "reason",
     "Client connections that ended, by reason.",
     reasons<pool::ClientClose, &PoolStatistics::client_closes>()},
    {"pgweir_server_closes_total", counter, none, "reason",
     "Server connections that ended, by reason.",
     reasons<pool::ServerClose, &PoolStatistics::server_closes>()},

    // How long it took.
    {"pgweir_client_wait_seconds", histogram, seconds, "",
     "Time clients waited for a server, 0 where one was idle.",
     PoolHistogram{&PoolStatistics::wait}},
    {"pgweir_query_seconds", histogram, seconds, "",
     "Time from a request to its ReadyForQuery.",
     PoolHistogram{&PoolStatistics::query}},
    {"pgweir_transaction_seconds", histogram, seconds, "",
     "Time from the first request of a transaction to its end.",
     PoolHistogram{&PoolStatistics::transaction}},
    {"pgweir_server_connect_seconds", histogram, seconds, "",
     "Time from the start of a server connection until it was usable.",
     PoolHistogram{&PoolStatistics::server_connect}},

    // What belongs to no pool.
    {"pgweir_client_connections", gauge, none, "",
     "Client connections, logged in or not.",
     WorkerCounter{&WorkerStatistics::clients}},
    {"pgweir_client_connections_limit", gauge, none, "",
     "Client connections allowed (max_client_conn).",
     client_limit},
    {"pgweir_logins_refused_total", counter, none, "",
     "Client connections closed before a pool was known: limits, unknown database, nonsense.",
     WorkerCounter{&WorkerStatistics::logins_refused}},
    {"pgweir_logins_crowded_out_total", counter, none, "",
     "Client connections closed before they had logged in, to make room for others "
     "(max_login_conn, or descriptors that ran out).",
     WorkerCounter{&WorkerStatistics::logins_crowded_out}},
    {"pgweir_login_timeouts_total", counter, none, "",
     "Client connections closed by client_login_timeout before a pool was known.",
     WorkerCounter{&WorkerStatistics::login_timeouts}},
    {"pgweir_authentications_failed_total", counter, none, "",
     "Clients that did not prove who they are, or that no rule lets in.",
     WorkerCounter{&WorkerStatistics::authentications_failed}},
    {"pgweir_authentications_blocked_total", counter, none, "",
     "Times that failed logins of one user from one address reached auth_failure_limit.",
     WorkerCounter{&WorkerStatistics::authentications_blocked}},
    {"pgweir_tls_handshakes_failed_total", counter, none, "",
     "TLS handshakes of clients that came to nothing.",
     WorkerCounter{&WorkerStatistics::tls_handshakes_failed}},
    {"pgweir_client_tls_certificate_expiry_timestamp_seconds", gauge, seconds, "",
     "When the certificate that clients are shown expires, since 1970; 0 without TLS.",
     client_tls_expiry},
    {"pgweir_console_logins_total", counter, none, "",
     "Clients of the console that were let in.",
     WorkerCounter{&WorkerStatistics::console_logins}},
    {"pgweir_console_askers_total", counter, none, "",
     "Clients of the console that have asked something.",
     WorkerCounter{&WorkerStatistics::console_askers}},
    {"pgweir_cancel_requests_total", counter, none, "",
     "CancelRequests received from clients.",
     WorkerCounter{&WorkerStatistics::cancel_requests}},
    {"pgweir_cancel_requests_unknown_total", counter, none, "",
     "CancelRequests received whose key belongs to no client.",
     WorkerCounter{&WorkerStatistics::cancel_requests_unknown}},
    {"pgweir_workers", gauge, none, "",
     "Threads that carry clients.",
     worker_count},
    {"pgweir_draining", gauge, none, "",
     "1 while pgweir finishes its work to stop, otherwise 0.",
     draining},
    {"pgweir_build_info", gauge, none, "version, libpq, compiler",
     "Always 1; the labels tell what this program was made of and the libpq it runs with.",
     source::BuildInfo{}},

    // The names every Prometheus client library uses, so that common dashboards work.
    {"process_cpu_seconds_total", counter, seconds, "",
     "CPU time used by all threads, user and system.",
     Process{&ProcessStatistics::cpu_seconds}},
    {"process_resident_memory_bytes", gauge, bytes, "",
     "Memory in use (resident set).",
     Process{&ProcessStatistics::resident_memory_bytes}},
    {"process_virtual_memory_bytes", gauge, bytes, "",
     "Address space in use.",
     Process{&ProcessStatistics::virtual_memory_bytes}},
    {"process_open_fds", gauge, none, "",
     "Open file descriptors.",
     Process{&ProcessStatistics::open_fds}},
    {"process_max_fds", gauge, none, "",
     "File descriptors that may be open (the soft limit).",
     Process{&ProcessStatistics::max_fds}},
    {"process_threads", gauge, none, "",
     "Threads of the process.",
     Process{&ProcessStatistics::threads}},
    {"process_start_time_seconds", gauge, seconds, "",
     "When the process started, in seconds since the epoch.",
     Process{&ProcessStatistics::start_time_seconds}},
};
// clang-format on

std::string_view name(MetricKind kind) {
    switch (kind) {
        case counter:
            return "counter";
        case gauge:
            return "gauge";
        case histogram:
            return "histogram";
    }
    return "";
}

std::string_view name(Unit unit) {
    switch (unit) {
        case none:
            return "";
        case seconds:
            return "seconds";
        case bytes:
            return "bytes";
    }
    return "";
}

std::string labels(const Metric& metric) {
    std::string all = is_per_pool(metric) ? "database, user" : "";
    if (!metric.label.empty()) all.append(all.empty() ? "" : ", ").append(metric.label);
    return all;
}

/// The values the extra label takes, in words; empty if there are none to list.
std::string label_values(const Metric& metric) {
    std::string values;
    const auto add = [&](std::string_view value) {
        values.append(values.empty() ? "" : ", ").append("`").append(value).append("`");
    };
    if (const auto* reasons = std::get_if<source::PoolReasons>(&metric.source))
        for (std::size_t i = 0; i < reasons->count; ++i) add(reasons->name(i));
    if (const auto* states = std::get_if<source::PoolCounters>(&metric.source))
        for (const LabelledCounter& state : states->counters) add(state.label_value);
    return values;
}

void append_row(std::string& out, const Metric& metric) {
    out.append("| `").append(metric.name).append("` | ").append(name(metric.kind)).append(" | ");
    out.append(name(metric.unit)).append(" | ").append(labels(metric)).append(" | ");
    out.append(metric.help);
    const std::string values = label_values(metric);
    if (!values.empty()) out.append(" `").append(metric.label).append("`: ").append(values);
    out.append(values.empty() ? " |\n" : ". |\n");
}

}  // namespace

std::span<const Metric> metric_table() {
    return table;
}

bool is_per_pool(const Metric& metric) {
    return std::visit(
        []<typename Source>(const Source&) {
            return std::is_same_v<Source, source::PoolCounter> ||
                   std::is_same_v<Source, source::PoolCounters> ||
                   std::is_same_v<Source, source::PoolReasons> ||
                   std::is_same_v<Source, source::PoolHistogram> ||
                   std::is_same_v<Source, source::PoolValue>;
        },
        metric.source);
}

std::string metrics_reference() {
    std::string out =
        "# Metrics\n\n"
        "What pgweir tells Prometheus at `http://<http>/metrics`. Made from the table in\n"
        "`daemon/metrics/metric_table.cpp`: change it there.\n\n"
        "A pool is a database and a user; metrics with these labels have one series (or more) for "
        "each\npool. Counters start at 0 with the process, or with their pool. The buckets of "
        "histograms reach from\n50 microseconds to 60 seconds.\n\n"
        "| name | kind | unit | labels | meaning |\n|---|---|---|---|---|\n";
    for (const Metric& metric : metric_table()) append_row(out, metric);
    return out;
}

}  // namespace pgweir::daemon
