// The `options` of a StartupMessage: a command line for the server process.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "protocol/wire/error_report.hpp"
#include "protocol/wire/startup.hpp"

namespace pgweir::protocol {

/// Splits the `options` parameter as PostgreSQL does (white space separates, a backslash takes the
/// next character literally) and adds what its switches set to `settings`, in their order:
/// `-c name=value`, `--name=value`, and the letters of the manual's "postgres" page, `-S 64` for
/// one. Returns the error to send, as PostgreSQL words it, std::nullopt when all is well. Whether a
/// setting exists and takes the value is for the server to say.
[[nodiscard]] std::optional<ErrorReport> parse_options(std::string_view options,
                                                       std::vector<Parameter>& settings);

}  // namespace pgweir::protocol
