#include "daemon/metrics/process_statistics.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

namespace pgweir::daemon {
namespace {

namespace fs = std::filesystem;
using testing::DoubleEq;
using testing::Gt;
using testing::Optional;

TEST(ProcessStatistics, TellOfThisProcess) {
    const ProcessStatistics statistics = read_process_statistics();
    EXPECT_THAT(statistics.cpu_seconds, Optional(testing::Ge(0.0)));
    EXPECT_THAT(statistics.resident_memory_bytes, Optional(Gt(100e3)));
    EXPECT_THAT(statistics.virtual_memory_bytes, Optional(Gt(100e3)));
    EXPECT_THAT(statistics.open_fds, Optional(Gt(2.0)));
    EXPECT_THAT(statistics.max_fds, Optional(Gt(2.0)));
    EXPECT_THAT(statistics.threads, Optional(Gt(0.0)));
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const double seconds = std::chrono::duration<double>(now).count();
    // btime is whole seconds, and drifts by a few when the clock is set.
    EXPECT_THAT(statistics.start_time_seconds, Optional(testing::Le(seconds + 60)));
}

TEST(ProcessStatistics, AnOpenDescriptorCounts) {
    const double before = read_process_statistics().open_fds.value();
    const int one_more = dup(0);
    EXPECT_EQ(read_process_statistics().open_fds.value(), before + 1);
    close(one_more);
}

/// A folder in the place of /proc.
class FakeProc : public testing::Test {
  protected:
    FakeProc() {
        std::string pattern = (fs::temp_directory_path() / "pgweir-proc-XXXXXX").string();
        root_ = mkdtemp(pattern.data());
        fs::create_directory(root_ / "self");
    }
    void TearDown() override { fs::remove_all(root_); }

    void write(const char* name, const char* text) const { std::ofstream(root_ / name) << text; }
    [[nodiscard]] ProcessStatistics read() const { return read_process_statistics(root_.c_str()); }

    fs::path root_;
};

TEST_F(FakeProc, FieldsAreFoundBehindAnAwkwardName) {
    write("stat", "cpu 1 2 3\nbtime 1000\n");
    write(
        "self/stat",
        "7 (a) b) (c) S 1 1 1 0 -1 0 0 0 0 0 250 150 0 0 20 0 5 0 300 4096 2 18446744073709551615");
    const ProcessStatistics statistics = read();
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    EXPECT_THAT(statistics.cpu_seconds, Optional(DoubleEq(400 / ticks)));
    EXPECT_THAT(statistics.threads, Optional(DoubleEq(5)));
    EXPECT_THAT(statistics.virtual_memory_bytes, Optional(DoubleEq(4096)));
    EXPECT_THAT(statistics.resident_memory_bytes,
                Optional(DoubleEq(2 * static_cast<double>(sysconf(_SC_PAGESIZE)))));
    EXPECT_THAT(statistics.start_time_seconds, Optional(DoubleEq(1000 + 300 / ticks)));
}

TEST_F(FakeProc, WhatIsMissingIsLeftOut) {
    const ProcessStatistics statistics = read();
    EXPECT_FALSE(statistics.cpu_seconds);
    EXPECT_FALSE(statistics.open_fds);
    EXPECT_FALSE(statistics.start_time_seconds);
    EXPECT_TRUE(statistics.max_fds);  // not from /proc
}

TEST_F(FakeProc, WhatIsNonsenseIsLeftOut) {
    for (const char* text :
         {"", "7 no parentheses", "7 (a) S 1 2", "7 (a) S x y z 1 1 1 1 1 1 1 1 1"}) {
        write("self/stat", text);
        EXPECT_FALSE(read().cpu_seconds) << text;
    }
    write("self/stat", "7 (a) S 1 1 1 0 -1 0 0 0 0 0 250 150 0 0 20 0 5 0 300 4096 2 0");
    for (const char* text : {"", "btime\n", "btime soon\n"}) {
        write("stat", text);
        EXPECT_TRUE(read().cpu_seconds);
        EXPECT_FALSE(read().start_time_seconds) << text;
    }
}

}  // namespace
}  // namespace pgweir::daemon
