// What a server's login brought by itself: the settings that ALTER ROLE and ALTER DATABASE give.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pool/session/session_settings.hpp"

namespace pgweir::pool {

/// The defaults that one login brought. Immutable and shared: who began with the same ones has the
/// same object, so that "has this server the client's defaults?" is a comparison of two pointers.
/// Only settings that the login's user can set are in it; the others are the server's in any case.
struct LoginDefaults {
    /// What ALTER ROLE and ALTER DATABASE gave, `role` and settings of one's own included; by name
    /// in lower case, sorted.
    std::vector<Parameter> given;
    /// All other settings as they were at the login: likewise.
    std::vector<Parameter> others;
    /// The texts in the catalogue that they come from, and what the user may do. Compared only.
    std::string sources;

    /// The value of a setting that was given (name in lower case), or nullptr.
    [[nodiscard]] const std::string* find_given(std::string_view name) const;
    /// The role that the login began with; "none" for the user's own.
    [[nodiscard]] std::string_view role() const;

    friend bool operator==(const LoginDefaults&, const LoginDefaults&) = default;
};

using LoginDefaultsPtr = std::shared_ptr<const LoginDefaults>;

/// What a session that began with `began` has to set on a server whose login brought `here`, so
/// that it finds no other defaults than its own. Sorted.
[[nodiscard]] std::vector<Parameter> kept_defaults(const LoginDefaults& began,
                                                   const LoginDefaults& here);

/// Asks for all of a LoginDefaults, at the beginning of a session; SQL for a simple query. All in
/// it is qualified; it needs no rights. `login`: the user that the server was logged in as.
[[nodiscard]] std::string login_defaults_question(std::string_view login, bool is_superuser);

/// Asks for LoginDefaults::sources alone, whatever the session has set: whether a login would bring
/// something else by now. Whatever is asked has the server apply a configuration that was reloaded,
/// and report what that changed.
[[nodiscard]] std::string login_sources_question(std::string_view login);

/// Takes the rows of either answer.
class LoginDefaultsReader {
  public:
    /// One DataRow; `whole`: all of it is here.
    void row(std::string_view body, bool whole);
    /// The answer is complete. Null: it cannot be used.
    [[nodiscard]] std::shared_ptr<LoginDefaults> finish();

  private:
    LoginDefaults found_;
    bool has_sources_ = false;
    bool is_cut_ = false;  ///< a row was too long
};

}  // namespace pgweir::pool
