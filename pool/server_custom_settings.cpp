// Settings of one's own ("app.tenant"). PostgreSQL lists none of them: it tells their values to who
// knows their names. A session is clean of them only if it is known that none but those with known
// names can have been set.
#include <algorithm>

#include "pool/pool_part.hpp"
#include "pool/server.hpp"
#include "protocol/custom_settings.hpp"
#include "protocol/extended_query.hpp"
#include "protocol/serialize.hpp"

namespace pgweir::pool {

using protocol::Effect;

namespace {

using protocol::most_custom_settings;
using protocol::Parameters;

// PostgreSQL cuts what is bound as a "name", and the blanks behind a "char(n)".
constexpr std::size_t longest_uncut = 63;

// A name that stands in the text by itself is one that a function may be told to set.
SettingNames names_in(Bytes text, Parameters parameters) {
    SettingNames found;
    found.all_seen = protocol::collect_custom_settings(text, found.names, parameters).all();
    found.all_seen = protocol::collect_quoted_names(text, found.names) && found.all_seen;
    return found;
}

}  // namespace

SettingNames Server::names_in_text(Bytes text) {
    return names_in(text, Parameters::unseen);
}

// Of a statement that the protocol binds.
SettingNames Server::names_in_statement(Bytes text) {
    return names_in(text, Parameters::bound);
}

void Server::note_names(const SettingNames& found) {
    if (!found.all_seen) effects_ |= Effect::sets_unseen;
    mention(found.names);
}

// A value that is not all here may be, or hold, the name of one.
void Server::note_names_in_values(Bytes values, bool all_here) {
    std::vector<std::string> names;
    protocol::for_each_value(values, [&](Bytes value) {
        value = value.substr(0, value.find_last_not_of(' ') + 1);
        if (!protocol::is_custom_setting_name(value)) return;
        if (value.size() > longest_uncut) {
            effects_ |= Effect::sets_unseen;
        } else {
            names.push_back(lower_case(value));
        }
    });
    mention(names);
    if (!all_here) effects_ |= Effect::sets_unseen;
}

void Server::mention(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        part_.knowledge().note_custom_setting(name);
        mentioned_.push_back(name);
    }
    if (mentioned_.size() < most_custom_settings) return;
    mentioned_.resize(most_custom_settings);
    effects_ |= Effect::sets_unseen;
}

// What others name in between may have crowded out of the pool's list what this client has.
std::vector<std::string> Server::names_to_ask_for() {
    std::vector<std::string> names = part_.knowledge().custom_settings();
    names.insert(names.end(), mentioned_.begin(), mentioned_.end());
    mentioned_.clear();
    for (const auto& [name, value] : connection_.settings->values()) {
        if (protocol::is_custom_setting_name(name)) names.push_back(name);
    }
    std::ranges::sort(names);
    const auto twice = std::ranges::unique(names);
    names.erase(twice.begin(), twice.end());
    return names;
}

// Who sets something under a name that was not seen keeps the server for as long as nobody else has
// to wait for one: what is set can be neither told nor brought along. Of code that cannot be read
// it is not known that it sets anything: what it may have set goes before anybody else gets the
// server.
void Server::judge_unseen_settings(Pins& pins) {
    const bool kept = tenant_->session().pins.contains(PinReason::custom_setting);
    const bool discarded = std::exchange(settings_discarded_, false);
    if (asked_effects_.contains(Effect::sets_unseen) || (kept && !discarded))
        pins.add(PinReason::custom_setting);
    const bool may_lack =
        asked_effects_.contains(Effect::runs_unseen) ||
        (part_.knowledge().lacks_room_for_settings() && asked_effects_.contains(Effect::state));
    if (may_lack) reset_unseen_settings();
}

void Server::reset_unseen_settings() {
    if (needs_reset_) return;
    needs_reset_ = true;
    reset_query_ = "RESET SESSION AUTHORIZATION;RESET ROLE;RESET ALL";
}

}  // namespace pgweir::pool
