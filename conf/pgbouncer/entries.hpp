// The lines of [databases] and [users].
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "conf/pgbouncer/global_settings.hpp"
#include "conf/pgbouncer/journal.hpp"

namespace pgweir::conf::pgbouncer {

/// An entry of `databases`: a map of libpq's keywords and options. Every entry gets the keywords
/// that PgBouncer has for all, and the host that it takes where none is named.
[[nodiscard]] YamlEntry import_database(const IniSetting& line, const GlobalSettings& global,
                                        Journal& journal);

/// An entry of `users`. `highest_minimum` is the highest min_pool_size of any database.
[[nodiscard]] YamlEntry import_user(const IniSetting& line, std::uint64_t highest_minimum,
                                    Journal& journal);

}  // namespace pgweir::conf::pgbouncer
