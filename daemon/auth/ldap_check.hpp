// A password, as a directory judges it.
#pragma once

#include "daemon/auth/outside_checker.hpp"

namespace pgweir::daemon {

/// Binds as the user, by OpenLDAP's libldap, as PostgreSQL's method ldap does. Blocks, as a rule to
/// the question's deadline at most.
[[nodiscard]] OutsideAnswer check_by_ldap(const conf::LdapOptions& options,
                                          const OutsideQuestion& question);

}  // namespace pgweir::daemon
