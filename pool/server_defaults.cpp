// What sessions begin with: asked of each server when it has logged in and now and then, kept for
// the client that began with something else, and told where it has changed.
#include <algorithm>

#include "pool/pool.hpp"
#include "pool/pool_part.hpp"
#include "pool/registry.hpp"
#include "pool/server.hpp"
#include "protocol/custom_settings.hpp"
#include "protocol/serialize.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::TransactionStatus;

namespace {

const std::string* find(const std::vector<Parameter>& reported, std::string_view name) {
    const auto found = std::ranges::find(reported, name, &Parameter::first);
    return found != reported.end() ? &found->second : nullptr;
}

}  // namespace

bool Server::is_current() const {
    return !connection_.is_worn_out && connection_.generation == part_.setup()->generation;
}

// --- asking --------------------------------------------------------------------------------------

bool Server::asks_for_defaults() const {
    return part_.options().login_defaults_interval > milliseconds::zero() &&
           connection_.place == Place::shared;
}

void Server::introduce() {
    if (!asks_for_defaults()) {
        note_defaults();
        part_.opener().introduced(*this);
        return;
    }
    introducing_ = true;
    ask(Question::login_defaults,
        login_defaults_question(connection_.at_login("session_authorization"),
                                connection_.at_login("is_superuser") == "on"));
}

void Server::check_defaults() {
    lifecycle_.to(State::cleaning);
    is_checked_ = true;
    ask_for_sources();
}

bool Server::confirm_defaults() {
    if (!asks_for_defaults()) return false;
    ask_for_sources();
    return true;
}

void Server::ask_for_sources() {
    ask(Question::login_sources,
        login_sources_question(connection_.at_login("session_authorization")));
}

// --- ALTER ROLE and the like ---------------------------------------------------------------------

// Where several statements are under way, the text at hand may be another one's.
void Server::note_login_change(Bytes tag) {
    if (!protocol::changes_logins(tag)) return;
    const bool is_plain = latest_.is_alone() && latest_.is_known();
    login_changes_.push_back(is_plain ? protocol::login_change(latest_.text())
                                      : protocol::LoginChange{});
}

// Before the client hears that it is done: who logs in after that finds it.
void Server::publish_login_changes() {
    if (tracker_.transaction_status() != TransactionStatus::idle) return;
    for (const protocol::LoginChange& change : std::exchange(login_changes_, {})) {
        part_.pool().registry().logins_changed(change);
    }
}

// --- answers -------------------------------------------------------------------------------------

void Server::login_defaults_answered(Questions::Answer& answer) {
    auto found = answer.take<std::shared_ptr<LoginDefaults>>();
    if (found) connection_.defaults = part_.pool().greetings().intern(std::move(found));
    connection_.reported_at_login =
        std::make_shared<const std::vector<Parameter>>(connection_.reported);
    reports_changed_ = false;
    note_defaults();
}

void Server::login_sources_answered(Questions::Answer& answer) {
    const auto found = answer.take<std::shared_ptr<LoginDefaults>>();
    if (!found) return;
    if (connection_.defaults && connection_.defaults->sources != found->sources) {
        connection_.is_worn_out = true;  // at once; the others when their workers hear of it
        part_.pool().logins_changed(connection_.generation);
        return;
    }
    learn_defaults();
    note_defaults();
}

// What an older server knows is no news.
void Server::note_defaults() {
    if (!is_current()) return;
    connection_.reported_at_login =
        part_.pool().greetings().note_login(*connection_.reported_at_login, connection_.defaults);
}

// Where the session has set nothing, what is reported is the default: of the configuration as the
// server has read it by now.
void Server::learn_defaults() {
    if (!std::exchange(reports_changed_, false) || !connection_.reported_at_login) return;
    const Greeting before = connection_.reported_at_login;
    std::vector<Parameter> reported = *before;
    bool heard = tenant_ != nullptr && client().told == before;
    bool changed = false;
    for (auto& [name, value] : reported) {
        if (!has_default(name) || connection_.settings->find(lower_case(name)) != nullptr) continue;
        const std::string* present = find(connection_.reported, name);
        if (present == nullptr || *present == value) continue;
        value = *present;
        changed = true;
        heard = heard && has_told(name);
    }
    if (!changed) return;
    connection_.reported_at_login =
        std::make_shared<const std::vector<Parameter>>(std::move(reported));
    note_defaults();
    if (heard) client().told = connection_.reported_at_login;
}

bool Server::has_told(std::string_view reported_name) const {
    return std::ranges::find(told_in_lease_, reported_name) != told_in_lease_.end();
}

std::vector<Parameter> Server::custom_settings_at_login() const {
    if (!connection_.defaults) return {};
    std::vector<Parameter> settings = connection_.defaults->given;
    std::erase_if(settings, [](const Parameter& setting) {
        return !protocol::is_custom_setting_name(setting.first);
    });
    return settings;
}

// What a role, or a setting of one's own, is where the session has set nothing.
std::string_view Server::value_at_login(std::string_view name) const {
    if (name == "role") return connection_.role_at_login();
    const std::string* given =
        connection_.defaults ? connection_.defaults->find_given(name) : nullptr;
    return given != nullptr ? std::string_view(*given) : std::string_view();
}

// --- the client's --------------------------------------------------------------------------------

// The client began on a server whose login brought something else. What it has not set itself is
// from now on as if it had asked for it at its start.
void Server::keep_defaults(TenantSession& session) {
    if (!connection_.defaults) return;
    const LoginDefaultsPtr began = std::exchange(session.defaults, connection_.defaults);
    if (!began) return;
    const SessionSettings kept(kept_defaults(*began, *connection_.defaults));
    if (kept.values().empty()) return;
    SettingsInterner& interner = context_.settings;
    session.startup = interner.intern(merge(kept, *session.startup));
    session.settings = interner.intern(merge(kept, *session.settings));
}

// PostgreSQL tells a session of it before the ReadyForQuery of what it asks next.
void Server::tell_new_defaults() {
    TenantSession& session = client();
    if (session.told == connection_.reported_at_login || !session.follows ||
        !set_up_.refusal().empty() || tracker_.transaction_status() != TransactionStatus::idle) {
        return;
    }
    const Greeting before = std::exchange(session.told, connection_.reported_at_login);
    if (!before || !session.told) return;
    for (const auto& [name, value] : *session.told) {
        if (!has_default(name) || has_told(name)) continue;
        if (session.settings->find(lower_case(name)) != nullptr) continue;
        const std::string* known = find(*before, name);
        if (known == nullptr || *known == value) continue;
        protocol::append_parameter_status(told_.emplace_back(), name, value);
        forward(told_.back());
    }
}

// The server reports a change of its own accord as it reports the client's SET: where no statement
// is known to have done it, the server is asked whose it is.
void Server::judge_report(const std::string& name) {
    if (!client().follows) return;
    if (!has_told(name)) told_in_lease_.push_back(name);
    if (context_.tracks()) suspicion_.add(Effect::state);
}

}  // namespace pgweir::pool
