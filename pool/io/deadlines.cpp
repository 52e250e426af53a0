#include "pool/io/deadlines.hpp"

namespace pgweir::pool {

void Deadlines::set(Deadline& deadline, milliseconds after, Clock::time_point now) {
    deadline.cancel();
    if (after <= milliseconds::zero()) return;
    deadline.at_ = now + after;
    lists_[after].push_back(deadline);
}

void Deadlines::sweep(Clock::time_point now) {
    for (auto& [after, list] : lists_) {
        while (!list.empty() && list.front().at_ <= now) {
            Deadline& due = list.front();
            list.pop_front();
            due.expired();
        }
    }
}

}  // namespace pgweir::pool
