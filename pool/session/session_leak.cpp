#include "pool/session/session_leak.hpp"

#include <algorithm>
#include <vector>

#include "protocol/sql/custom_settings.hpp"

namespace pgweir::pool {

namespace {

// What the client has had since its start is known as it was written there: '8MB', and not '8192'.
// A setting of one's own that nobody has set may be the database's default: PostgreSQL cannot tell.
bool is_as_known(std::vector<Parameter> told, const SessionSettings& on_server,
                 const SessionSettings& startup) {
    std::erase_if(told, [&](const Parameter& setting) {
        return protocol::is_custom_setting_name(setting.first) &&
               on_server.find(setting.first) == nullptr;
    });
    const auto same = [&](const Parameter& setting, const Parameter& known) {
        if (setting.first != known.first) return false;
        const std::string* given = startup.find(known.first);
        return setting.second == known.second || (given != nullptr && *given == known.second);
    };
    return std::ranges::equal(told, on_server.values(), same);
}

std::string list(const std::vector<Parameter>& settings, Pins pins) {
    std::string text;
    for (const auto& [setting, value] : settings)
        text.append(setting).append("=").append(value).append(" ");
    pins.for_each([&](PinReason reason) { text.append(name(reason)).append(" "); });
    return text;
}

}  // namespace

std::optional<std::string> leak_in(const SessionState& told, const SessionSettings& on_server,
                                   const TenantSession& client) {
    Pins expected = client.pins;
    // No question shows these.
    for (const PinReason reason :
         {PinReason::unseen, PinReason::sequence, PinReason::listen, PinReason::custom_setting})
        expected.remove(reason);
    if (told.pins == expected && is_as_known(told.settings, on_server, *client.startup)) return {};
    return list(told.settings, told.pins) + "instead of " + list(on_server.values(), expected);
}

}  // namespace pgweir::pool
