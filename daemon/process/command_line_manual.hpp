// The manual page and the completion of the command line, made from its one description.
#pragma once

#include <string>
#include <string_view>

namespace pgweir::daemon {

/// The manual page pgweir(1).
[[nodiscard]] std::string command_line_manual(std::string_view version);

/// What bash(1) needs to complete the arguments of pgweir.
[[nodiscard]] std::string command_line_completion();

}  // namespace pgweir::daemon
