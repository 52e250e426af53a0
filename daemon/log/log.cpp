#include "daemon/log/log.hpp"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/logger.h>

#include <array>
#include <atomic>
#include <boost/locale/utf.hpp>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>

#include "daemon/log/log_sink.hpp"
#include "daemon/log/pgbouncer_words.hpp"

namespace pgweir::daemon::log {
namespace {

// Enough for a burst of a thousand clients that come or go at once; about 3 MB.
constexpr std::size_t queue_lines = 8192;

spdlog::level::level_enum spdlog_level(conf::LogLevel level) {
    switch (level) {
        case conf::LogLevel::trace:
            return spdlog::level::trace;
        case conf::LogLevel::debug:
            return spdlog::level::debug;
        case conf::LogLevel::info:
            return spdlog::level::info;
        case conf::LogLevel::warning:
            return spdlog::level::warn;
        case conf::LogLevel::error:
            return spdlog::level::err;
    }
    return spdlog::level::err;
}

// How long the end waits for who reads the log.
constexpr std::chrono::milliseconds patience_at_end{1000};

// spdlog's own queue and thread. overrun_oldest, as nobody may wait for a log: a worker that did
// would hold up every client it carries. What is lost is counted and told.
class Log {
  public:
    Log()
        : sink_(std::make_shared<OutputSink>()),
          direct_("pgweir", sink_),
          file_(std::make_shared<FileSink>()),
          to_file_("pgweir", file_) {
        to_file_.set_level(spdlog::level::trace);
        direct_.set_level(spdlog::level::trace);  // enabled() decides
    }

    void start(conf::LogLevel level) {
        const std::lock_guard lock(mutex_);
        set_level(level);
        if (queue_) return;
        sink_->begin_thread();
        queue_ = std::make_shared<spdlog::details::thread_pool>(queue_lines, 1);
        reported_ = 0;  // counted by each queue for itself
        queued_ = std::make_shared<spdlog::async_logger>(
            "pgweir", sink_, queue_, spdlog::async_overflow_policy::overrun_oldest);
        queued_->set_level(spdlog::level::trace);
        running_.store(true, std::memory_order_release);
    }

    /// Lines that come meanwhile are written at once; the queue's destructor writes what is in it
    /// and joins its thread, which from then on waits for no reader. `queued_` stays, for a thread
    /// that is about to use it.
    void stop() {
        const std::lock_guard lock(mutex_);
        if (!running_.exchange(false)) return;
        sink_->give_up_at(Output::Clock::now() + patience_at_end);
        report_lost();
        queue_.reset();
        sink_->end_thread();
    }

    void raise(unsigned levels) { raised_ = levels; }
    void set_level(conf::LogLevel level) {
        const auto least = static_cast<unsigned>(level);
        const unsigned raised = raised_;
        const auto shown = static_cast<conf::LogLevel>(least > raised ? least - raised : 0);
        level_.store(spdlog_level(shown), std::memory_order_relaxed);
    }
    std::optional<std::string> configure(const conf::Config& config) {
        set_level(config.log_level);
        format_.store(config.log_format, std::memory_order_relaxed);
        sink_->configure(config);
        return file_->configure(config);
    }
    [[nodiscard]] conf::LogFormat format() const { return format_.load(std::memory_order_relaxed); }
    [[nodiscard]] bool enabled(conf::LogLevel level) const {
        return spdlog_level(level) >= level_.load(std::memory_order_relaxed);
    }

    void write(conf::LogLevel level, std::string_view line) {
        const spdlog::string_view_t text(line.data(), line.size());
        if (file_->is_open()) to_file_.log(spdlog_level(level), text);
        if (!running_.load(std::memory_order_acquire)) {
            direct_.log(spdlog_level(level), text);
            return;
        }
        queued_->log(spdlog_level(level), text);
        if (lines_.fetch_add(1, std::memory_order_relaxed) % look_for_loss_every != 0) return;
        const std::unique_lock lock(mutex_, std::try_to_lock);
        if (lock.owns_lock() && queue_) report_lost();
    }

  private:
    // Telling of each lost line at once would push out one more each time.
    static constexpr std::uint64_t look_for_loss_every = 64;

    void report_lost() {
        const std::size_t lost = queue_->overrun_counter() - reported_;
        if (lost == 0) return;
        queued_->log(spdlog::level::warn, "log_lines_lost count=" + std::to_string(lost));
        reported_ += lost;
    }

