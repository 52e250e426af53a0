#include "pool/greetings.hpp"

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

Greeting Greetings::find(const SessionSettings& settings) const {
    Greeting known;
    std::string name_at_login;
    {
        const std::lock_guard lock(mutex_);
        const auto found = known_.find(key_of(settings));
        if (found == known_.end()) return nullptr;
        known = found->second;
        const auto reported = std::ranges::find(at_login_, application_name, &Parameter::first);
        if (reported != at_login_.end()) name_at_login = reported->second;
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

void Greetings::note_login(const std::vector<Parameter>& reported) {
    const std::lock_guard lock(mutex_);
    if (at_login_ == reported) return;
    known_.clear();
    at_login_ = reported;
}

void Greetings::forget() {
    const std::lock_guard lock(mutex_);
    known_.clear();
}

}  // namespace pgweir::pool
