#include "pool/lending/catalogue_upkeep.hpp"

#include <algorithm>

namespace pgweir::pool {

namespace {

constexpr std::chrono::minutes good_for{5};
constexpr std::chrono::seconds retry_after{10};
constexpr int rest = 9;  // times what the reading took

}  // namespace

std::optional<CatalogueUpkeep::Reading> CatalogueUpkeep::claim() {
    if (!due_.load(std::memory_order_relaxed) || claimed_.exchange(true)) return {};
    return Reading{.begun = Clock::now(), .version = version_};
}

CatalogueUpkeep::Reading CatalogueUpkeep::begin() {
    claimed_ = true;
    return {.begun = Clock::now(), .version = version_};
}

void CatalogueUpkeep::read(const Reading& reading, bool answered, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    rests_until_ = now + rest * (now - reading.begun);
    due_at_ = rests_until_;
    if (reading.version == version_)
        due_at_ = std::max(due_at_, now + (answered ? good_for : retry_after));
    due_ = false;
    claimed_ = false;
}

void CatalogueUpkeep::mark_stale(Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    ++version_;
    if (now >= rests_until_) {
        due_ = true;
    } else {
        due_at_ = rests_until_;
    }
}

void CatalogueUpkeep::sweep(Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    if (now >= due_at_) due_ = true;
}

}  // namespace pgweir::pool
