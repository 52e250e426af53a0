// One client of `load`, and the thread that carries many of them.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "latencies.hpp"
#include "load_requests.hpp"
#include "protocol/wire/frame_scanner.hpp"
#include "sockets.hpp"

namespace pgweir::bench {

using Clock = std::chrono::steady_clock;

/// A connection that has logged in, and at most one batch of requests that is under way.
class LoadClient {
  public:
    /// Logs in and prepares; throws if it is refused.
    LoadClient(Descriptor socket, const Requests& requests, std::size_t pipeline);
    /// Says good-bye.
    ~LoadClient();
    LoadClient(const LoadClient&) = delete;
    LoadClient& operator=(const LoadClient&) = delete;

    [[nodiscard]] const Descriptor& socket() const { return socket_; }

    /// Sends a batch that was to begin at `intended`.
    void send_batch(Clock::time_point intended);

    /// Reads once, into `room`. Returns how many transactions that has finished; throws at an
    /// ErrorResponse and at the end of the connection.
    [[nodiscard]] std::size_t read(std::span<char> room);

    [[nodiscard]] bool is_busy() const { return owed_ > 0; }
    /// When the batch that is under way, or was last, was to begin.
    [[nodiscard]] Clock::time_point intended() const { return intended_; }

  private:
    void exchange(const std::string& request);

    Descriptor socket_;
    const Requests& requests_;
    std::size_t pipeline_;
    std::size_t owed_ = 0;  ///< ReadyForQuery still to come
    Clock::time_point intended_;
    std::string unread_;  ///< of a message that is not here as a whole
    protocol::FrameScanner scanner_;
};

/// When batches are to begin.
class Pace {
  public:
    /// `interval`: from one batch to the next, whatever becomes of them; nothing: each as soon as a
    /// client is free.
    Pace(Clock::time_point start, std::optional<std::chrono::nanoseconds> interval)
        : next_(start), interval_(interval) {}

    /// When the next batch is to begin; `now` where any time will do.
    [[nodiscard]] Clock::time_point next(Clock::time_point now) const {
        return interval_ ? next_ : now;
    }
    /// That batch has begun.
    void advance() {
        if (interval_) next_ += *interval_;
    }
    /// How many batches were to begin before `end` and have not.
    [[nodiscard]] std::size_t overdue(Clock::time_point end) const {
        return interval_ && next_ < end ? static_cast<std::size_t>((end - next_) / *interval_) + 1
                                        : 0;
    }

  private:
    Clock::time_point next_;
    std::optional<std::chrono::nanoseconds> interval_;
};

/// What a thread has measured: transactions that ended in time, and batches that it could not begin
/// in time.
struct Measured {
    Latencies latencies;
    std::size_t overdue = 0;
};

/// Some clients and what they measure. Made by one thread, run by another.
class LoadThread {
  public:
    explicit LoadThread(std::size_t pipeline) : pipeline_(pipeline) {}

    void add(Descriptor socket, const Requests& requests);

    /// Keeps the clients busy until `end`, waits for what is under way then, without counting it.
    [[nodiscard]] Measured run(Pace pace, Clock::time_point end);

  private:
    void begin_batches(Pace& pace, Clock::time_point now);
    void read_answers(std::chrono::nanoseconds timeout, Clock::time_point end);

    std::size_t pipeline_;
    std::list<LoadClient> clients_;
    std::vector<LoadClient*> free_;
    Epoll epoll_;
    std::vector<char> room_ = std::vector<char>(std::size_t{64} * 1024);
    Measured measured_;
};

}  // namespace pgweir::bench
