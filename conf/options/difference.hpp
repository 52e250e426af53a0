// What a reload would change.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conf/config.hpp"

namespace pgweir::conf {

/// In words, one line a change, in the order of the option table, then databases and users by
/// name. Secrets are shown as `(secret)`.
struct Difference {
    /// "timeouts.query_timeout: 0 -> 30s", "databases.app: added",
    /// "databases.app.host: a -> b", "users.ann.pool_size: (unset) -> 5".
    std::vector<std::string> changes;
    /// Those of `changes` that only a restart applies.
    std::vector<std::string> needs_restart;

    [[nodiscard]] bool empty() const { return changes.empty(); }
    /// Whether this one of `changes` is one of `needs_restart`.
    [[nodiscard]] bool needs_restart_for(std::string_view change) const;
};

/// Compares two valid configurations. A change of a global value is told once, not again for each
/// database that takes it over.
[[nodiscard]] Difference difference(const Config& before, const Config& after);

}  // namespace pgweir::conf
