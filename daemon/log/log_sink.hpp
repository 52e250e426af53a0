// Where spdlog's lines go: standard error and syslog, and a file.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "conf/config.hpp"
#include "daemon/log/log_output.hpp"

namespace pgweir::daemon::log {

/// Where spdlog's thread writes, and before and after it whoever logs. Thread-safe.
class OutputSink final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    OutputSink();
    ~OutputSink() override;
    OutputSink(const OutputSink&) = delete;
    OutputSink& operator=(const OutputSink&) = delete;

    /// From now on one thread writes, for which nothing waits.
    void begin_thread();
    /// Whoever logs writes, and finds out each time what stderr is by then.
    void end_thread();
    void give_up_at(Output::Clock::time_point when);
    /// The form of lines, and syslog besides standard error.
    void configure(const conf::Config& config);

  private:
    // What is queued may wait as long as it takes; what is written directly holds up its writer.
    static constexpr std::chrono::milliseconds patience_of_thread = std::chrono::hours(24);
    static constexpr std::chrono::milliseconds patience_of_writer{1000};

    void sink_it_(const spdlog::details::log_msg& message) override;
    void flush_() override {}
    void open_syslog(const conf::Config& config);
    void write_to_stderr(const spdlog::details::log_msg& message);

    Output output_;
    bool has_thread_ = false;
    conf::LogFormat format_ = conf::LogFormat::logfmt;
    bool to_syslog_ = false;
    std::string ident_;  ///< syslog keeps a pointer to it
};

/// The file of log.logfile, written at once by whoever logs: who has an answer of pgweir's finds
/// the lines before it, as with PgBouncer. Thread-safe.
class FileSink final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    [[nodiscard]] bool is_open() const { return is_open_.load(std::memory_order_relaxed); }
    /// Opens the file anew, or none. Returns what is wrong with it, for people; the one that was
    /// open stays then.
    [[nodiscard]] std::optional<std::string> configure(const conf::Config& config);

  private:
    static constexpr std::chrono::milliseconds patience{1000};  ///< with a file that is a pipe

    void sink_it_(const spdlog::details::log_msg& message) override;
    void flush_() override {}

    std::unique_ptr<Output> file_;  ///< null: none
    std::atomic<bool> is_open_{false};
};

}  // namespace pgweir::daemon::log
