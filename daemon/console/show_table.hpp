// The one table of what SHOW shows: the parser, RowDescription, SHOW HELP and the test of columns
// follow from it.
#pragma once

#include <span>
#include <string_view>

#include "daemon/console/answer.hpp"

namespace pgweir::daemon::console {

struct Snapshot;

struct Show {
    std::string_view name;  ///< in upper case
    /// PgBouncer's, in its order, then pgweir's own. None for what is told by a notice.
    std::span<const Column> columns;
    Rows (*rows)(const Snapshot&) = nullptr;
    bool sockets = false;        ///< it looks at each client and each server
    bool statements = false;     ///< ... and at what they have prepared
    std::string_view why_not{};  ///< why there is none; empty: there is
};

[[nodiscard]] std::span<const Show> show_table();

/// The one with this name in upper case, or nullptr.
[[nodiscard]] const Show* find_show(std::string_view name);

}  // namespace pgweir::daemon::console
