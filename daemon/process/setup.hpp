// `pgweir --setup`: looks at a PostgreSQL and says what it needs.
#pragma once

#include <string>
#include <string_view>

namespace pgweir::daemon {

/// Connects by libpq, with what `conninfo` leaves out as libpq has it, and prints what setup_texts
/// makes for the server: "sql", "yaml" or "all". 0: printed; 1: it cannot connect or ask, which is
/// said on standard error.
[[nodiscard]] int setup(const std::string& conninfo, std::string_view part);

}  // namespace pgweir::daemon
