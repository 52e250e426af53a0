// The log in PgBouncer's words, for programs and people that read PgBouncer's log.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/log/log.hpp"

namespace pgweir::daemon::log {

/// What PgBouncer says of this event, one text a line and without time and level:
///
///     C-0x2a: app/alice@127.0.0.1:50000 closing because: client close request (age=3s)
///
/// An event that PgBouncer does not have keeps its name and its fields. Nothing in the fields can
/// break a line.
[[nodiscard]] std::vector<std::string> in_pgbouncer_words(std::string_view event,
                                                          std::span<const Field> fields);

}  // namespace pgweir::daemon::log
