// What a RESET goes back to: the settings that a client asked for at its start, of which the
// server's login knows nothing.
#include <algorithm>
#include <optional>

#include "pool/pool_part.hpp"
#include "pool/server.hpp"
#include "protocol/custom_settings.hpp"
#include "protocol/serialize.hpp"
#include "protocol/sql_mention.hpp"
#include "protocol/statement_shape.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Frontend;
using protocol::SettingFate;
using protocol::SettingScope;
using protocol::TransactionStatus;

namespace {

// A start-up setting as the client was told it: PostgreSQL may write it differently.
const std::string& told_at_login(const TenantSession& session, const std::string& name,
                                 const std::string& given) {
    if (!session.greeting) return given;
    const auto found = std::ranges::find(*session.greeting, name, &Parameter::first);
    return found != session.greeting->end() ? found->second : given;
}

// Whether a text that sets the role may set it to none.
bool may_be_none(Bytes text) {
    return protocol::mentions(text, "none") || protocol::mentions(text, "authorization");
}

// Whether the server, asked for its settings, tells nothing of a RESET: a role that is gone may as
// well have been SET to NONE, and a setting of one's own to the empty string.
bool hides_reset(std::string_view name) {
    return name == "role" || protocol::is_custom_setting_name(name);
}

}  // namespace

// --- what was reset ------------------------------------------------------------------------------

// What the tenant's latest request plainly does to a setting, whatever its result; not by a
// function.
SettingFate Server::plain_fate(std::string_view name) const {
    return protocol::fate_of_setting(tenants_text(), name);
}

const std::string& Server::tenants_text() const {
    return tenant_->session().follows ? effects_text_ : latest_text_;
}

void Server::note_fates(Bytes text) {
    const TenantSession& session = tenant_->session();
    const SessionSettings& startup = *session.startup;
    if (startup.values().empty()) return;
    const protocol::SettingFates fates(text);
    const auto note = [&](const std::string& name) {
        const SettingFate fate = hides_reset(name) ? fates.of(name) : SettingFate::untouched;
        if (fate != SettingFate::untouched) fates_[name] = fate;
        // SET ROLE to another: should it be the login's later, code in the database has reset it.
        if (name == "role" && fate == SettingFate::set && !session.follows && !may_be_none(text))
            fates_.erase(name);
    };
    if (fates.touches_all()) {
        for (const auto& [name, value] : startup.values()) note(name);
        return;
    }
    fates.for_each_named([&](const std::string& name) {
        if (startup.find(name) != nullptr) note(name);
    });
}

bool Server::touches_hidden(Bytes text) const {
    std::optional<protocol::SettingFates> fates;
    return std::ranges::any_of(tenant_->session().startup->values(), [&](const Parameter& given) {
        if (!hides_reset(given.first)) return false;
        if (!fates) fates.emplace(text);
        return fates->of(given.first) != SettingFate::untouched;
    });
}

// DISCARD ALL, however its text hides it: it runs in no transaction that could be rolled back.
void Server::note_all_reset() {
    for (const auto& [name, value] : tenant_->session().startup->values()) {
        if (hides_reset(name)) fates_[name] = SettingFate::reset;
    }
}

// What was RESET is about to be as it was at the start of the session.
void Server::forget_resets() {
    ran_reset_ = false;
    std::erase_if(fates_, [](const auto& fate) { return fate.second == SettingFate::reset; });
}

// Whether this start-up setting may be in need of being restored. For what functions do we guess: a
// role that is gone was RESET; a custom setting that is empty was set to ''.
bool Server::may_have_been_reset(const std::string& name) const {
    if (!hides_reset(name)) return true;
    const auto fate = fates_.find(name);
    if (fate != fates_.end()) return fate->second == SettingFate::reset;
    return name == "role" && tenant_->session().settings->find(name) != nullptr;
}

