// A password, as PAM judges it.
#pragma once

#include "daemon/auth/outside_checker.hpp"

namespace pgweir::daemon {

/// Asks a service of PAM whether this is the user's password and whether the account may be used,
/// as PostgreSQL's method pam does. Blocks, for as long as a module likes.
[[nodiscard]] OutsideAnswer check_by_pam(const PamService& service,
                                         const OutsideQuestion& question);

}  // namespace pgweir::daemon
