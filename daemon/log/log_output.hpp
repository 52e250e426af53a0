// Where the log's lines go: a descriptor that may take no more.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace pgweir::daemon::log {

/// Writes to stderr as long as whoever reads it keeps up, and never waits for ever: a pipe that
/// nobody reads, a stopped terminal, a socket that is full. What is written must come from one
/// thread at a time; give_up_at() from any.
class Output {
  public:
    using Clock = std::chrono::steady_clock;

    Output() = default;
    ~Output() { close(); }
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

    /// Finds out anew what stderr is. Not while somebody writes.
    void open();
    /// Appends to this file from now on. False: it cannot be opened, as errno says.
    [[nodiscard]] bool open_file(const std::string& path);
    /// Gives up what open() has opened: it keeps a pipe's reader from seeing the end.
    void close();
    /// Writes all of it, or what goes until it is time to give up; the rest is lost. Waits for at
    /// most `patience` where no time to give up is set.
    void write(std::string_view text, std::chrono::milliseconds patience);
    /// From then on nothing is waited for, also not by who waits now.
    void give_up_at(Clock::time_point when) { give_up_at_ = when.time_since_epoch().count(); }

  private:
    enum class Kind : std::uint8_t {
        file,          ///< takes everything at once
        socket,        ///< has a flag for one write
        non_blocking,  ///< opened anew, so that the flag is ours alone
        polled,        ///< asked before each write, which is small enough to fit then
    };
    [[nodiscard]] bool wait(Clock::time_point until) const;
    [[nodiscard]] long write_some(std::string_view text) const;

    Kind kind_ = Kind::file;
    int descriptor_ = 2;
    int own_ = -1;  ///< what was opened anew
    std::atomic<Clock::rep> give_up_at_{Clock::time_point::max().time_since_epoch().count()};
};

}  // namespace pgweir::daemon::log
