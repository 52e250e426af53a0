// The manual page of the console, made from the tables of its commands.
#pragma once

#include <string>
#include <string_view>

namespace pgweir::daemon::console {

/// The manual page pgweir-console(7).
[[nodiscard]] std::string manual(std::string_view version);

}  // namespace pgweir::daemon::console
