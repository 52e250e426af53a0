// A configuration file of any syntax that pgweir reads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "conf/config.hpp"
#include "conf/pgbouncer/report.hpp"
#include "conf/problem.hpp"

namespace pgweir::conf {

enum class Syntax : std::uint8_t { yaml, pgbouncer };

struct ConfigurationFile {
    std::string path;
    Syntax syntax = Syntax::yaml;
};

/// PgBouncer's syntax for a name that ends with `.ini`, else YAML.
[[nodiscard]] Syntax syntax_of(const std::string& path);

struct Loaded {
    std::shared_ptr<const Config> config;  ///< null if there is any problem
    std::vector<Problem> problems;         ///< all of them, by file and position
    pgbouncer::Report report;              ///< of a pgbouncer.ini: what became of each setting
};

/// Reads and checks a file, and those that it includes or names. As load_file(). With a
/// pgbouncer.ini pgweir starts where PgBouncer does: what lets nobody in more easily is in the
/// report. `former` is the configuration in use, or null.
[[nodiscard]] Loaded load(const ConfigurationFile& file, const Config* former = nullptr);

struct ImportedFile {
    Loaded loaded;
    std::string yaml;  ///< empty where the ini could not be translated
};

/// The pgbouncer.ini at `path` as YAML that load_text() reads as the same configuration. There is
/// YAML even if a check of the configuration finds a problem, such as an auth_file that is not on
/// this machine.
[[nodiscard]] ImportedFile import_file(const std::string& path);

}  // namespace pgweir::conf
