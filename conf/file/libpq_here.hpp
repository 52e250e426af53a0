// The libpq that this process runs with, which may be another than the one it was built with.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace pgweir::conf {

/// A libpq: its version, as PQlibVersion() gives it, and the keywords that it takes.
struct Libpq {
    int version = 0;
    std::set<std::string, std::less<>> keywords;
};

/// The one that is loaded, by PQconndefaults(). Asked once; empty, and so in nobody's way, where
/// there is no memory.
[[nodiscard]] const Libpq& libpq_here();

/// What is wrong with a keyword of a connection (connection_keywords.hpp) where this libpq does not
/// have it: no client would get in, as libpq refuses the whole connection then.
[[nodiscard]] std::optional<std::string> why_missing(std::string_view name, const Libpq& libpq);

}  // namespace pgweir::conf
