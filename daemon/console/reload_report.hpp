// What a change of the configuration came to.
#pragma once

#include <string>
#include <vector>

#include "conf/file/configuration_file.hpp"

namespace pgweir::daemon {

/// What a reload came to, for the operator; each line is in the log as well.
struct ReloadReport {
    std::vector<conf::Problem> problems;     ///< if there is one, nothing was changed
    std::vector<std::string> changes;        ///< that are in effect
    std::vector<std::string> needs_restart;  ///< that differ from what was read at the start
    std::vector<std::string> warnings;       ///< what was taken and has no effect

    [[nodiscard]] bool applied() const { return problems.empty(); }
};

}  // namespace pgweir::daemon
