// Whether a text of SQL may have something to do with a name.
#pragma once

#include <string_view>

namespace pgweir::protocol {

/// Whether `part`, in lower case and of ASCII, stands anywhere in the text but in comments: in
/// words, strings and quoted identifiers, in any case, also written with escapes. True where that
/// is not certain. A text that puts a name together from parts is not seen through.
[[nodiscard]] bool mentions(std::string_view sql, std::string_view part);

/// Whether an identifier in the text is `name`, as PostgreSQL has it, or a string has that in it,
/// in any case. True where that is not certain.
[[nodiscard]] bool may_name(std::string_view sql, std::string_view name);

}  // namespace pgweir::protocol
