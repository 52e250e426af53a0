// The value of a line of [databases], [users] or [peers]: `name=value` pairs as PgBouncer writes
// them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/file/yaml_tree.hpp"
#include "conf/problem.hpp"

namespace pgweir::conf::pgbouncer {

struct ConnectPair {
    std::string name;
    Place place;  ///< of the name
    std::string value;
    Place value_place;  ///< of its first character, or of the quote before it
};

struct ConnectString {
    std::vector<ConnectPair> pairs;  ///< in their order; a name may come again, and the last counts
    std::optional<PlacedMessage> problem;  ///< what ended the reading
};

/// Reads a connection string that begins at `start`. It is not libpq's: blanks separate the pairs,
/// a value may stand in single quotes, in which `''` is a quote and a backslash nothing special,
/// and no value may be empty. No message shows a part of the text, which holds passwords.
[[nodiscard]] ConnectString parse_connect_string(std::string_view text, Place start);

}  // namespace pgweir::conf::pgbouncer
