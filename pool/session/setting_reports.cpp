#include "pool/session/setting_reports.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {

using protocol::SettingFate;

namespace {

void set(std::vector<Parameter>& parameters, std::string_view name, std::string_view value) {
    const auto found = std::ranges::find(parameters, name, &Parameter::first);
    if (found != parameters.end()) {
        found->second = value;
    } else {
        parameters.emplace_back(name, value);
    }
}

std::string message_of(std::string_view name, std::string_view value) {
    std::string message;
    protocol::append_parameter_status(message, name, value);
    return message;
}

// A start-up setting as the client was told it: PostgreSQL may write it differently.
const std::string& told_at_login(const TenantSession& client, const std::string& name,
                                 const std::string& given) {
    const std::string* const told =
        client.greeting ? find_parameter(*client.greeting, name) : nullptr;
    return told != nullptr ? *told : given;
}

}  // namespace

const std::string& SettingReports::cause() const {
    return client().follows ? rooms_.suspicion.text_of(rooms_.context.tracker.answering())
                            : rooms_.latest.text();
}

// What the requests that are being answered plainly do to a setting, whatever their result; not by
// a function.
SettingFate SettingReports::plain_fate(std::string_view name) const {
    if (!client().follows) return protocol::fate_of_setting(cause(), name);
    SettingFate fate = SettingFate::untouched;
    rooms_.suspicion.find_text_of(rooms_.context.tracker.answering(), [&](const std::string& text) {
        fate = protocol::fate_of_setting(text, name);
        return fate != SettingFate::untouched;
    });
    return fate;
}

// What the client was last told of a reported parameter; null where that is not known.
const std::string* SettingReports::known_to_client(const std::string& name) const {
    const TenantSession& session = client();
    const std::string* const told =
        session.greeting ? find_parameter(*session.greeting, name) : nullptr;
    if (!is_settable(name)) {
        const std::string* const later =
            session.told_facts ? find_parameter(*session.told_facts, name) : nullptr;
        return later != nullptr ? later : told;
    }
    const std::string key = lower_case(name);
    const std::string* const present = session.settings->find(key);
    const std::string* const given = session.startup->find(key);
    if (present == nullptr) {
        const std::string* const later =
            session.told ? find_parameter(*session.told, name) : nullptr;
        return later != nullptr ? later : told;
    }
    // PostgreSQL may have written what was given at the start in its own way.
    return given != nullptr && *given == *present ? told : present;
}

// A reported parameter hangs on the role that the client began with, which it may have RESET: the
// role is set again.
bool SettingReports::goes_with_role(std::string_view name) const {
    return name == "is_superuser" && rooms_.suspicion.contains(protocol::Effect::reset) &&
           client().startup->find("role") != nullptr && rooms_.startup.may_have_been_reset("role");
}

bool SettingReports::has_told(std::string_view reported_name) const {
    return std::ranges::find(told_in_lease_, reported_name) != told_in_lease_.end();
}

// --- what the server reports ---------------------------------------------------------------------

void SettingReports::reported(std::string_view name, std::string_view value) {
    set(server().reported, name, value);
    has_changes_ = true;
}

bool SettingReports::takes_back(const std::string& name) {
    if (!is_settable(name)) return false;
    TenantSession& session = client();
    const std::string* const own = session.startup->find(lower_case(name));
    if (own == nullptr) return false;
    const std::string* const present = session.settings->find(lower_case(name));
    if (present != nullptr && *present == *own) return false;
    session.settings = rooms_.context.settings.intern(with(*session.settings, name, *own));
    return true;
}

std::optional<std::string> SettingReports::in_place_of(const std::string& name,
                                                       const std::string& value) {
    judge(name);
    if (is_settable(name)) return setting_reported(name, value);
    if (goes_with_role(name)) return std::string();
    note_fact(name, value);
    return std::nullopt;
}

// The server reports a change of its own accord as it reports the client's SET: where no statement
// is known to have done it, the server is asked whose it is.
void SettingReports::judge(const std::string& name) {
    if (!client().follows) return;
    if (!has_told(name)) told_in_lease_.push_back(name);
    if (rooms_.context.tracks()) rooms_.suspicion.add(protocol::Effect::state);
}

// The client is told of a reported parameter that is no setting.
void SettingReports::note_fact(const std::string& name, const std::string& value) {
    auto& facts = client().told_facts;
    if (!facts) facts = std::make_unique<std::vector<Parameter>>();
    set(*facts, name, value);
}

