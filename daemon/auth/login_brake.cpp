#include "daemon/auth/login_brake.hpp"

#include <algorithm>

namespace pgweir::daemon {

namespace {

// Failures further apart than this are mistakes, not an attack.
constexpr std::chrono::minutes memory{10};

}  // namespace

std::optional<LoginBrake::milliseconds> LoginBrake::blocked_for(std::string_view address,
                                                                std::string_view user,
                                                                Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(Key(address, user));
    if (found == entries_.end() || !found->second.blocked_until) return std::nullopt;
    if (*found->second.blocked_until > now) {
        return std::chrono::ceil<milliseconds>(*found->second.blocked_until - now);
    }
    entries_.erase(found);
    return std::nullopt;
}

LoginBrake::Failure LoginBrake::failed(std::string_view address, std::string_view user,
                                       const Rules& rules, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    if (entries_.size() >= max_entries) make_room(now);
    Entry& entry = entries_[Key(address, user)];
    if (entry.failures > 0 && entry.forget_at <= now) entry = {};
    ++entry.failures;
    entry.forget_at = now + memory;
    const unsigned doublings = std::min(entry.failures - 1, 16U);
    const milliseconds delay = std::min(rules.failure_delay * (1U << doublings), max_delay);
    const bool blocks = rules.failure_limit > 0 && entry.failures >= rules.failure_limit &&
                        rules.failure_block > milliseconds::zero();
    if (blocks) {
        entry.blocked_until = now + rules.failure_block;
        entry.forget_at = std::max(entry.forget_at, *entry.blocked_until);
    }
    return {.delay = delay, .blocks = blocks};
}

void LoginBrake::succeeded(std::string_view address, std::string_view user) {
    const std::lock_guard lock(mutex_);
    if (!entries_.empty()) entries_.erase(Key(address, user));
}

// What is out of date goes first; without any of it, what failed least.
void LoginBrake::make_room(Clock::time_point now) {
    std::erase_if(entries_, [now](const auto& item) { return item.second.forget_at <= now; });
    if (entries_.size() < max_entries) return;
    const auto least = std::ranges::min_element(
        entries_, {}, [](const auto& item) { return item.second.failures; });
    entries_.erase(least);
}

}  // namespace pgweir::daemon
