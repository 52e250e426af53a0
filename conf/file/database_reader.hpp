// Entries of `databases` and `users`.
#pragma once

#include <optional>

#include "conf/config.hpp"
#include "conf/options/option_reader.hpp"

namespace pgweir::conf {

/// Reads one entry of `databases` on top of the global values `defaults`: a connection string, or
/// a map of libpq keywords and options. References in the connection are resolved (environment,
/// files). What is wrong is reported and left out.
[[nodiscard]] Database read_database(const YamlEntry& entry, const PoolOptions& defaults,
                                     Origins& origins, Reporter& reporter);

/// Reads one entry of `users`: a map of options.
[[nodiscard]] User read_user(const YamlEntry& entry, Origins& origins, Reporter& reporter);

}  // namespace pgweir::conf
