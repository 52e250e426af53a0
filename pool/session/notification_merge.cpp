#include "pool/session/notification_merge.hpp"

#include <algorithm>

namespace pgweir::pool {

void NotificationMerge::switch_to(NotificationSource source, std::string token) {
    switches_.push_back({.token = std::move(token), .to = source, .waiting = {}});
}

void NotificationMerge::cancel_switch() {
    if (switches_.empty()) return;
    switches_.pop_back();
    for (std::size_t& passed : passed_) passed = std::min(passed, switches_.size());
    delivered_ = std::min(delivered_, switches_.size());
}

bool NotificationMerge::hear(NotificationSource source, const SharedMessage& message) {
    const std::size_t place = passed_of(source);
    if (owner_at(place) != source) return false;
    if (place == delivered_) return true;
    switches_[place - 1].waiting.push_back(message);
    return false;
}

void NotificationMerge::mark(NotificationSource source, std::string_view token,
                             std::vector<SharedMessage>& deliverable) {
    std::size_t& passed = passed_[static_cast<std::size_t>(source)];
    if (passed == switches_.size() || switches_[passed].token != token) return;
    ++passed;
    advance(deliverable);
}

void NotificationMerge::hub_interrupted(std::vector<SharedMessage>& deliverable) {
    passed_[static_cast<std::size_t>(NotificationSource::hub)] = switches_.size();
    advance(deliverable);
}

bool NotificationMerge::uses_hub() const {
    return owner_ == NotificationSource::hub ||
           std::ranges::any_of(switches_, [](const Switch& change) {
               return change.to == NotificationSource::hub;
           });
}

void NotificationMerge::advance(std::vector<SharedMessage>& deliverable) {
    while (delivered_ < switches_.size() && passed_of(owner_at(delivered_)) > delivered_) {
        std::vector<SharedMessage>& waiting = switches_[delivered_++].waiting;
        deliverable.insert(deliverable.end(), waiting.begin(), waiting.end());
        waiting.clear();
    }
    while (delivered_ > 0 && std::ranges::min(passed_) > 0) {
        owner_ = switches_.front().to;
        switches_.erase(switches_.begin());
        for (std::size_t& passed : passed_) --passed;
        --delivered_;
    }
}

}  // namespace pgweir::pool
