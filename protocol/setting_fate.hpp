// What the text of a request plainly does to a setting.
#pragma once

#include <cstdint>
#include <string_view>

namespace pgweir::protocol {

enum class SettingFate : std::uint8_t {
    untouched,  ///< or changed by something that only running it would show, such as a function
    set,        ///< to a value
    reset,      ///< to what the session began with
};

/// What `sql`, of one statement or several, does to the setting `name` (in lower case): the last of
/// its RESET, SET and DISCARD ALL that are about it decides. RESET ALL leaves `role` and
/// `session_authorization` alone; what changes the latter changes `role` as well ("SET SESSION
/// AUTHORIZATION").
[[nodiscard]] SettingFate fate_of_setting(std::string_view sql, std::string_view name);

/// How far a statement that sets or resets reaches.
enum class SettingScope : std::uint8_t {
    unknown,  ///< not of one SET or RESET alone
    session,
    transaction,  ///< SET LOCAL
};

/// The scope of `sql`, if that is one SET or RESET and nothing else.
[[nodiscard]] SettingScope scope_of_setting(std::string_view sql);

/// Whether `sql` is one statement that ends a transaction and begins the next ("ROLLBACK": AND
/// CHAIN).
[[nodiscard]] bool chains(std::string_view sql);

}  // namespace pgweir::protocol
