// What the console calls a setting: PgBouncer's name or pgweir's.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "conf/options/option_table.hpp"
#include "conf/pgbouncer/setting_table.hpp"

namespace pgweir::conf {

/// A setting of the whole process.
struct NamedSetting {
    std::string_view name;  ///< by which it was found
    /// PgBouncer's row for it; null: PgBouncer has none.
    const pgbouncer::Setting* setting = nullptr;
    /// Null: it is a keyword of libpq in every entry of `databases`, or nothing that pgweir has.
    const Option* option = nullptr;

    /// The keyword of libpq; empty: it is none.
    [[nodiscard]] std::string_view keyword() const;
    /// Whether it was found by the name that stands in a pgbouncer.ini.
    [[nodiscard]] bool by_pgbouncers_name() const;
};

/// The row of PgBouncer's settings that means this option alone, or nullptr.
[[nodiscard]] const pgbouncer::Setting* pgbouncer_setting(const Option& option);

/// `pool_mode` for `pool.mode`; the option's own name where PgBouncer has none that means it alone.
[[nodiscard]] std::string_view console_name(const Option& option);

/// The setting that has this name in `[pgbouncer]`, or this path (`pool.mode`), or this
/// console_name().
[[nodiscard]] std::optional<NamedSetting> find_named_setting(std::string_view name);

/// All names that a user may have meant.
[[nodiscard]] std::vector<std::string_view> setting_names();

}  // namespace pgweir::conf
