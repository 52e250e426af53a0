// A user's name in what a directory is asked.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "conf/access/ldap_options.hpp"

namespace pgweir::daemon {

/// `text` as a value in a filter (RFC 4515): no character of it has a meaning there.
[[nodiscard]] std::string escaped_in_filter(std::string_view text);

/// `text` as a value in a DN (RFC 4514): no character of it has a meaning there.
[[nodiscard]] std::string escaped_in_dn(std::string_view text);

/// The filter that finds `user`, for options with base_dn.
[[nodiscard]] std::string user_filter(const conf::LdapOptions& options, std::string_view user);

/// Who is bound by ldapprefix and ldapsuffix. Behind `cn=` and the like the name is escaped;
/// elsewhere (`user@example.com`, `DOMAIN\user`) that would make another name of it. Nothing: the
/// name has characters there that a DN gives a meaning.
[[nodiscard]] std::optional<std::string> bind_name(const conf::LdapOptions& options,
                                                   std::string_view user);

}  // namespace pgweir::daemon