    std::shared_ptr<OutputSink> sink_;
    spdlog::logger direct_;
    std::shared_ptr<FileSink> file_;
    spdlog::logger to_file_;
    std::atomic<spdlog::level::level_enum> level_{spdlog::level::info};
    std::atomic<conf::LogFormat> format_{conf::LogFormat::logfmt};
    std::atomic<unsigned> raised_{0};  ///< levels that are logged besides
    std::atomic<bool> running_{false};
    std::atomic<std::uint64_t> lines_{0};
    std::mutex mutex_;  // guards start and stop, and what follows but for reading queued_
    std::shared_ptr<spdlog::details::thread_pool> queue_;
    std::shared_ptr<spdlog::async_logger> queued_;
    std::size_t reported_ = 0;
};

/// Never destroyed: threads and destructors that outlive main() may still log.
Log& instance() {
    static Log* const log = [] {
        auto* made = new Log;
        static_cast<void>(std::atexit([] { instance().stop(); }));
        return made;
    }();
    return *log;
}

/// The length of the printable UTF-8 character that begins the text, or 0: a control character
/// (those of C1 too, which a terminal obeys just as well) or not UTF-8.
std::size_t printable_length(std::string_view text) {
    using Utf8 = boost::locale::utf::utf_traits<char>;
    const char* position = text.data();
    const auto point = Utf8::decode(position, text.data() + text.size());
    if (point == boost::locale::utf::illegal || point == boost::locale::utf::incomplete) return 0;
    const bool control = point < 0x20 || (point >= 0x7F && point < 0xA0);
    // Line and paragraph separators, and what turns the direction of the text that follows.
    const bool layout =
        (point >= 0x2028 && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
    return control || layout ? 0 : static_cast<std::size_t>(position - text.data());
}

void append_escaped(std::string& out, char byte) {
    switch (byte) {
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            break;
    }
    static constexpr std::string_view digits = "0123456789abcdef";
    const auto value = static_cast<unsigned char>(byte);
    out += "\\x";
    out += digits[value >> 4U];
    out += digits[value & 15U];
}

/// At most max_value_length bytes, without cutting a character in two.
std::string_view shortened(std::string_view value) {
    if (value.size() <= max_value_length) return value;
    std::size_t end = max_value_length;
    // At most three bytes of the last character: what is not UTF-8 has no characters to spare.
    for (int i = 0; i < 3 && (static_cast<unsigned char>(value[end]) & 0xC0U) == 0x80U; ++i) --end;
    return value.substr(0, end);
}

void append_value(std::string& out, std::string_view full) {
    const std::string_view value = shortened(full);
    const std::size_t start = out.size();
    bool plain = !value.empty();
    out += '"';
    for (std::size_t at = 0; at < value.size();) {
        const std::size_t length = printable_length(value.substr(at));
        if (length == 0) {
            append_escaped(out, value[at++]);
            plain = false;
            continue;
        }
        const char first = value[at];
        if (first == '"' || first == '\\') out += '\\';
        if (first == '"' || first == '\\' || first == ' ' || first == '=') plain = false;
        out.append(value, at, length);
        at += length;
    }
    if (value.size() < full.size()) out += "...";
    if (plain) {
        out.erase(start, 1);
    } else {
        out += '"';
    }
}

template <std::integral Integer>
void append_value(std::string& out, Integer number) {
    std::array<char, 24> digits{};
    const auto [end, error] = std::to_chars(digits.begin(), digits.end(), number);
    static_cast<void>(error);  // 24 bytes hold any 64-bit number
    out.append(digits.begin(), end);
}

}  // namespace

void start(conf::LogLevel level) {
    instance().start(level);
}

void stop() {
    instance().stop();
}

void raise(unsigned levels) {
    instance().raise(levels);
}

void set_level(conf::LogLevel level) {
    instance().set_level(level);
}

std::optional<std::string> configure(const conf::Config& config) {
    return instance().configure(config);
}

bool enabled(conf::LogLevel level) {
    return instance().enabled(level);
}

void write(conf::LogLevel level, std::string_view event, std::initializer_list<Field> fields) {
    if (!enabled(level)) return;
    try {
        const std::span<const Field> all(fields.begin(), fields.size());
        if (instance().format() == conf::LogFormat::logfmt) {
            instance().write(level, in_logfmt(event, all));
            return;
        }
        for (const std::string& line : in_pgbouncer_words(event, all)) {
            instance().write(level, line);
        }
    } catch (const std::bad_alloc&) {
        // A line is worth less than whatever the caller was about to do.
    }
}

std::string in_logfmt(std::string_view event, std::span<const Field> fields) {
    std::string line(event);
    for (const Field& field : fields) {
        line += ' ';
        line += field.key;
        line += '=';
        std::visit([&](auto value) { append_value(line, value); }, field.value);
    }
    return line;
}

std::string quote(std::string_view value) {
    std::string out;
    append_value(out, value);
    return out;
}

}  // namespace pgweir::daemon::log
