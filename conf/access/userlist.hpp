// PgBouncer's userlist.txt: users and their secrets.
#pragma once

#include <string>
#include <string_view>

#include "conf/config.hpp"
#include "conf/file/reporter.hpp"

namespace pgweir::conf {

/// Reads lines of `"user" "secret"`. As in PgBouncer, `""` inside of quotes stands for one quote,
/// what follows the secret is not looked at, and lines that do not begin with a quote are comments.
/// Unlike PgBouncer, which passes over a line it cannot read, everything else is a problem, and so
/// is a name that comes twice: an operator who mistypes a line wants to know. No message holds a
/// secret.
///
/// PgBouncer manual, "Authentication file format".
[[nodiscard]] Userlist parse_userlist(std::string_view text, Reporter& reporter);

}  // namespace pgweir::conf
