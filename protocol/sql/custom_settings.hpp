// Names of custom settings in the text of statements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pgweir::protocol {

/// Whether the names of all settings can be read in a text that it sets.
struct NamesSeen {
    bool of_set = true;         ///< by SET, which dynamic SQL may put together
    bool of_set_config = true;  ///< by set_config(); false also where there are too many
    [[nodiscard]] bool all() const { return of_set && of_set_config; }
};

/// What `$1` is in a text.
enum class Parameters : std::uint8_t {
    unseen,  ///< an argument of a function, or of a statement that SQL prepares
    bound,   ///< outside of strings it has a value in the Bind, which is looked at there
};

/// Adds the custom settings ("app.user", in lower case) that `sql` sets by name: `SET a.b`, and
/// `set_config('a.b', …)`, also inside of strings. Names are seen only where they stand plainly: a
/// call with anything else than a string without escapes before the first comma, or than such
/// arguments as `x, y, true`, may set any. PostgreSQL shows such a setting only to who
/// knows its name ("Customized Options", runtime-config-custom.html), so that pgweir has to know
/// it.
[[nodiscard]] NamesSeen collect_custom_settings(std::string_view sql,
                                                std::vector<std::string>& names,
                                                Parameters parameters = Parameters::unseen);

/// Adds those that `sql` reads by name: `current_setting('a.b')`.
void collect_settings_read(std::string_view sql, std::vector<std::string>& names);

/// More names than a program has: behind so many, no more are collected.
inline constexpr std::size_t most_custom_settings = 2000;

/// Longer names are not remembered.
inline constexpr std::size_t longest_custom_setting = 200;

/// Adds every string constant in `sql` that could be the name of one: an argument, maybe, of a
/// function that sets what it is told. False if one of them is too long to be remembered.
[[nodiscard]] bool collect_quoted_names(std::string_view sql, std::vector<std::string>& names);

/// Whether `text` has the form of a custom setting's name: two or more identifiers with dots
/// between.
[[nodiscard]] bool is_custom_setting_name(std::string_view text);

}  // namespace pgweir::protocol
