// The one table of PgBouncer's settings: what each is in pgweir, or why it is nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "conf/pgbouncer/report.hpp"
#include "conf/pgbouncer/setting_values.hpp"

namespace pgweir::conf::pgbouncer {

enum class Section : std::uint8_t { pgbouncer, databases, users };

/// One setting of `[pgbouncer]`, or one that may stand in an entry of `[databases]` or `[users]`.
struct Setting {
    std::string_view name;
    Kind kind = Kind::text;
    /// Where its value goes. In `[pgbouncer]`: the path of an option, or `databases.*.keyword` for
    /// a keyword of libpq in every entry. In an entry: the name of an option or keyword there.
    /// Empty: nowhere.
    std::string_view target{};
    /// For what goes nowhere: whether something is missing.
    Verdict verdict = Verdict::same;
    /// A value with which it does nothing that pgweir does not do by itself, as PgBouncer writes
    /// it. It is left out.
    std::optional<std::string_view> idle{};
    /// Why it goes nowhere, or what does not mean the same.
    std::string_view why{};
};

/// All settings of PgBouncer up to 1.26 in a section, by their order in its manual.
[[nodiscard]] std::span<const Setting> settings(Section section);

/// The setting with this name, or nullptr.
[[nodiscard]] const Setting* find_setting(Section section, std::string_view name);

}  // namespace pgweir::conf::pgbouncer
