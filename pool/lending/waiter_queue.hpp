// The clients of one worker that wait for any server of a pool.
#pragma once

#include <boost/intrusive/list.hpp>
#include <optional>

#include "pool/lending/waiter.hpp"
#include "pool/lending/waiting_board.hpp"
#include "protocol/wire/error_report.hpp"

namespace pgweir::pool {

/// First come, first served. Each change is published on the board before the call returns, so that
/// a worker has published that it waits before it looks for a server.
///
/// Lives in a PoolPart; touch only from its worker.
class WaiterQueue {
  public:
    WaiterQueue(WaitingBoard& board, unsigned worker) : board_(board), worker_(worker) {}

    [[nodiscard]] bool empty() const { return waiters_.empty(); }
    [[nodiscard]] std::size_t size() const { return waiters_.size(); }
    [[nodiscard]] Waiter& front() { return waiters_.front(); }
    /// Since when the first one waits; nothing: nobody does.
    [[nodiscard]] std::optional<Clock::time_point> oldest() const;

    /// How many wait since `latest` or longer; counts up to `most`.
    [[nodiscard]] std::size_t count_since(Clock::time_point latest, std::size_t most) const;

    /// Puts it at the end.
    void add(Waiter& waiter);
    /// Takes the first one out.
    Waiter& take_front();
    /// Takes it out and releases it, if it is in the queue.
    void withdraw(Waiter& waiter);
    /// Releases all of them, or those that wait since `latest` or longer, with this for an answer.
    void refuse(const protocol::ErrorReport& report,
                Clock::time_point latest = Clock::time_point::max());

  private:
    void publish() { board_.publish_waiting(worker_, oldest()); }

    WaitingBoard& board_;
    const unsigned worker_;
    boost::intrusive::list<Waiter> waiters_;
};

}  // namespace pgweir::pool
