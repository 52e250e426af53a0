// Where the workers of one pool show each other who waits and who has idle servers.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <vector>

#include "pool/io/deadlines.hpp"

namespace pgweir::pool {

/// One line for each worker. A worker writes its own line, and takes claims off any; every worker
/// reads all of them. Thread-safe; nothing but atomics.
///
/// **Whoever publishes second sees the other.** Two workers may act at the same moment: one has a
/// client that begins to wait, the other has a server that becomes idle. If neither saw the other,
/// the client would wait beside an idle server. So each of them publishes first and looks then:
///
///     the worker whose client waits         the worker whose server is idle
///     1. publish_waiting()                  1. the first half of offer_idle(): it publishes
///     2. idle_elsewhere()                   2. the second half of offer_idle(): it looks
///
/// Of the two publishings one is the later one, and the look behind it comes later still, so that
/// it finds what the other has published. It may be that both find each other; that does no harm,
/// as a worker that is asked for an idle server looks at what it has then. The same holds for
/// places, which are counted in a Budget and not here:
///
///     the worker whose client waits         the worker that closes a server
///     1. publish_waiting() or               1. Budget::give_back()
///        publish_dedicated_waiting()        2. is_waiting()
///     2. Budget::try_take()
///
/// The argument speaks of "later" for writes and reads of different variables by different threads.
/// That needs one order of them all, which only memory_order_seq_cst gives. With release and
/// acquire a processor may read before its own write has left it, and both workers find nothing:
/// x86 does so. All of what is published is written and read with that order, here and in Budget.
/// The test AtTheSameMoment.WhoeverPublishesSecondSeesTheOther fails without it.
class WaitingBoard {
  public:
    explicit WaitingBoard(std::size_t workers) : lines_(workers) {}

    // What a worker shows.
    /// Since when the worker's oldest client waits for any server; nothing: none waits.
    void publish_waiting(unsigned worker, std::optional<Clock::time_point> oldest);
    /// How many idle servers the worker has left. Where there is one more, use offer_idle().
    void publish_idle(unsigned worker, std::size_t idle);
    /// The worker has one more idle server: publishes that, then looks for whoever waits. Returns
    /// the other worker whose client has waited longest.
    [[nodiscard]] std::optional<unsigned> offer_idle(unsigned worker, std::size_t idle);
    /// How many clients of the worker wait for a place for a connection of their own. Each of them
    /// is owed one server that comes back (see take_claim()).
    void publish_dedicated_waiting(unsigned worker, std::size_t waiting);

    // What it sees.
    /// A worker that has an idle server, but for `worker`, which asks: it must have published that
    /// a client of its own waits.
    [[nodiscard]] std::optional<unsigned> idle_elsewhere(unsigned worker) const;
    /// Any worker that has an idle server.
    [[nodiscard]] std::optional<unsigned> any_idle() const;
    /// The worker, other than `self`, whose client waits longest, if it waits since before `than`.
    [[nodiscard]] std::optional<unsigned> longest_waiting(
        unsigned self, std::optional<Clock::time_point> than) const;
    /// Since when the client that waits longest has waited; nothing: nobody waits.
    [[nodiscard]] std::optional<Clock::time_point> oldest_waiting() const;
    /// Whether a client of this worker waits for any server or for one of its own.
    [[nodiscard]] bool is_waiting(unsigned worker) const { return lines_[worker].is_waiting(); }
    [[nodiscard]] bool has_waiting() const;
    /// Whether a server that has come back must be closed, so that a client which waits for a
    /// connection of its own gets the place. Each claim is taken once.
    [[nodiscard]] bool take_claim();

  private:
    /// The order that the argument above needs.
    static constexpr std::memory_order order = std::memory_order_seq_cst;

    /// In a cache line of its own, so that workers do not slow each other down by accident.
    struct alignas(64) Line {
        std::atomic<Clock::rep> oldest_waiting{0};  ///< 0: nobody waits
        std::atomic<std::size_t> idle{0};
        std::atomic<std::size_t> dedicated_waiting{0};  ///< for a place
        std::atomic<std::size_t> claims{0};             ///< how many of them are owed a place

        [[nodiscard]] bool is_waiting() const {
            return oldest_waiting.load(order) != 0 || dedicated_waiting.load(order) != 0;
        }
    };

    [[nodiscard]] std::optional<unsigned> first_idle(std::optional<unsigned> but) const;

    std::vector<Line> lines_;
};

}  // namespace pgweir::pool
