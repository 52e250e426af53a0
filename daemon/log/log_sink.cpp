#include "daemon/log/log_sink.hpp"

#include <spdlog/pattern_formatter.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <string_view>
#include <system_error>

namespace pgweir::daemon::log {
namespace {

using conf::LogFormat;

/// Whether stderr is the journal itself: JOURNAL_STREAM names its device and inode, and is still
/// set when stderr was redirected since (sd-daemon(3), systemd.exec(5)).
bool stderr_is_journal() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing writes to the environment by now
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat status {};
    if (stream == nullptr || fstat(STDERR_FILENO, &status) != 0) return false;
    return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) == stream;
}

int priority_of(spdlog::level::level_enum level) {
    if (level < spdlog::level::info) return LOG_DEBUG;
    if (level == spdlog::level::info) return LOG_INFO;
    return level == spdlog::level::warn ? LOG_WARNING : LOG_ERR;
}

void append(spdlog::memory_buf_t& out, std::string_view text) {
    out.append(text.data(), text.data() + text.size());
}

/// `%J`: the syslog priority as sd-daemon(3) wants it before a line.
class JournalPriority final : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message, const std::tm&,
                spdlog::memory_buf_t& out) override {
        append(out, "<" + std::to_string(priority_of(message.level)) + ">");
    }
    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<JournalPriority>();
    }
};

/// `%K`: PgBouncer's word for the level.
class LevelWord final : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message, const std::tm&,
                spdlog::memory_buf_t& out) override {
        static constexpr std::array<std::string_view, 5> words{"NOISE", "DEBUG", "LOG", "WARNING",
                                                               "ERROR"};
        append(out, words.at(std::min<std::size_t>(message.level, words.size() - 1)));
    }
    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<LevelWord>();
    }
};

/// `%Q`: the name of the time zone.
class ZoneName final : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg&, const std::tm& time,
                spdlog::memory_buf_t& out) override {
        append(out, time.tm_zone == nullptr ? "" : time.tm_zone);
    }
    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<ZoneName>();
    }
};

/// `has_clock`: who reads the lines knows the time.
std::unique_ptr<spdlog::formatter> line_formatter(LogFormat format, bool has_clock) {
    using spdlog::pattern_time_type;
    const bool ours = format == LogFormat::logfmt;
    auto formatter = std::make_unique<spdlog::pattern_formatter>(ours ? pattern_time_type::utc
                                                                      : pattern_time_type::local);
    formatter->add_flag<JournalPriority>('J').add_flag<LevelWord>('K').add_flag<ZoneName>('Q');
    if (has_clock) {
        formatter->set_pattern(ours ? "%J%l %v" : "%J%K %v");
    } else {
        formatter->set_pattern(ours ? "%Y-%m-%dT%H:%M:%S.%eZ %l %v"
                                    : "%Y-%m-%d %H:%M:%S.%e %Q [%P] %K %v");
    }
    return formatter;
}

int facility(std::string_view name) {
    constexpr std::array local{LOG_LOCAL0, LOG_LOCAL1, LOG_LOCAL2, LOG_LOCAL3,
                               LOG_LOCAL4, LOG_LOCAL5, LOG_LOCAL6, LOG_LOCAL7};
    if (name.starts_with("local")) return local.at(static_cast<std::size_t>(name.back() - '0'));
    if (name == "auth") return LOG_AUTH;
    if (name == "authpriv") return LOG_AUTHPRIV;
    return name == "user" ? LOG_USER : LOG_DAEMON;
}

}  // namespace

OutputSink::OutputSink() {
    set_formatter(line_formatter(format_, stderr_is_journal()));
}

OutputSink::~OutputSink() = default;

void OutputSink::begin_thread() {
    const std::lock_guard lock(mutex_);
    output_.open();
    formatter_ = line_formatter(format_, stderr_is_journal());
    has_thread_ = true;
}

void OutputSink::end_thread() {
    const std::lock_guard lock(mutex_);
    has_thread_ = false;
    output_.close();
}

void OutputSink::give_up_at(Output::Clock::time_point when) {
    output_.give_up_at(when);
}

void OutputSink::configure(const conf::Config& config) {
    const std::lock_guard lock(mutex_);
    format_ = config.log_format;
    formatter_ = line_formatter(format_, stderr_is_journal());
    open_syslog(config);
}

void OutputSink::open_syslog(const conf::Config& config) {
    if (to_syslog_) ::closelog();
    to_syslog_ = config.syslog;
    if (!to_syslog_) return;
    ident_ = config.syslog_ident;
    ::openlog(ident_.c_str(), LOG_PID | LOG_NDELAY, facility(config.syslog_facility));
}

void OutputSink::sink_it_(const spdlog::details::log_msg& message) {
    write_to_stderr(message);
    if (to_syslog_) {
        // As text, never as a format.
        ::syslog(priority_of(message.level), "%.*s", static_cast<int>(message.payload.size()),
                 message.payload.data());
    }
}

void OutputSink::write_to_stderr(const spdlog::details::log_msg& message) {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (!has_thread_) output_.open();
    output_.write({line.data(), line.size()},
                  has_thread_ ? patience_of_thread : patience_of_writer);
    if (!has_thread_) output_.close();
}

std::optional<std::string> FileSink::configure(const conf::Config& config) {
    const std::lock_guard lock(mutex_);
    formatter_ = line_formatter(config.log_format, false);
    if (config.logfile.empty()) {
        file_.reset();
        is_open_ = false;
        return std::nullopt;
    }
    auto opened = std::make_unique<Output>();
    if (!opened->open_file(config.logfile)) {
        return "log.logfile: cannot open \"" + config.logfile +
               "\": " + std::generic_category().message(errno);
    }
    file_ = std::move(opened);
    is_open_ = true;
    return std::nullopt;
}

void FileSink::sink_it_(const spdlog::details::log_msg& message) {
    if (!file_) return;
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    file_->write({line.data(), line.size()}, patience);
}

}  // namespace pgweir::daemon::log
