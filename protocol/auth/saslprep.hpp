// SASLprep (RFC 4013), the normal form in which SCRAM hashes a password.
#pragma once

#include <string>
#include <string_view>

namespace pgweir::protocol {

/// Longer passwords that are not ASCII are hashed as they are: libidn's time grows with the square
/// of the length, and a client chooses what it sends as a password. PostgreSQL 10 to 13 had the
/// same bound (MAX_PASSWORD_LENGTH).
inline constexpr std::size_t max_saslprep_length = 1024;

/// The normal form of a password; the password as it is where it has none (it is not UTF-8, holds a
/// prohibited or unassigned character, or nothing is left of it): what PostgreSQL does, server and
/// libpq alike.
[[nodiscard]] std::string saslprep(std::string_view password);

}  // namespace pgweir::protocol
