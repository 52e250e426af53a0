// From a pgbouncer.ini to pgweir's own configuration.
#pragma once

#include <vector>

#include "conf/file/yaml_tree.hpp"
#include "conf/pgbouncer/ini_reader.hpp"
#include "conf/pgbouncer/report.hpp"

namespace pgweir::conf::pgbouncer {

struct Import {
    /// What the YAML file would be, with the places of the ini, so that what is wrong with a value
    /// is told where the operator wrote it. Its problems are those of the translation; their
    /// messages show no secret.
    YamlTree tree;
    Report report;
};

/// Translates each setting by setting_table. Where a default of PgBouncer's is not pgweir's own, it
/// is written out. As in PgBouncer, the last of several equal settings counts, and each
/// `[pgbouncer]` begins from the defaults.
/// Problems: those of the ini, unknown sections and settings, values that are none, and what cannot
/// be left out without letting somebody in: methods of authentication that pgweir does not have.
[[nodiscard]] Import import_ini(const Ini& ini);

}  // namespace pgweir::conf::pgbouncer
