// What pgweir does with configurations beside running: each prints and gives an exit code.
#pragma once

#include "conf/file/configuration_file.hpp"

namespace pgweir::daemon {

/// Loads a configuration and prints every problem to standard error.
[[nodiscard]] conf::Loaded load_or_complain(const conf::ConfigurationFile& file);

/// `--check`. 0: no problem; 2: problems, which have been printed.
[[nodiscard]] int check(const conf::ConfigurationFile& file);

/// `--import`: YAML to standard output, the report and all problems to standard error. 0: no
/// problem, though settings may not be supported; 2: problems. Without YAML if the ini itself is
/// wrong; with it if a check of the result is.
[[nodiscard]] int import(const conf::ConfigurationFile& ini);

/// `--diff`: one line a change, `reload` or `restart` before it. As diff(1): 0: nothing would
/// change; 1: something would; 2: a file has problems.
[[nodiscard]] int diff(const conf::ConfigurationFile& before, const conf::ConfigurationFile& after);

}  // namespace pgweir::daemon
