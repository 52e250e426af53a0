// The one table of metrics: /metrics, `# HELP`, metrics.md and the test of names follow from it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/metrics/collector.hpp"
#include "daemon/metrics/process_statistics.hpp"
#include "pool/telling/statistics.hpp"

namespace pgweir::daemon {

enum class MetricKind : std::uint8_t { counter, gauge, histogram };
enum class Unit : std::uint8_t { none, seconds, bytes };

/// One of a pool's counters, and the value of the metric's last label that stands for it.
struct LabelledCounter {
    std::string_view label_value;
    pool::Counter pool::PoolStatistics::*counter;
};

/// Where a metric's values come from. Sources that begin with Pool give one set of values for each
/// pool, labelled with `database` and `user`; the others give one for the process.
namespace source {

struct PoolCounter {
    pool::Counter pool::PoolStatistics::*counter;
};
/// One series for each entry, told apart by one more label.
struct PoolCounters {
    std::span<const LabelledCounter> counters;
};
/// One series for each enumerator, told apart by one more label.
struct PoolReasons {
    std::size_t count;
    std::string_view (*name)(std::size_t);
    const pool::Counter& (*counter)(const pool::PoolStatistics&, std::size_t);
};
struct PoolHistogram {
    pool::DurationHistogram pool::PoolStatistics::*histogram;
};
struct PoolValue {
    unsigned PoolSample::*value;
};
struct WorkerCounter {
    pool::Counter pool::WorkerStatistics::*counter;
};
struct SampleValue {
    double (*value)(const Sample&);
};
struct Process {
    std::optional<double> ProcessStatistics::*value;
};
/// The value is 1; the labels tell.
struct BuildInfo {};

}  // namespace source

using MetricSource = std::variant<source::PoolCounter, source::PoolCounters, source::PoolReasons,
                                  source::PoolHistogram, source::PoolValue, source::WorkerCounter,
                                  source::SampleValue, source::Process, source::BuildInfo>;

struct Metric {
    std::string_view name;  ///< as exported, unit and `_total` included
    MetricKind kind;
    Unit unit;
    std::string_view label;  ///< the one beside a pool's `database` and `user`; empty for none
    std::string_view help;   ///< one sentence
    MetricSource source;
};

/// In the order in which they are exported.
[[nodiscard]] std::span<const Metric> metric_table();

/// Whether there is one series (or more) for each pool.
[[nodiscard]] bool is_per_pool(const Metric& metric);

/// The reference for operators, in Markdown: daemon/metrics/metrics.md.
[[nodiscard]] std::string metrics_reference();

}  // namespace pgweir::daemon
