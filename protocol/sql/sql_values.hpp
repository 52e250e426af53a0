// What identifiers and constants of SQL stand for.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "protocol/sql/sql_lexer.hpp"

namespace pgweir::protocol {

/// PostgreSQL cuts longer identifiers (NAMEDATALEN - 1).
inline constexpr std::size_t longest_identifier = 63;

/// The name that an identifier, also a quoted one, stands for: in lower case unless it is quoted,
/// and cut to that length ("Identifiers and Key Words"). Nothing for other tokens, and
/// where the name is not certain: one that would be cut and has characters beyond ASCII, of which
/// PostgreSQL leaves none in parts; an escape for a character beyond ASCII, which the server's
/// encoding decides; an escape that is wrong. `U&"…"` is read with a backslash as its escape, so it
/// counts only where no UESCAPE follows.
[[nodiscard]] std::optional<std::string> name_of(const Token& token);

/// The value of a string constant ("String Constants" to "Dollar-Quoted String Constants"). Nothing
/// for other tokens, bit strings among them, and where the value is not certain: for the same
/// escapes as in a name, and where standard_conforming_strings would make a difference and is
/// unknown. `U&'…'` is read as `U&"…"` is.
[[nodiscard]] std::optional<std::string> value_of(const Token& token);

}  // namespace pgweir::protocol
