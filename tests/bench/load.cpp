// Clients that ask one short statement again and again, and cost as little as clients can: what
// they wait for is the other side.
//
//     load [--clients N] [--threads N] [--seconds N] [--mode simple|extended|prepared]
//          [--pipeline K] [--rate R] HOST PORT
//
// Prints one line of JSON. Ends with 1 and a message at the first error.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <future>
#include <map>
#include <vector>

#include "load_client.hpp"
#include "program.hpp"

namespace pgweir::bench {
namespace {

struct Options {
    std::string host;
    std::uint16_t port = 0;
    std::size_t clients = 8;
    std::size_t threads = 1;
    double seconds = 5;
    std::string mode = "simple";
    std::size_t pipeline = 1;
    double rate = 0;
    std::string user = "app";
    std::string database = "app";
    Statement statement{.query = "SELECT abalance FROM pgbench_accounts WHERE aid = $1;",
                        .value = "4711"};
};

const std::map<std::string, Mode> modes{
    {"simple", Mode::simple}, {"extended", Mode::extended}, {"prepared", Mode::prepared}};

void add_options(CLI::App& app, Options& options) {
    const auto add = [&app](const char* name, auto& value, const char* about) {
        return app.add_option(name, value, about)->capture_default_str();
    };
    add("--clients", options.clients, "connections")->check(CLI::Range(1, 100'000));
    add("--threads", options.threads, "that carry them")->check(CLI::Range(1, 64));
    add("--seconds", options.seconds, "how long")->check(CLI::PositiveNumber);
    add("--mode", options.mode, "how the statement is run: simple, extended or prepared")
        ->check(CLI::IsMember({"simple", "extended", "prepared"}));
    // More would fill the buffers of the sockets: then both sides write and nobody reads.
    add("--pipeline", options.pipeline, "transactions sent in one go")->check(CLI::Range(1, 500));
    add("--rate", options.rate,
        "transactions per second in all, with latencies from when each was to begin; 0: each client"
        " sends as soon as it has its answer")
        ->check(CLI::NonNegativeNumber);
    add("--user", options.user, "to log in as; the server must ask for no password");
    add("--database", options.database, "to log in to");
    add("--query", options.statement.query, "the statement, with at most one parameter, $1");
    add("--value", options.statement.value, "of that parameter");
    app.add_option("host", options.host, "where to connect to")->required();
    app.add_option("port", options.port, "where to connect to")->required();
}

// The clients are dealt out in turn, and log in before the first of them begins.
std::list<LoadThread> connect_all(const Options& options, const Requests& requests) {
    std::list<LoadThread> threads;
    for (std::size_t i = 0; i < options.threads; ++i) threads.emplace_back(options.pipeline);
    auto next = threads.begin();
    for (std::size_t i = 0; i < options.clients; ++i) {
        next->add(connect_to(options.host, options.port), requests);
        if (++next == threads.end()) next = threads.begin();
    }
    return threads;
}

// Each thread begins its share of the batches, evenly between those of the others.
Pace pace_of(const Options& options, Clock::time_point start, std::size_t thread) {
    if (options.rate == 0) return {start, std::nullopt};
    const double between = 1e9 * static_cast<double>(options.pipeline) / options.rate;
    const auto nanoseconds = [](double count) {
        return std::chrono::nanoseconds(static_cast<std::int64_t>(count));
    };
    return {start + nanoseconds(between * static_cast<double>(thread)),
            nanoseconds(between * static_cast<double>(options.threads))};
}

Measured measure(std::list<LoadThread>& threads, const Options& options) {
    const Clock::time_point start = Clock::now();
    const auto end =
        start + std::chrono::nanoseconds(static_cast<std::int64_t>(options.seconds * 1e9));
    std::vector<std::future<Measured>> running;
    for (LoadThread& thread : threads) {
        const Pace pace = pace_of(options, start, running.size());
        running.push_back(
            std::async(std::launch::async, [&thread, pace, end] { return thread.run(pace, end); }));
    }
    Measured all;
    for (auto& one : running) {
        const Measured measured = one.get();
        all.latencies.add(measured.latencies);
        all.overdue += measured.overdue;
    }
    return all;
}

void print(const Measured& measured, double seconds) {
    const Latencies& latencies = measured.latencies;
    std::printf(
        "{\"transactions\": %llu, \"tps\": %.1f, \"overdue\": %zu, \"latency_us\": "
        "{\"mean\": %.1f, \"p50\": %.1f, \"p95\": %.1f, \"p99\": %.1f}}\n",
        static_cast<unsigned long long>(latencies.count()),
        static_cast<double>(latencies.count()) / seconds, measured.overdue, latencies.mean(),
        latencies.quantile(0.5), latencies.quantile(0.95), latencies.quantile(0.99));
}

int run(int argc, char** argv) {
    CLI::App app{"Asks one short statement again and again, over many connections"};
    Options options;
    add_options(app, options);
    CLI11_PARSE(app, argc, argv);
    const Requests requests = make_requests(modes.at(options.mode), options.statement,
                                            options.pipeline, options.user, options.database);
    std::list<LoadThread> threads = connect_all(options, requests);
    print(measure(threads, options), options.seconds);
    return 0;
}

}  // namespace
}  // namespace pgweir::bench

int main(int argc, char** argv) {
    return pgweir::bench::run_program("load", pgweir::bench::run, argc, argv);
}
