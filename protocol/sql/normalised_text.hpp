// The text of a statement for people: without its constants, which may be secret and are many.
#pragma once

#include <string>
#include <string_view>

namespace pgweir::protocol {

/// `sql` with `?` for each constant, one space for white space and comments, and at most `limit`
/// bytes of it, whole characters if it is UTF-8. Never fails: of nonsense it makes some text.
[[nodiscard]] std::string normalised_text(std::string_view sql, std::size_t limit = 200);

}  // namespace pgweir::protocol
