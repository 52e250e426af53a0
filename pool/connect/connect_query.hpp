// What a new connection runs first (connect_query): settings that go with the login, or SQL.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pgweir::pool {

/// The settings of a query that does nothing but SET settings to constants, as libpq's keyword
/// `options` has them: `-c enable_seqscan=off`. Nothing: it does anything else, or may.
[[nodiscard]] std::optional<std::string> as_options(std::string_view query);

}  // namespace pgweir::pool