// One statement has run, and it says by itself what it resets, and for how long.
std::vector<std::string> Server::plainly_restoring() const {
    if (bound_ != 1) return {};
    const SettingScope scope = protocol::scope_of_setting(tenants_text());
    if (scope == SettingScope::unknown) return {};
    const bool local = scope == SettingScope::transaction;
    std::vector<std::string> statements;
    const protocol::SettingFates fates(tenants_text());
    for (const auto& [name, value] : tenant_->session().startup->values()) {
        if (fates.of(name) == SettingFate::reset)
            statements.push_back(setting_sql(name, value, local));
    }
    return statements;
}

// --- restoring -----------------------------------------------------------------------------------

// In session pooling the only thing that the server cannot know by itself: what a RESET goes back
// to.
bool Server::restore_after_reset() {
    if (!std::exchange(effects_, {}).contains(Effect::reset)) return false;
    const std::string sql = restore_sql();
    forget_resets();
    if (sql.empty()) return false;
    Outgoing out;
    order_statement(sql, out);
    send(out);
    return true;
}

// RESET goes back to what the client asked for at its start; here the server's login knows nothing
// of that. A statement without rows that sets what was reset, or nothing where there is nothing.
std::string Server::restore_sql() const {
    const TenantSession& session = tenant_->session();
    std::string sql;
    for (const auto& [name, value] : session.startup->values()) {
        if (!may_have_been_reset(name)) continue;
        sql += sql.empty() ? "SELECT 's',NULL,NULL FROM (VALUES (" : ",(";
        append_literal(sql, name);
        sql += ',';
        append_literal(sql, value);
        sql += ',';
        append_literal(sql, value_at_login(name));
        sql += ')';
    }
    if (sql.empty()) return sql;
    std::string login;
    append_literal(login, connection_.at_login("session_authorization"));
    // CASE, as the planner may put the parts of an AND in any order. PostgreSQL lists neither the
    // role nor the settings of one's own; those have their login's value after a RESET. Whoever is
    // another session user has not RESET the role, and may not set it.
    return sql +
           ") v(n,x,d) WHERE CASE WHEN v.n OPERATOR(pg_catalog.=) 'role' AND "
           "pg_catalog.current_setting('session_authorization') OPERATOR(pg_catalog.<>) " +
           login +
           " OR (v.n OPERATOR(pg_catalog.=) 'role' OR "
           "pg_catalog.strpos(v.n,'.') OPERATOR(pg_catalog.>) 0) AND "
           "pg_catalog.current_setting(v.n,true) OPERATOR(pg_catalog.<>) v.d OR EXISTS (SELECT "
           "FROM "
           "pg_catalog.pg_show_all_settings() s WHERE pg_catalog.lower(s.name) "
           "OPERATOR(pg_catalog.=) v.n AND "
           "s.source OPERATOR(pg_catalog.=) 'session') THEN false "
           "ELSE pg_catalog.set_config(v.n,v.x,false) IS NULL END;";
}

// The client must not see the login's value even for the rest of its transaction.
void Server::restore_in_transaction() {
    if (!effects_.contains(Effect::reset) || !tracker_.quiet() || delivering_ ||
        tracker_.transaction_status() != TransactionStatus::in_transaction ||
        !tenant_->between_requests()) {
        return;
    }
    effects_ = effects_.without(Effect::reset) | Effect::state;
    std::vector<std::string> statements = plainly_restoring();
    if (statements.empty()) {
        std::string sql = restore_sql();
        if (!sql.empty()) statements.push_back(std::move(sql));
    }
    forget_resets();
    if (statements.empty()) return;
    Outgoing out;
    order_statements(statements, out);
    send(out);
}

