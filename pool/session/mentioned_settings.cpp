#include "pool/session/mentioned_settings.hpp"

#include <algorithm>
#include <cstddef>

#include "protocol/sql/custom_settings.hpp"
#include "protocol/wire/extended_query.hpp"

namespace pgweir::pool {

namespace {

// PostgreSQL cuts what is bound as a "name", and the blanks behind a "char(n)".
constexpr std::size_t longest_uncut = 63;

// A name that stands in the text by itself is one that a function may be told to set.
SettingNames names_in(Bytes text, protocol::Parameters parameters) {
    SettingNames found;
    found.all_seen = protocol::collect_custom_settings(text, found.names, parameters).all();
    found.all_seen = protocol::collect_quoted_names(text, found.names) && found.all_seen;
    return found;
}

}  // namespace

SettingNames MentionedSettings::in_text(Bytes text) {
    return names_in(text, protocol::Parameters::unseen);
}

SettingNames MentionedSettings::in_statement(Bytes text) {
    return names_in(text, protocol::Parameters::bound);
}

bool MentionedSettings::note(const SettingNames& found) {
    const bool too_many = mention(found.names);
    return too_many || !found.all_seen;
}

bool MentionedSettings::note_values(Bytes values, bool all_here) {
    bool unseen = !all_here;
    std::vector<std::string> names;
    protocol::for_each_value(values, [&](Bytes value) {
        value = value.substr(0, value.find_last_not_of(' ') + 1);
        if (!protocol::is_custom_setting_name(value)) return;
        if (value.size() > longest_uncut) {
            unseen = true;
        } else {
            names.push_back(lower_case(value));
        }
    });
    return mention(names) || unseen;
}

// Returns whether there are more than are kept.
bool MentionedSettings::mention(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        knowledge_.note_custom_setting(name);
        mentioned_.push_back(name);
    }
    if (mentioned_.size() < protocol::most_custom_settings) return false;
    mentioned_.resize(protocol::most_custom_settings);
    return true;
}

std::vector<std::string> MentionedSettings::take_names_to_ask_for(
    const SessionSettings& on_server) {
    std::vector<std::string> names = knowledge_.custom_settings();
    names.insert(names.end(), mentioned_.begin(), mentioned_.end());
    mentioned_.clear();
    for (const auto& [name, value] : on_server.values()) {
        if (protocol::is_custom_setting_name(name)) names.push_back(name);
    }
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

}  // namespace pgweir::pool
