#include "pool/session/startup_settings.hpp"

#include <algorithm>

#include "protocol/sql/custom_settings.hpp"
#include "protocol/sql/session_effects.hpp"
#include "protocol/sql/sql_mention.hpp"

namespace pgweir::pool {

using protocol::SettingFate;
using protocol::SettingScope;

namespace {

// Whether a text that sets the role may set it to none.
bool may_be_none(std::string_view text) {
    return protocol::mentions(text, "none") || protocol::mentions(text, "authorization");
}

// Whether the server, asked for its settings, tells nothing of a RESET: a role that is gone may as
// well have been SET to NONE, and a setting of one's own to the empty string.
bool hides_reset(std::string_view name) {
    return name == "role" || protocol::is_custom_setting_name(name);
}

}  // namespace

void StartupSettings::detach() {
    client_.reset();
    notes_.clear();
    prepared_.clear();
    ran_ = false;
    may_be_discarded_ = false;
    has_reset_ = false;
    had_reset_ = false;
}

// --- what was reset ------------------------------------------------------------------------------

void StartupSettings::add(Note note) {
    if (notes_.size() >= most_notes) notes_.erase(notes_.begin());
    notes_.push_back(std::move(note));
}

SettingFate StartupSettings::fate_of(std::string_view name) const {
    for (auto note = notes_.rbegin(); note != notes_.rend(); ++note) {
        if (note->name == name) return note->fate;
    }
    return SettingFate::untouched;
}

void StartupSettings::note(std::string_view text, std::size_t request, bool may_commit) {
    const SessionSettings& startup = *client_->startup;
    if (startup.values().empty()) return;
    const protocol::SettingFates fates(text);
    const auto note = [&](const std::string& name) {
        SettingFate fate = hides_reset(name) ? fates.of(name) : SettingFate::untouched;
        if (fate == SettingFate::untouched) return;
        // SET ROLE to another: should it be the login's later, code in the database has reset it.
        if (name == "role" && fate == SettingFate::set && !client_->follows && !may_be_none(text))
            fate = SettingFate::untouched;
        add({.name = name, .fate = fate, .request = request, .stays = may_commit});
    };
    if (fates.touches_all()) {
        for (const auto& [name, value] : startup.values()) note(name);
        return;
    }
    fates.for_each_named([&](const std::string& name) {
        if (startup.find(name) != nullptr) note(name);
    });
}

void StartupSettings::note_all_reset() {
    for (const auto& [name, value] : client_->startup->values()) {
        if (hides_reset(name))
            add({.name = name, .fate = SettingFate::reset, .request = 0, .stays = true});
    }
}

void StartupSettings::note_failure(std::size_t next) {
    std::erase_if(notes_, [&](const Note& note) { return !note.stays && note.request < next; });
}

void StartupSettings::note_committed(std::size_t next) {
    for (Note& note : notes_) note.stays = note.stays || note.request < next;
}

bool StartupSettings::touches_hidden(std::string_view text) const {
    std::optional<protocol::SettingFates> fates;
    return std::ranges::any_of(client_->startup->values(), [&](const Parameter& given) {
        if (!hides_reset(given.first)) return false;
        if (!fates) fates.emplace(text);
        return fates->of(given.first) != SettingFate::untouched;
    });
}

void StartupSettings::forget_resets() {
    ran_ = false;
    may_be_discarded_ = false;
    std::vector<std::string> were_reset;
    for (const auto& [name, value] : client_->startup->values()) {
        if (fate_of(name) == SettingFate::reset) were_reset.push_back(name);
    }
    std::erase_if(notes_, [&](const Note& note) {
        return std::ranges::find(were_reset, note.name) != were_reset.end();
    });
}

void StartupSettings::asked() {
    notes_.clear();
    ran_ = false;
    may_be_discarded_ = false;
}

// --- restoring -----------------------------------------------------------------------------------

bool StartupSettings::may_have_been_reset(const std::string& name) const {
    if (!hides_reset(name)) return true;
    const SettingFate fate = fate_of(name);
    if (fate != SettingFate::untouched) return fate == SettingFate::reset;
    return name == "role" && client_->settings->find(name) != nullptr;
}

std::vector<std::string> StartupSettings::plainly_restoring(std::string_view text) const {
    const SettingScope scope = protocol::scope_of_setting(text);
    if (scope == SettingScope::unknown) return {};
    const bool local = scope == SettingScope::transaction;
    std::vector<std::string> statements;
    const protocol::SettingFates fates(text);
    for (const auto& [name, value] : client_->startup->values()) {
        if (fates.of(name) == SettingFate::reset)
            statements.push_back(setting_sql(name, value, local));
    }
    return statements;
}

// CASE, as the planner may put the parts of an AND in any order. PostgreSQL lists neither the role
// nor the settings of one's own; those have their login's value after a RESET. A session with
// another session user has not RESET the role, and may not set it.
std::string StartupSettings::restore_sql(
    std::string_view login,
    const std::function<std::string_view(std::string_view)>& value_at_login) const {
    std::string sql;
    for (const auto& [name, value] : client_->startup->values()) {
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
    sql +=
        ") v(n,x,d) WHERE CASE WHEN v.n OPERATOR(pg_catalog.=) 'role' AND "
        "pg_catalog.current_setting('session_authorization') OPERATOR(pg_catalog.<>) ";
    append_literal(sql, login);
    return sql +
           " OR (v.n OPERATOR(pg_catalog.=) 'role' OR "
           "pg_catalog.strpos(v.n,'.') OPERATOR(pg_catalog.>) 0) AND "
           "pg_catalog.current_setting(v.n,true) OPERATOR(pg_catalog.<>) v.d OR EXISTS "
           "(SELECT FROM pg_catalog.pg_show_all_settings() s WHERE "
           "pg_catalog.lower(s.name) OPERATOR(pg_catalog.=) v.n AND "
           "s.source OPERATOR(pg_catalog.=) 'session') THEN false "
           "ELSE pg_catalog.set_config(v.n,v.x,false) IS NULL END;";
}

// --- in session pooling --------------------------------------------------------------------------

// Few statements reset or set anything: their texts are kept, for when they run.
void StartupSettings::note_prepared(std::string name, std::optional<std::string_view> text) {
    constexpr std::size_t longest = 4096;
    const bool matters = !text ||
                         protocol::look_at(*text, nullptr).contains(protocol::Effect::reset) ||
                         touches_hidden(*text);
    if (!matters) {
        prepared_.erase(name);
    } else if (!text || text->size() > longest) {
        prepared_.insert_or_assign(std::move(name), std::nullopt);
    } else {
        prepared_.insert_or_assign(std::move(name), std::string(*text));
    }
}

const std::optional<std::string>* StartupSettings::prepared(std::string_view name) const {
    const auto found = prepared_.find(name);
    return found != prepared_.end() ? &found->second : nullptr;
}

}  // namespace pgweir::pool
