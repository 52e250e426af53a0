// Whose logins a statement changes: ALTER ROLE, ALTER DATABASE, CREATE and DROP ROLE.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pgweir::protocol {

/// Which logins bring something else from now on. Neither is named: all of them may.
struct LoginChange {
    std::optional<std::string> role;
    std::optional<std::string> database;
};

/// Whether the statement that ended with this tag has changed logins. GRANT does not: what a role
/// may do is looked at each time.
[[nodiscard]] bool changes_logins(std::string_view tag);

/// What `sql`, which changes logins, names. Where that is not plain (several statements,
/// `CURRENT_USER`, a list, a name with escapes), all logins.
[[nodiscard]] LoginChange login_change(std::string_view sql);

}  // namespace pgweir::protocol
