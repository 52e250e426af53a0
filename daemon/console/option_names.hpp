// What the console calls an option: as PgBouncer calls it, where PgBouncer has it.
#pragma once

#include <string_view>

#include "conf/option_table.hpp"

namespace pgweir::daemon::console {

/// `pool_mode` for `pool.mode`; the option's own name where PgBouncer has none that means it alone.
[[nodiscard]] std::string_view console_name(const conf::Option& option);

/// The option of this name, which may be its path as well (`pool.mode`); nullptr: there is none.
[[nodiscard]] const conf::Option* find_by_console_name(std::string_view name);

}  // namespace pgweir::daemon::console
