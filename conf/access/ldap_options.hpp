// Where and how a directory is asked about a password: the options of the method ldap.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "conf/result.hpp"

namespace pgweir::conf {

/// The options of a rule with the method ldap, or of auth_ldap_options.
///
/// PostgreSQL manual, "LDAP Authentication". Either the user's DN is made of `prefix`, the name and
/// `suffix` (simple bind), or it is searched for under `base_dn` (search+bind).
struct LdapOptions {
    /// libldap's LDAP_SCOPE_*.
    static constexpr int subtree = 2;

    std::string scheme = "ldap";  ///< or ldaps
    std::string server;           ///< hosts with blanks between them; empty: DNS knows, by base_dn
    std::uint16_t port = 0;       ///< 0: that of the scheme
    bool starts_tls = false;
    std::optional<std::string> prefix;
    std::optional<std::string> suffix;
    std::optional<std::string> base_dn;  ///< set: search+bind
    int scope = subtree;
    std::string bind_dn;           ///< who searches; empty: nobody in particular
    std::string bind_password;     ///< a secret
    std::string search_attribute;  ///< empty: uid
    std::string search_filter;     ///< with $username in it; empty: search_attribute is compared

    friend bool operator==(const LdapOptions&, const LdapOptions&) = default;
};

/// Whether pgweir was built with libldap; without it the method ldap is refused.
[[nodiscard]] bool has_ldap();
/// Whether pgweir was built with libpam; without it the method pam is refused.
[[nodiscard]] bool has_pam();
/// Why a method of authentication is not there, for people.
[[nodiscard]] std::string not_built(std::string_view method);

/// Whether the method ldap has an option of this name.
[[nodiscard]] bool is_ldap_option(std::string_view name);
/// Sets an option that there is. Returns what is wrong with the value, for people and without the
/// secret, or nothing.
[[nodiscard]] std::optional<std::string> set_ldap_option(LdapOptions& options,
                                                         std::string_view name,
                                                         const std::string& value);
/// What is wrong with the options together, for people, or nothing.
[[nodiscard]] std::optional<std::string> check_ldap_options(const LdapOptions& options);

/// Reads `name=value ...` as it stands in a line of pg_hba.conf behind the method.
/// Errors: the syntax, an unknown option, a wrong value, options that do not go together.
[[nodiscard]] Result<LdapOptions> parse_ldap_options(std::string_view text);

}  // namespace pgweir::conf