// A reported setting changed in the client's own doing.
std::optional<std::string> SettingReports::setting_reported(const std::string& name,
                                                            const std::string& value) {
    TenantSession& session = client();
    SettingsInterner& interner = rooms_.context.settings;
    is_touched_ = true;
    const bool alike = session.settings == server().settings;
    const bool as_at_login = value == server().at_login(name);
    const auto changed = [&](const SessionSettings& settings) {
        return interner.intern(as_at_login ? without(settings, name) : with(settings, name, value));
    };
    server().settings = changed(*server().settings);
    const std::string* const own = session.startup->find(lower_case(name));
    // What pgweir has restored on the way of a request may be taken back together with it.
    const std::string* const known = own != nullptr ? known_to_client(name) : nullptr;
    const bool is_known = known != nullptr && *known == value;
    const bool suspected = rooms_.context.tracks() && own != nullptr && as_at_login &&
                           rooms_.suspicion.contains(protocol::Effect::reset);
    const SettingFate fate = suspected ? plain_fate(lower_case(name)) : SettingFate::set;
    // What only may have been a RESET may just as well have set this value. Where the text is not
    // known, in session pooling, its tag has told of a RESET.
    const bool may_have_set =
        fate == SettingFate::untouched && (session.follows || rooms_.latest.is_known());
    if (fate == SettingFate::set || may_have_set) {
        session.settings = alike ? server().settings : changed(*session.settings);
        return is_known ? std::optional<std::string>("") : std::nullopt;
    }
    // A RESET goes to the client's own default, not to the login's; the server is told by what
    // restores it (StartupSettings).
    const std::string& told = told_at_login(session, name, *own);
    const std::string* const present = session.settings->find(lower_case(name));
    const bool is_news = present != nullptr && *present != *own && *present != told;
    session.settings = interner.intern(with(*session.settings, name, *own));
    return is_news ? message_of(name, told) : std::string();
}

// --- at a ReadyForQuery --------------------------------------------------------------------------

SettingReports::Messages SettingReports::differences() {
    Messages messages;
    for (const auto& [name, value] : std::vector<Parameter>(server().reported)) {
        const std::string* const known = known_to_client(name);
        if (known == nullptr || *known == value) continue;
        // A default that has changed: new_defaults().
        const bool own = client().settings->find(lower_case(name)) != nullptr;
        if (!own && has_default(name) && value == server().at_login(name)) continue;
        if (goes_with_role(name)) continue;
        std::string told = in_place_of(name, value).value_or(message_of(name, value));
        if (!told.empty()) messages.push_back(std::move(told));
    }
    return messages;
}

SettingReports::Messages SettingReports::own_defaults() {
    TenantSession& session = client();
    Messages messages;
    for (const auto& [reported, value] : server().reported) {
        const std::string name = lower_case(reported);
        const std::string* const own =
            is_settable(reported) ? session.startup->find(name) : nullptr;
        if (own == nullptr || plain_fate(name) != SettingFate::reset) continue;
        const std::string* const present = session.settings->find(name);
        if (present != nullptr && *present == *own) continue;
        session.settings = rooms_.context.settings.intern(with(*session.settings, name, *own));
        messages.push_back(message_of(reported, told_at_login(session, reported, *own)));
    }
    if (auto role = first_role()) messages.push_back(std::move(*role));
    return messages;
}

// So has a RESET of the role that the client began with.
std::optional<std::string> SettingReports::first_role() {
    constexpr std::string_view name = "is_superuser";
    const TenantSession& session = client();
    if (session.startup->find("role") == nullptr || plain_fate("role") != SettingFate::reset)
        return std::nullopt;
    const std::string* const told = find_parameter(*session.greeting, name);
    const std::string* const known = known_to_client(std::string(name));
    if (told == nullptr || known == nullptr || *known == *told) return std::nullopt;
    note_fact(std::string(name), *told);
    return message_of(name, *told);
}

SettingReports::Messages SettingReports::new_defaults() {
    TenantSession& session = client();
    if (!may_have_new_defaults() || !session.follows ||
        rooms_.context.tracker.transaction_status() != protocol::TransactionStatus::idle)
        return {};
    const Greeting before = std::exchange(session.told, server().reported_at_login);
    if (!before || !session.told) return {};
    Messages messages;
    for (const auto& [name, value] : *session.told) {
        if (!has_default(name) || has_told(name)) continue;
        if (session.settings->find(lower_case(name)) != nullptr) continue;
        const std::string* const known = find_parameter(*before, name);
        if (known != nullptr && *known != value) messages.push_back(message_of(name, value));
    }
    return messages;
}

// Of the configuration as the server has read it by now.
bool SettingReports::learn_defaults() {
    if (!std::exchange(has_changes_, false) || !server().reported_at_login) return false;
    const Greeting before = server().reported_at_login;
    std::vector<Parameter> defaults = *before;
    has_heard_ = rooms_.context.client != nullptr && client().told == before;
    bool changed = false;
    for (auto& [name, value] : defaults) {
        if (!has_default(name) || server().settings->find(lower_case(name)) != nullptr) continue;
        const std::string* const present = find_parameter(server().reported, name);
        if (present == nullptr || *present == value) continue;
        value = *present;
        changed = true;
        has_heard_ = has_heard_ && has_told(name);
    }
    if (changed) {
        server().reported_at_login =
            std::make_shared<const std::vector<Parameter>>(std::move(defaults));
    }
    return changed;
}

}  // namespace pgweir::pool
