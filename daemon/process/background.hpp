// What PgBouncer's command line may ask of the process before it begins: -d, -q and -u.
#pragma once

#include <optional>
#include <string>

namespace pgweir::daemon {

/// Takes the identity of this user, with its groups. Returns what is wrong, for people, or nothing.
/// Call while there is one thread.
[[nodiscard]] std::optional<std::string> become_user(const std::string& name);

/// Goes on as a process of its own, in a session of its own: the caller's one ends with 0, and
/// standard input and output are nowhere. Returns what is wrong, for people, or nothing.
/// Call while there is one thread.
[[nodiscard]] std::optional<std::string> go_into_background();

/// From now on nothing that is written to standard error, as the log is, is seen.
void silence_stderr();

}  // namespace pgweir::daemon
