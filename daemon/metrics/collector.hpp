// From the workers' counters to what a scraper reads.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pool/telling/statistics.hpp"

namespace pgweir::daemon {

/// What there is to tell about one pool.
struct PoolSample {
    std::string database;
    std::string user;
    unsigned pool_size = 0;     ///< the limit of servers; 0: no limit
    unsigned servers_open = 0;  ///< servers that count against the limit, over all workers
    /// One for each worker that has this pool. Shared, as the pool may be removed meanwhile.
    std::vector<std::shared_ptr<const pool::PoolStatistics>> workers;
};

/// What there is to tell about the process.
struct Sample {
    std::vector<PoolSample> pools;
    std::vector<const pool::WorkerStatistics*> workers;  ///< must outlive the Collector
    bool draining = false;
    unsigned max_client_conn = 0;
    double client_tls_expiry = 0;  ///< seconds since 1970; 0: no TLS
};

/// Sums over the workers when asked. Collect() may be called from any thread that may call the
/// function given; it only reads atomics, so no worker notices. A pool that appears twice (an old
/// one that drains beside its successor) is shown once, summed: two series with equal labels would
/// make Prometheus refuse the whole scrape.
class Collector : public prometheus::Collectable {
  public:
    explicit Collector(std::function<Sample()> sample);

    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;

  private:
    std::function<Sample()> sample_;
};

/// The text exposition format, version 0.0.4, as served at /metrics.
[[nodiscard]] std::string expose(const Collector& collector);

/// A value as a label can carry it: bytes that are not UTF-8 become `\xNN`, as Prometheus refuses
/// a scrape that holds any, and PostgreSQL's names need not be UTF-8.
[[nodiscard]] std::string label_value(std::string_view value);

}  // namespace pgweir::daemon
