#include "pool/lending/greetings.hpp"

#include <algorithm>

namespace pgweir::pool {

namespace {

constexpr std::string_view application_name = "application_name";

// PostgreSQL replaces other characters before it reports the name; how, differs between versions.
bool is_reported_as_given(std::string_view name) {
    return name.size() < 64 &&
           std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~'; });
}

// The settings that a greeting depends on; the application_name is filled in.
std::vector<Parameter> key_of(const SessionSettings& settings) {
    std::vector<Parameter> key = settings.values();
    const std::string* name = settings.find(application_name);
    if (name != nullptr && is_reported_as_given(*name)) {
        std::erase_if(key, [](const Parameter& p) { return p.first == application_name; });
    }
    return key;
}

}  // namespace

Greeting Greetings::find(const SessionSettings& settings, Beginning* beginning) const {
    Greeting known;
    std::string name_at_login;
    {
        const std::lock_guard lock(mutex_);
        const auto found = known_.find(key_of(settings));
        if (found == known_.end()) return nullptr;
        known = found->second;
        if (beginning != nullptr) *beginning = at_login_;
        if (at_login_.reported) {
            const auto& reported = *at_login_.reported;
            const auto name = std::ranges::find(reported, application_name, &Parameter::first);
            if (name != reported.end()) name_at_login = name->second;
        }
    }
    const std::string* wanted = settings.find(application_name);
    if (wanted != nullptr && !is_reported_as_given(*wanted)) return known;
    const std::string& name = wanted != nullptr ? *wanted : name_at_login;
    const auto reported = std::ranges::find(*known, application_name, &Parameter::first);
    if (reported == known->end() || reported->second == name) return known;
    auto greeting = std::make_shared<std::vector<Parameter>>(*known);
    std::ranges::find(*greeting, application_name, &Parameter::first)->second = name;
    return greeting;
}

void Greetings::remember(const SessionSettings& settings, const std::vector<Parameter>& reported) {
    const std::lock_guard lock(mutex_);
    if (known_.size() >= most) known_.clear();
    known_[key_of(settings)] = std::make_shared<const std::vector<Parameter>>(reported);
}

Greeting Greetings::note_login(const std::vector<Parameter>& reported,
                               const LoginDefaultsPtr& defaults, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    confirmed_at_ = now;
    const bool same = at_login_.reported && *at_login_.reported == reported;
    if (same && at_login_.defaults == defaults) return at_login_.reported;
    known_.clear();
    if (!same) at_login_.reported = std::make_shared<const std::vector<Parameter>>(reported);
    at_login_.defaults = defaults;
    return at_login_.reported;
}

LoginDefaultsPtr Greetings::intern(std::shared_ptr<LoginDefaults> defaults) {
    const std::lock_guard lock(mutex_);
    std::erase_if(interned_, [](const auto& known) { return known.expired(); });
    for (const auto& known : interned_) {
        LoginDefaultsPtr found = known.lock();
        if (found && *found == *defaults) return found;
    }
    interned_.emplace_back(defaults);
    return defaults;
}

LoginDefaultsPtr Greetings::defaults() const {
    const std::lock_guard lock(mutex_);
    return at_login_.defaults;
}

Clock::time_point Greetings::confirmed_at() const {
    const std::lock_guard lock(mutex_);
    return confirmed_at_;
}

void Greetings::forget() {
    const std::lock_guard lock(mutex_);
    known_.clear();
}

bool Greetings::claim_check(Clock::time_point now, milliseconds interval) {
    const std::lock_guard lock(mutex_);
    if (now - checked_at_ < interval) return false;
    checked_at_ = now;
    return true;
}

}  // namespace pgweir::pool
