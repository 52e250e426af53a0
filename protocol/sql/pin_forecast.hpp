// Statements that are sure to leave something in a session that cannot follow its client.
#pragma once

#include <string_view>

#include "protocol/sql/session_effects.hpp"

namespace pgweir::protocol {

/// What `sql` leaves behind, in words ("a temporary table"), for who must refuse it before it runs;
/// empty for all else. `effects` are those of the same text. Tells the plain cases by their words;
/// what hides in functions shows only when it is done. A temporary table that ends with its
/// transaction is no such case.
[[nodiscard]] std::string_view forecast_pin(std::string_view sql, Effects effects);

}  // namespace pgweir::protocol