// The same where the client does not wait for the reply to what may have been a RESET: before
// anything runs that may read a setting.
void Server::restore_in_pipeline(const protocol::Step& step, Outgoing& out) {
    const auto type = static_cast<Frontend>(step.type);
    const bool may_read =
        type == Frontend::query || type == Frontend::bind || type == Frontend::execute;
    if (!may_read || resets_alone(step)) return;
    ran_reset_ = false;
    const std::string sql = restore_sql();
    if (sql.empty()) return;
    if (!tracker_.wants_sync()) {
        order_statement(sql, out);
    } else if (!tracker_.may_have_failed()) {
        // In a failed transaction it would take the place of the client's ROLLBACK.
        inject_statement(sql, out);
    }
}

// DISCARD ALL runs behind nothing but another one in a pipeline, and would reset what is restored
// in front of it.
bool Server::resets_alone(const protocol::Step& step) const {
    const bool is_noted =
        static_cast<Frontend>(step.type) == Frontend::execute || !tenant_->session().follows;
    const Bytes text = is_noted ? Bytes(latest_text_) : text_to_run(step);
    return protocol::runs_alone(text) && protocol::look_at(text, nullptr).contains(Effect::reset);
}

// --- what the client is told ---------------------------------------------------------------------

// A RESET has gone back to what the client asked for at its start, though the server has nothing to
// report: it had the login's value before, too.
void Server::tell_own_defaults() {
    TenantSession& session = tenant_->session();
    for (const auto& [reported, value] : connection_.reported) {
        const std::string name = lower_case(reported);
        const std::string* own = is_settable(reported) ? session.startup->find(name) : nullptr;
        if (own == nullptr || plain_fate(name) != SettingFate::reset) continue;
        const std::string* present = session.settings->find(name);
        if (present != nullptr && *present == *own) continue;
        session.settings = part_.context().settings.intern(with(*session.settings, name, *own));
        const std::string& told = told_at_login(session, reported, *own);
        protocol::append_parameter_status(told_.emplace_back(), reported, told);
        forward(told_.back());
    }
    tell_first_role();
}

// So has a RESET of the role that the client began with.
void Server::tell_first_role() {
    constexpr std::string_view name = "is_superuser";
    const TenantSession& session = tenant_->session();
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
    const TenantSession& session = tenant_->session();
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
        const bool own = tenant_->session().settings->find(lower_case(name)) != nullptr;
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
    return name == "is_superuser" && effects_.contains(protocol::Effect::reset) &&
           tenant_->session().startup->find("role") != nullptr && may_have_been_reset("role");
}

// The client is told of a reported parameter that is no setting.
void Server::note_fact(const std::string& name, const std::string& value) {
    auto& facts = tenant_->session().told_facts;
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
    if (!questions_.any() || set_up_ != SetUp::none) return false;
    TenantSession& session = tenant_->session();
    const std::string* own = session.startup->find(lower_case(name));
    if (own == nullptr) return false;
    const std::string* present = session.settings->find(lower_case(name));
    if (present != nullptr && *present == *own) return false;
    session.settings = part_.context().settings.intern(with(*session.settings, name, *own));
    return true;
}

// A reported setting changed in the tenant's own doing.
void Server::setting_reported(const std::string& name, const std::string& value, Bytes& message) {
    TenantSession& session = tenant_->session();
    SettingsInterner& interner = part_.context().settings;
    settings_touched_ = true;
    const bool alike = session.settings == connection_.settings;
    const bool as_at_login = value == connection_.at_login(name);
    const auto changed = [&](const SessionSettings& settings) {
        return interner.intern(as_at_login ? without(settings, name) : with(settings, name, value));
    };
    connection_.settings = changed(*connection_.settings);
    const std::string* own = session.startup->find(lower_case(name));
    const bool suspected =
        tracks() && own != nullptr && as_at_login && effects_.contains(protocol::Effect::reset);
    const SettingFate fate = suspected ? plain_fate(lower_case(name)) : SettingFate::set;
    // What only may have been a RESET may just as well have set this value. Where the text is not
    // known, in session pooling, its tag has told of a RESET.
    const bool may_have_set =
        fate == SettingFate::untouched && (session.follows || knows_latest_text_);
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
