#include "daemon/metrics/collector.hpp"

#include <libpq-fe.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <boost/locale/utf.hpp>
#include <cstdint>
#include <map>
#include <sstream>
#include <utility>

#include "daemon/metrics/metric_table.hpp"

namespace pgweir::daemon {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

/// The pools by what tells them apart: the values of their two labels.
using Pools = std::map<std::pair<std::string, std::string>, PoolSample>;

Pools merge_by_labels(std::vector<PoolSample>&& samples) {
    Pools pools;
    for (PoolSample& sample : samples) {
        auto key = std::pair(label_value(sample.database), label_value(sample.user));
        auto [found, is_new] = pools.try_emplace(std::move(key));
        PoolSample& pool = found->second;
        pool.pool_size = is_new ? sample.pool_size : std::max(pool.pool_size, sample.pool_size);
        pool.servers_open += sample.servers_open;
        std::ranges::move(sample.workers, std::back_inserter(pool.workers));
    }
    return pools;
}

template <typename Statistics, typename Get>
double sum(const std::vector<Statistics>& workers, Get get) {
    std::uint64_t total = 0;
    for (const auto& worker : workers) total += get(*worker).get();
    // A gauge of one worker may be below zero (that is, near 2^64) when another one counted the
    // arrival: only the sum has a meaning, and it may miss what moves while we read.
    const auto net = static_cast<std::int64_t>(total);
    return net < 0 ? 0.0 : static_cast<double>(net);
}

ClientMetric::Histogram sum_histograms(const PoolSample& pool,
                                       pool::DurationHistogram pool::PoolStatistics::*member) {
    constexpr auto& bounds = pool::DurationHistogram::bounds_us;
    ClientMetric::Histogram histogram;
    std::uint64_t cumulative = 0;
    const auto add_bucket = [&](std::size_t bucket) {
        for (const auto& worker : pool.workers) cumulative += ((*worker).*member).count(bucket);
    };
    for (std::size_t bucket = 0; bucket < bounds.size(); ++bucket) {
        add_bucket(bucket);
        histogram.bucket.push_back({cumulative, static_cast<double>(bounds[bucket]) / 1e6});
    }
    add_bucket(bounds.size());
    histogram.sample_count = cumulative;
    for (const auto& worker : pool.workers)
        histogram.sample_sum += static_cast<double>(((*worker).*member).sum_us()) / 1e6;
    return histogram;
}

MetricType type_of(MetricKind kind) {
    switch (kind) {
        case MetricKind::counter:
            return MetricType::Counter;
        case MetricKind::gauge:
            return MetricType::Gauge;
        case MetricKind::histogram:
            return MetricType::Histogram;
    }
    return MetricType::Untyped;
}

/// libpq's number, such as 150013, as people write it: 15.13.
std::string libpq_version() {
    const int version = PQlibVersion();
    return std::to_string(version / 10000) + "." + std::to_string(version % 10000);
}

/// Fills one family: called with whatever source the metric has.
class Filler {
  public:
    Filler(const Metric& metric, const Pools& pools, const Sample& sample,
           const ProcessStatistics& process)
        : metric_(metric), pools_(pools), sample_(sample), process_(process) {
        family_.name = metric.name;
        family_.help = metric.help;
        family_.type = type_of(metric.kind);
    }

    MetricFamily fill() && {
        std::visit([this](const auto& from) { add_all(from); }, metric_.source);
        return std::move(family_);
    }

  private:
    using Labels = std::vector<ClientMetric::Label>;

    template <typename PoolSource>
    void add_all(const PoolSource& from) {
        for (const auto& [key, pool] : pools_)
            add_pool(from, pool, {{"database", key.first}, {"user", key.second}});
    }
    void add_all(const source::WorkerCounter& from) {
        add(sum(
                sample_.workers, [&](const auto& s) -> auto& { return s.*from.counter; }),
            {});
    }
    void add_all(const source::SampleValue& from) { add(from.value(sample_), {}); }
    void add_all(const source::Process& from) {
        if (const std::optional<double>& value = process_.*from.value) add(*value, {});
    }
    void add_all(const source::BuildInfo&) {
        add(1, {{"version", PGWEIR_VERSION}, {"libpq", libpq_version()}, {"compiler", compiler}});
    }

