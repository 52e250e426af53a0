// The log: one line an event, key=value (logfmt) or as PgBouncer's, to stderr and where else it is
// wanted.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "conf/config.hpp"

/// Events are named in snake_case and never hold data, so that they can be searched and counted:
///
///     2026-11-22T10:00:00.123Z info client_login client=1:42 database=app user=alice
///
/// Under systemd's journal, which has its own clock, the line begins with the priority instead:
///
///     <6>info client_login client=1:42 database=app user=alice
///
/// log.format pgbouncer: as PgBouncer writes them, in local time (pgbouncer_words.hpp).
///
/// Thread-safe. A line is written by a thread of the log's own, so that a stalled reader of stderr
/// never stalls a worker.
namespace pgweir::daemon::log {

/// One key with its value. Views must live until write() returns. The key is a literal of ours; the
/// value may be anything a client sends: what could break a line is quoted and escaped.
struct Field {
    template <std::convertible_to<std::string_view> Text>
    Field(std::string_view name, const Text& text) : key(name), value(std::string_view(text)) {}
    template <std::signed_integral Integer>
    Field(std::string_view name, Integer number) : key(name), value(std::int64_t{number}) {}
    template <std::unsigned_integral Integer>
    Field(std::string_view name, Integer number) : key(name), value(std::uint64_t{number}) {}
    /// yes or no would be ambiguous with text: true or false.
    Field(std::string_view name, bool flag)
        : key(name), value(std::string_view(flag ? "true" : "false")) {}

    std::string_view key;
    std::variant<std::string_view, std::int64_t, std::uint64_t> value;
};

/// The longest text a field shows, in bytes; the rest is cut and marked with `...`.
inline constexpr std::size_t max_value_length = 1024;

/// Begins to log on its own thread; before that (and after stop) write() writes at once, on the
/// caller's thread. Call once, after any fork. What is queued at exit() is still written.
void start(conf::LogLevel level);

/// Writes what is queued and ends the log's thread. Waits a second at most for who reads the log;
/// what is not read by then is lost. For an end that does not pass through exit().
void stop();

/// May be called at any time.
void set_level(conf::LogLevel level);

/// Level, format and places as these options say, from the next line on; a reload calls it. The
/// file is opened anew, so that it may have been moved away. Returns what is wrong with the file,
/// for people; the one that was open stays then.
[[nodiscard]] std::optional<std::string> configure(const conf::Config& config);

/// From the next start() or set_level() on, so many levels more are logged than those say.
void raise(unsigned levels);

/// Whether write() would write: for callers whose fields cost something to make.
[[nodiscard]] bool enabled(conf::LogLevel level);

/// Logs an event. Never throws and never waits for stderr: when its queue is full, the oldest
/// lines are dropped, and a later line tells how many.
void write(conf::LogLevel level, std::string_view event, std::initializer_list<Field> fields = {});

/// The event and its fields as `event key=value key=value`.
[[nodiscard]] std::string in_logfmt(std::string_view event, std::span<const Field> fields);

/// How a value is shown: as it is, or in double quotes with C escapes when it is empty or holds
/// anything but printable UTF-8 without spaces, quotes, `=` and backslashes.
[[nodiscard]] std::string quote(std::string_view value);

}  // namespace pgweir::daemon::log
