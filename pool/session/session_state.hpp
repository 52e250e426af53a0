// What a server says of the session that it carries. The server is the source of truth: it is asked
// after a transaction that may have left something behind.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "pool/session/pins.hpp"
#include "pool/session/session_settings.hpp"

namespace pgweir::pool {

/// The answer to state_question().
struct SessionState {
    /// What differs from the server's login, roles included; sorted by name.
    std::vector<Parameter> settings;
    Pins pins;
    std::vector<std::string> channels;  ///< listened to, in the server's encoding
    bool had_temporary = false;         ///< the backend has made something temporary once
    /// channels_brought_sql (channel_sql.hpp) was run, and not rolled back.
    bool channels_brought = false;
    /// Protocol-level statements under names that are not pgweir's.
    std::vector<std::string> statements;
};

/// Who asks what.
struct StateQuestion {
    std::string_view login;                        ///< the role that the server was logged in as
    bool is_superuser = false;                     ///< that role is one
    std::string_view role = "none";                ///< that its login began with
    std::span<const std::string> custom_settings;  ///< names to ask for; PostgreSQL lists none
    /// Those of them that were given a value at the start of the session, so that none is a change;
    /// sorted.
    std::span<const std::string> told_if_empty{};
    /// Those that the login brought, and with which values: only others are a change.
    std::span<const Parameter> custom_defaults{};
    /// The session has a statement_timeout too short for the question.
    bool hurried = false;
};

/// The question, as SQL for a simple query. Everything in it is qualified, so that no search_path
/// has a say; it needs no rights. For PostgreSQL 12 and newer.
[[nodiscard]] std::string state_question(const StateQuestion& question);

/// Takes the rows of the answer.
class StateReader {
  public:
    /// One DataRow; `whole`: all of it is here.
    void row(std::string_view body, bool whole);
    /// The answer is complete.
    [[nodiscard]] SessionState finish();

  private:
    SessionState state_;
};

}  // namespace pgweir::pool
