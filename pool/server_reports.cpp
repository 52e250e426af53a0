// What a client is told of its settings: ParameterStatus as a server of its own would report.
#include <algorithm>

#include "pool/pool_part.hpp"
#include "pool/server.hpp"
#include "protocol/serialize.hpp"

namespace pgweir::pool {

using protocol::SettingFate;

namespace {

// A start-up setting as the client was told it: PostgreSQL may write it differently.
const std::string& told_at_login(const TenantSession& session, const std::string& name,
                                 const std::string& given) {
    if (!session.greeting) return given;
    const auto found = std::ranges::find(*session.greeting, name, &Parameter::first);
    return found != session.greeting->end() ? found->second : given;
}

}  // namespace

// A RESET has gone back to what the client asked for at its start, though the server has nothing to
// report: it had the login's value before, too.
void Server::tell_own_defaults() {
    TenantSession& session = client();
    for (const auto& [reported, value] : connection_.reported) {
        const std::string name = lower_case(reported);
        const std::string* own = is_settable(reported) ? session.startup->find(name) : nullptr;
        if (own == nullptr || plain_fate(name) != SettingFate::reset) continue;
        const std::string* present = session.settings->find(name);
        if (present != nullptr && *present == *own) continue;
        session.settings = context_.settings.intern(with(*session.settings, name, *own));
        const std::string& told = told_at_login(session, reported, *own);
        protocol::append_parameter_status(told_.emplace_back(), reported, told);
        forward(told_.back());
    }
    tell_first_role();
}

// So has a RESET of the role that the client began with.
void Server::tell_first_role() {
    constexpr std::string_view name = "is_superuser";
    const TenantSession& session = client();
    if (session.startup->find("role") == nullptr || plain_fate("role") != SettingFate::reset)
        return;
    const auto told = std::ranges::find(*session.greeting, name, &Parameter::first);
    const std::string* const known = known_to_client(std::string(name));
    if (told == session.greeting->end() || known == nullptr || *known == told->second) return;
    note_fact(std::string(name), told->second);
    protocol::append_parameter_status(told_.emplace_back(), name, told->second);
    forward(told_.back());
}

// What the client was last told of a reported parameter; null where that is not known.
const std::string* Server::known_to_client(const std::string& name) const {
    const TenantSession& session = client();
    const auto in = [&](const std::vector<Parameter>& told) -> const std::string* {
        const auto found = std::ranges::find(told, name, &Parameter::first);
        return found != told.end() ? &found->second : nullptr;
    };
    const std::string* const told = session.greeting ? in(*session.greeting) : nullptr;
    if (!is_settable(name)) {
        const std::string* const later = session.told_facts ? in(*session.told_facts) : nullptr;
        return later != nullptr ? later : told;
    }
    const std::string key = lower_case(name);
    const std::string* const present = session.settings->find(key);
    const std::string* const given = session.startup->find(key);
    if (present == nullptr) {
        const std::string* const later = session.told ? in(*session.told) : nullptr;
        return later != nullptr ? later : told;
    }
    // PostgreSQL may have written what was given at the start in its own way.
    return given != nullptr && *given == *present ? told : present;
}

// A set-up stands in the same extended query as the client's request, so that its changes are told
// with the request's ReadyForQuery. By then the server has told all; the client is told what it
// does not know.
void Server::tell_differences() {
    for (const auto& [name, value] : std::vector<Parameter>(connection_.reported)) {
        const std::string* const known = known_to_client(name);
        if (known == nullptr || *known == value) continue;
        // A default that has changed: tell_new_defaults().
        const bool own = client().settings->find(lower_case(name)) != nullptr;
        if (!own && has_default(name) && value == connection_.at_login(name)) continue;
        if (goes_with_role(name)) continue;  // restore_sql() sets the role again
        judge_report(name);
        std::string& told = told_.emplace_back();
        protocol::append_parameter_status(told, name, value);
        Bytes message = told;
        if (is_settable(name)) {
            setting_reported(name, value, message);
        } else {
            note_fact(name, value);
        }
        if (!message.empty()) forward(message);
    }
}

// A reported parameter hangs on the role that the client began with, which it may have RESET.
bool Server::goes_with_role(std::string_view name) const {
    return name == "is_superuser" && suspicion_.contains(protocol::Effect::reset) &&
           client().startup->find("role") != nullptr && startup_.may_have_been_reset("role");
}

// The client is told of a reported parameter that is no setting.
void Server::note_fact(const std::string& name, const std::string& value) {
    auto& facts = client().told_facts;
    if (!facts) facts = std::make_unique<std::vector<Parameter>>();
    const auto found = std::ranges::find(*facts, name, &Parameter::first);
    if (found != facts->end()) {
        found->second = value;
    } else {
        facts->emplace_back(name, value);
    }
}

// restore_sql() has set what the client asked for at its start, while it thinks of another value.
bool Server::takes_back(const std::string& name) {
    // What a set-up brings is known.
    if (!questions_.any() || set_up_.is_under_way()) return false;
    TenantSession& session = client();
    const std::string* own = session.startup->find(lower_case(name));
    if (own == nullptr) return false;
    const std::string* present = session.settings->find(lower_case(name));
    if (present != nullptr && *present == *own) return false;
    session.settings = context_.settings.intern(with(*session.settings, name, *own));
    return true;
}

// A reported setting changed in the tenant's own doing.
void Server::setting_reported(const std::string& name, const std::string& value, Bytes& message) {
    TenantSession& session = client();
    SettingsInterner& interner = context_.settings;
    settings_touched_ = true;
    const bool alike = session.settings == connection_.settings;
    const bool as_at_login = value == connection_.at_login(name);
    const auto changed = [&](const SessionSettings& settings) {
        return interner.intern(as_at_login ? without(settings, name) : with(settings, name, value));
    };
    connection_.settings = changed(*connection_.settings);
    const std::string* own = session.startup->find(lower_case(name));
    const bool suspected = context_.tracks() && own != nullptr && as_at_login &&
                           suspicion_.contains(protocol::Effect::reset);
    const SettingFate fate = suspected ? plain_fate(lower_case(name)) : SettingFate::set;
    // What only may have been a RESET may just as well have set this value. Where the text is not
    // known, in session pooling, its tag has told of a RESET.
    const bool may_have_set =
        fate == SettingFate::untouched && (session.follows || latest_.is_known());
    if (fate == SettingFate::set || may_have_set) {
        session.settings = alike ? connection_.settings : changed(*session.settings);
        return;
    }
    // A RESET goes to the client's own default, not to the login's; restore_sql() tells the server.
    const std::string& told = told_at_login(session, name, *own);
    const std::string* present = session.settings->find(lower_case(name));
    const bool is_news = present != nullptr && *present != *own && *present != told;
    session.settings = interner.intern(with(*session.settings, name, *own));
    message = {};
    if (!is_news) return;
    protocol::append_parameter_status(told_.emplace_back(), name, told);
    message = told_.back();
}

}  // namespace pgweir::pool
