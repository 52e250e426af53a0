// libpq's connection keywords with their values.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgweir::pool {

using Keywords = std::vector<std::pair<std::string, std::string>>;

/// The value of a keyword, or "".
[[nodiscard]] std::string_view keyword(const Keywords& keywords, std::string_view name);

/// Gives a keyword this value and no other.
void set_keyword(Keywords& keywords, std::string_view name, std::string value);

/// The elements of a value with commas, as `host` and `port` may have; "" has one, which is empty.
[[nodiscard]] std::vector<std::string> split_list(std::string_view list);

}  // namespace pgweir::pool