    void add_pool(const source::PoolCounter& from, const PoolSample& pool, Labels labels) {
        add(sum(
                pool.workers, [&](const auto& s) -> auto& { return s.*from.counter; }),
            std::move(labels));
    }
    void add_pool(const source::PoolCounters& from, const PoolSample& pool, const Labels& labels) {
        for (const LabelledCounter& one : from.counters)
            add_pool(source::PoolCounter{one.counter}, pool, with_last(labels, one.label_value));
    }
    void add_pool(const source::PoolReasons& from, const PoolSample& pool, const Labels& labels) {
        for (std::size_t i = 0; i < from.count; ++i)
            add(sum(
                    pool.workers, [&](const auto& s) -> auto& { return from.counter(s, i); }),
                with_last(labels, from.name(i)));
    }
    void add_pool(const source::PoolHistogram& from, const PoolSample& pool, Labels labels) {
        ClientMetric& metric = family_.metric.emplace_back();
        metric.label = std::move(labels);
        metric.histogram = sum_histograms(pool, from.histogram);
    }
    void add_pool(const source::PoolValue& from, const PoolSample& pool, Labels labels) {
        add(pool.*from.value, std::move(labels));
    }

    [[nodiscard]] Labels with_last(Labels labels, std::string_view value) const {
        labels.push_back({std::string(metric_.label), std::string(value)});
        return labels;
    }

    void add(double value, Labels labels) {
        ClientMetric& metric = family_.metric.emplace_back();
        metric.label = std::move(labels);
        if (metric_.kind == MetricKind::counter) {
            metric.counter.value = value;
        } else {
            metric.gauge.value = value;
        }
    }

#ifdef __clang__
    static constexpr const char* compiler = "clang " __clang_version__;
#else
    static constexpr const char* compiler = "gcc " __VERSION__;
#endif

    const Metric& metric_;
    const Pools& pools_;
    const Sample& sample_;
    const ProcessStatistics& process_;
    MetricFamily family_;
};

/// prometheus-cpp 1.0 writes a line break in a label as a backslash and the line break itself,
/// which ends the line. Nowhere else in the text does a line end in a backslash.
void repair_line_breaks(std::string& text) {
    for (std::size_t at = 0; (at = text.find("\\\n", at)) != std::string::npos; at += 2)
        text[at + 1] = 'n';
}

}  // namespace

Collector::Collector(std::function<Sample()> sample) : sample_(std::move(sample)) {}

std::vector<MetricFamily> Collector::Collect() const {
    Sample sample = sample_();
    const Pools pools = merge_by_labels(std::move(sample.pools));
    const ProcessStatistics process = read_process_statistics();
    std::vector<MetricFamily> families;
    families.reserve(metric_table().size());
    for (const Metric& metric : metric_table()) {
        MetricFamily family = Filler(metric, pools, sample, process).fill();
        if (!family.metric.empty()) families.push_back(std::move(family));
    }
    return families;
}

std::string expose(const Collector& collector) {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, collector.Collect());
    std::string text = std::move(out).str();
    repair_line_breaks(text);
    return text;
}

std::string label_value(std::string_view value) {
    using Utf8 = boost::locale::utf::utf_traits<char>;
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    const char* const end = value.data() + value.size();
    for (const char* at = value.data(); at != end;) {
        const char* next = at;
        const auto point = Utf8::decode(next, end);
        if (point == boost::locale::utf::illegal || point == boost::locale::utf::incomplete) {
            const auto byte = static_cast<unsigned char>(*at++);
            out.append("\\x").append(1, digits[byte >> 4U]).append(1, digits[byte & 15U]);
            continue;
        }
        out.append(at, next);
        at = next;
    }
    return out;
}

}  // namespace pgweir::daemon
