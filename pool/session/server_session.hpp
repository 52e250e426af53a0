// What a session of PostgreSQL has, whoever has its server.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pool/session/login_defaults.hpp"
#include "pool/session/plan_owner.hpp"
#include "pool/session/sequence_owner.hpp"
#include "pool/session/session_settings.hpp"
#include "pool/session/statement.hpp"

namespace pgweir::pool {

/// What is known of the session that a server connection is, at an idle point or assumed of what is
/// on its way. A value; it goes with the connection from worker to worker.
struct ServerSession {
    /// Every ParameterStatus of the login, in the server's order, with later changes applied.
    std::vector<Parameter> reported;
    /// What it reports to a session that has set nothing: of its login, with what the server's
    /// configuration has changed since.
    Greeting reported_at_login;
    /// What its login brought by itself; null: not known.
    LoginDefaultsPtr defaults;
    /// What the session has on top of its login.
    SettingsPtr settings;
    ServerStatements statements;
    /// Its unnamed statement; unknown_statement() where that cannot be told.
    ServerStatement unnamed;
    /// Something temporary was made here once: temp_buffers cannot change any more.
    bool had_temporary = false;
    bool is_worn_out = false;  ///< it is not to be lent again
    SequenceOwner sequences;   ///< whose values of sequences it has
    PlanOwner plans;           ///< whose plans it has

    /// The value that a parameter is reported with where the session has not set it; empty if it
    /// is not reported.
    [[nodiscard]] std::string_view at_login(std::string_view name) const;
    /// The role that the login began with; "none" for the user's own.
    [[nodiscard]] std::string_view role_at_login() const {
        return defaults ? defaults->role() : std::string_view("none");
    }
    /// What a role, or a custom setting, is where the session has set nothing; empty: nothing.
    [[nodiscard]] std::string_view value_at_login(std::string_view name) const;
    /// The custom settings that the login brought; by name, sorted.
    [[nodiscard]] std::vector<Parameter> custom_settings_at_login() const;
};

}  // namespace pgweir::pool
