// What belongs to an installation and is made from the program's tables, so that it cannot differ
// from what the program does.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace pgweir::daemon {

/// The names that `pgweir --document` takes: of manual pages, of the completion for bash, and of
/// the configuration that a package brings, for a PostgreSQL on the same machine.
[[nodiscard]] std::span<const std::string_view> document_names();

/// The document with one of these names.
[[nodiscard]] std::string document(std::string_view name);

}  // namespace pgweir::daemon
