#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include "daemon/metrics/collector.hpp"
#include "daemon/metrics/metric_table.hpp"
#include "daemon/metrics/reason_names.hpp"

namespace pgweir::daemon {
namespace {

using namespace std::chrono_literals;
using pool::PoolStatistics;
using pool::WorkerStatistics;
using testing::HasSubstr;
using testing::Not;

/// One pool on two workers, to be counted in by the tests.
class Metrics : public testing::Test {
  protected:
    Metrics() {
        sample_.pools.push_back({.database = "app",
                                 .user = "alice",
                                 .pool_size = 4,
                                 .servers_open = 3,
                                 .workers = {first_, second_}});
        sample_.workers = {&first_worker_, &second_worker_};
        sample_.max_client_conn = 100;
    }

    [[nodiscard]] std::string text() const {
        return expose(Collector([this] { return sample_; }));
    }

    std::shared_ptr<PoolStatistics> first_ = std::make_shared<PoolStatistics>();
    std::shared_ptr<PoolStatistics> second_ = std::make_shared<PoolStatistics>();
    WorkerStatistics first_worker_;
    WorkerStatistics second_worker_;
    Sample sample_;
};

TEST_F(Metrics, CountersOfAllWorkersAreSummed) {
    first_->queries.add(2);
    second_->queries.add(40);
    first_worker_.clients.add(5);
    second_worker_.clients.add(6);
    EXPECT_THAT(text(), HasSubstr("pgweir_queries_total{database=\"app\",user=\"alice\"} 42\n"));
    EXPECT_THAT(text(), HasSubstr("pgweir_client_connections 11\n"));
}

TEST_F(Metrics, LargeCountersAreExact) {
    first_->client_bytes_received.add(123'456'789'012'345);
    EXPECT_THAT(text(),
                HasSubstr("bytes_total{database=\"app\",user=\"alice\"} 123456789012345\n"));
}

TEST_F(Metrics, AGaugeThatMovedBetweenWorkersIsNeverNegative) {
    first_->servers_idle.add(1);
    second_->servers_idle.subtract(1);
    EXPECT_THAT(text(),
                HasSubstr("pgweir_servers{database=\"app\",user=\"alice\",state=\"idle\"} 0\n"));
    second_->servers_idle.subtract(1);
    EXPECT_THAT(text(),
                HasSubstr("pgweir_servers{database=\"app\",user=\"alice\",state=\"idle\"} 0\n"));
}

TEST_F(Metrics, ReasonsAreALabel) {
    second_->timeouts[static_cast<std::size_t>(pool::Timeout::query_wait_timeout)].add(7);
    EXPECT_THAT(text(), HasSubstr("pgweir_timeouts_total{database=\"app\",user=\"alice\","
                                  "timeout=\"query_wait_timeout\"} 7\n"));
}

TEST_F(Metrics, HistogramsAreCumulativeAndInSeconds) {
    first_->wait.observe(70us);
    first_->wait.observe(2ms);
    second_->wait.observe(2ms);
    second_->wait.observe(90s);
    const std::string all = text();
    const std::string labels = R"({database="app",user="alice")";
    const std::string name = "pgweir_client_wait_seconds";
    for (const char* line :
         {"_bucket{L,le=\"5e-05\"} 0\n", "_bucket{L,le=\"0.0001\"} 1\n",
          "_bucket{L,le=\"0.001\"} 1\n", "_bucket{L,le=\"0.0025\"} 3\n", "_bucket{L,le=\"60\"} 3\n",
          "_bucket{L,le=\"+Inf\"} 4\n", "_count{L} 4\n"}) {
        std::string wanted = name + line;
        wanted.replace(wanted.find("{L"), 2, labels);
        EXPECT_THAT(all, HasSubstr(wanted));
    }
    const std::string sum = name + "_sum" + labels + "} ";
    EXPECT_NEAR(std::stod(all.substr(all.find(sum) + sum.size())), 90.00407, 1e-9);
}

TEST_F(Metrics, LimitsAndStateOfTheProcessAreShown) {
    sample_.draining = true;
    const std::string all = text();
    EXPECT_THAT(all, HasSubstr("pgweir_pool_servers_limit{database=\"app\",user=\"alice\"} 4\n"));
    EXPECT_THAT(all, HasSubstr("pgweir_pool_servers_open{database=\"app\",user=\"alice\"} 3\n"));
    EXPECT_THAT(all, HasSubstr("pgweir_client_connections_limit 100\n"));
    EXPECT_THAT(all, HasSubstr("pgweir_draining 1\n"));
    EXPECT_THAT(all, HasSubstr("pgweir_workers 2\n"));
    EXPECT_THAT(all, HasSubstr("pgweir_build_info{version=\"" PGWEIR_VERSION "\",libpq=\"1"));
}

TEST_F(Metrics, WithoutPoolsTheRestIsStillTold) {
    sample_.pools.clear();
    EXPECT_THAT(text(), HasSubstr("process_open_fds "));
    EXPECT_THAT(text(), Not(HasSubstr("pgweir_queries_total")));
}

TEST_F(Metrics, NamesWithQuotesAndLineBreaksAreEscaped) {
    sample_.pools[0].database = "a\"b\\c\nd\\\ne";
    EXPECT_THAT(text(),
                HasSubstr(R"(pgweir_queries_total{database="a\"b\\c\nd\\\ne",user="alice"} 0)"));
}

TEST_F(Metrics, NamesThatAreNotUtf8AreShownAsBytes) {
    sample_.pools[0].database = "m\xfcller";
    sample_.pools[0].user = "m\xc3\xbcller\xc3";
    EXPECT_THAT(text(), HasSubstr("{database=\"m\\\\xFCller\",user=\"müller\\\\xC3\"}"));
}

TEST_F(Metrics, APoolThatAppearsTwiceIsShownOnce) {
    PoolSample successor = sample_.pools[0];
    successor.pool_size = 10;
    successor.workers = {second_};
    sample_.pools[0].workers = {first_};
    sample_.pools.push_back(successor);
    first_->queries.add(1);
    second_->queries.add(2);
    const std::string all = text();
    EXPECT_THAT(all, HasSubstr("pgweir_queries_total{database=\"app\",user=\"alice\"} 3\n"));
    EXPECT_THAT(all, HasSubstr("pgweir_pool_servers_limit{database=\"app\",user=\"alice\"} 10\n"));
    EXPECT_THAT(all, HasSubstr("pgweir_pool_servers_open{database=\"app\",user=\"alice\"} 6\n"));
    std::istringstream lines(all);
    std::set<std::string> series;
    for (std::string line; std::getline(lines, line);) {
        const std::string name_and_labels = line.substr(0, line.rfind(' '));
        if (!line.starts_with('#')) {
            EXPECT_TRUE(series.insert(name_and_labels).second) << line;
        }
    }
}

/// Prometheus' own opinion of names, units, help and form (Debian's package prometheus).
TEST_F(Metrics, PromtoolFindsNothingToSay) {
    if (std::system("command -v promtool >/dev/null") != 0) GTEST_SKIP() << "no promtool here";
    sample_.pools[0].database = "a\"b\\c\nd\xfc";
    std::string path = testing::TempDir() + "pgweir-metrics-XXXXXX";
    close(mkstemp(path.data()));
    std::ofstream(path) << text();
    std::FILE* promtool = popen(("promtool check metrics 2>&1 < " + path).c_str(), "r");
    ASSERT_NE(promtool, nullptr);
    std::string said;
    for (int c = 0; (c = std::fgetc(promtool)) != EOF;) said += static_cast<char>(c);
    EXPECT_EQ(pclose(promtool), 0);
    EXPECT_EQ(said, "");
    std::remove(path.c_str());
}

/// The committed file, or, to make it anew, what it should hold: PGWEIR_REGENERATE=1.
std::string committed(const std::string& path, const std::string& wanted) {
    const std::string full = std::string(PGWEIR_SOURCE_DIR) + "/" + path;
    if (const char* regenerate = std::getenv("PGWEIR_REGENERATE");
        regenerate != nullptr && std::string_view(regenerate) == "1")
        std::ofstream(full) << wanted;
    std::ifstream file(full);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// A metric that vanishes or changes its name breaks dashboards and alerts we never see: that is a
/// decision, with a line in CHANGELOG.md, and not an accident.
TEST_F(Metrics, TheExportedNamesAreTheCommittedOnes) {
    std::set<std::string> names;
    std::istringstream lines(text());
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("# TYPE ")) names.insert(line.substr(7));
    std::string list;
    for (const std::string& name : names) list += name + "\n";
    EXPECT_EQ(list, committed("tests/unit/daemon/metric_names.txt", list));
}

TEST_F(Metrics, TheReferenceIsUpToDate) {
    EXPECT_EQ(metrics_reference(), committed("daemon/metrics/metrics.md", metrics_reference()));
}

TEST(MetricTable, EachMetricIsTheOnlyOneOfItsNameAndExplained) {
    std::set<std::string_view> names;
    for (const Metric& metric : metric_table()) {
        EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
        EXPECT_TRUE(metric.help.ends_with('.')) << metric.name;
        EXPECT_EQ(metric.kind == MetricKind::counter, metric.name.ends_with("_total"))
            << metric.name;
    }
}

/// A new counter that nobody exports is found here.
TEST(MetricTable, HasARowForEveryCounter) {
    std::size_t counters = 0;
    for (const Metric& metric : metric_table()) {
        if (std::holds_alternative<source::PoolCounter>(metric.source)) ++counters;
        if (const auto* states = std::get_if<source::PoolCounters>(&metric.source))
            counters += states->counters.size();
        if (const auto* reasons = std::get_if<source::PoolReasons>(&metric.source))
            counters += reasons->count;
        if (std::holds_alternative<source::PoolHistogram>(metric.source))
            counters += sizeof(pool::DurationHistogram) / sizeof(pool::Counter);
    }
    EXPECT_EQ(counters, sizeof(PoolStatistics) / sizeof(pool::Counter));
    const auto of_worker = std::ranges::count_if(metric_table(), [](const Metric& metric) {
        return std::holds_alternative<source::WorkerCounter>(metric.source);
    });
    EXPECT_EQ(std::size_t(of_worker), sizeof(WorkerStatistics) / sizeof(pool::Counter));
}

TEST(ReasonNames, AreTheEnumerators) {
    EXPECT_EQ(name(pool::Timeout::client_login_timeout), "client_login_timeout");
    EXPECT_EQ(name(pool::Timeout::query_wait_timeout), "query_wait_timeout");
    EXPECT_EQ(name(pool::Timeout::server_lifetime), "server_lifetime");
    EXPECT_EQ(name(pool::Timeout::cancel_wait_timeout), "cancel_wait_timeout");
    EXPECT_EQ(name(pool::ClientClose::terminate), "terminate");
    EXPECT_EQ(name(pool::ClientClose::server_unavailable), "server_unavailable");
    EXPECT_EQ(name(pool::ClientClose::killed), "killed");
    EXPECT_EQ(name(pool::ServerClose::idle), "idle");
    EXPECT_EQ(name(pool::ServerClose::protocol_error), "protocol_error");
    EXPECT_EQ(name(pool::ServerClose::connect_failed), "connect_failed");
}

}  // namespace
}  // namespace pgweir::daemon
