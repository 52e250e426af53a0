// Which settings a text may change.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgweir::protocol {

class NamedEffects;

/// The settings (names in lower case) that `sql` may change for its session or its transaction: by
/// SET, RESET, and set_config() with a constant for a name. Nothing where it may change others as
/// well: by code, by what the database's own functions do (`names`; null: not known), by RESET ALL
/// or DISCARD, or by a set_config() whose name only running it would show.
[[nodiscard]] std::optional<std::vector<std::string>> changed_settings(std::string_view sql,
                                                                       const NamedEffects* names);

}  // namespace pgweir::protocol
