#include "pool/lending/waiting_board.hpp"

#include <algorithm>
#include <cassert>

namespace pgweir::pool {

void WaitingBoard::publish_waiting(unsigned worker, std::optional<Clock::time_point> oldest) {
    lines_[worker].oldest_waiting.store(oldest ? oldest->time_since_epoch().count() : 0, order);
}

void WaitingBoard::publish_idle(unsigned worker, std::size_t idle) {
    assert(idle <= lines_[worker].idle.load(order));  // else a client that waits would be missed
    lines_[worker].idle.store(idle, order);
}

std::optional<unsigned> WaitingBoard::offer_idle(unsigned worker, std::size_t idle) {
    lines_[worker].idle.store(idle, order);
    return longest_waiting(worker, std::nullopt);
}

void WaitingBoard::publish_dedicated_waiting(unsigned worker, std::size_t waiting) {
    lines_[worker].dedicated_waiting.store(waiting, order);
    lines_[worker].claims.store(waiting, order);
}

std::optional<unsigned> WaitingBoard::first_idle(std::optional<unsigned> but) const {
    for (unsigned worker = 0; worker < lines_.size(); ++worker) {
        if (worker != but && lines_[worker].idle.load(order) > 0) return worker;
    }
    return std::nullopt;
}

std::optional<unsigned> WaitingBoard::idle_elsewhere(unsigned worker) const {
    assert(lines_[worker].oldest_waiting.load(order) != 0);  // it publishes before it looks
    return first_idle(worker);
}

std::optional<unsigned> WaitingBoard::any_idle() const {
    return first_idle(std::nullopt);
}

std::optional<unsigned> WaitingBoard::longest_waiting(unsigned self,
                                                      std::optional<Clock::time_point> than) const {
    std::optional<unsigned> longest;
    Clock::rep oldest = than ? than->time_since_epoch().count() : 0;
    for (unsigned worker = 0; worker < lines_.size(); ++worker) {
        const Clock::rep since = lines_[worker].oldest_waiting.load(order);
        if (worker == self || since == 0) continue;
        if (oldest == 0 || since < oldest) {
            oldest = since;
            longest = worker;
        }
    }
    return longest;
}

std::optional<Clock::time_point> WaitingBoard::oldest_waiting() const {
    std::optional<Clock::time_point> oldest;
    for (const Line& line : lines_) {
        const Clock::time_point since{Clock::duration(line.oldest_waiting.load(order))};
        if (since != Clock::time_point() && (!oldest || since < *oldest)) oldest = since;
    }
    return oldest;
}

bool WaitingBoard::has_waiting() const {
    return std::ranges::any_of(lines_, &Line::is_waiting);
}

bool WaitingBoard::take_claim() {
    return std::ranges::any_of(lines_, [](Line& line) {
        std::size_t claims = line.claims.load(order);
        while (claims > 0 && !line.claims.compare_exchange_weak(claims, claims - 1)) continue;
        return claims > 0;
    });
}

}  // namespace pgweir::pool
