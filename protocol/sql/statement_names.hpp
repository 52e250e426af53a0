// Names of prepared statements in the text of SQL.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace pgweir::protocol {

/// The name in a text that is one `DEALLOCATE [PREPARE] name` and nothing else ("DEALLOCATE"); not
/// of DEALLOCATE ALL.
[[nodiscard]] std::optional<std::string> only_deallocated(std::string_view sql);

/// Calls `act` with everything in `sql` that may name a prepared statement, each once: words, as
/// they stand and in lower case, and what is in double quotes; in strings and comments, too, where
/// dynamic SQL hides, and where a dollar quote touches them. None that is longer than `longest`,
/// which no client's name is: what stands in quotes may overlap, and each may begin a name.
void for_each_possible_name(std::string_view sql, std::size_t longest,
                            const std::function<void(std::string_view)>& act);

}  // namespace pgweir::protocol
