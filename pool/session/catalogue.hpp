// What is known of a database's own functions, views and triggers: which of them may change a
// session.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pool/session/session_settings.hpp"
#include "protocol/sql/named_effects.hpp"

namespace pgweir::pool {

/// Immutable once made; shared between workers.
struct Catalogue {
    protocol::NamedEffects effects;
    std::vector<std::string> custom_settings;  ///< that functions set
    PlanFacts plans;
};

using CataloguePtr = std::shared_ptr<const Catalogue>;

/// How a change of the catalogue came to be known.
enum class CatalogueChange : std::uint8_t {
    seen,    ///< by its text: the custom settings are known that functions in it set
    unseen,  ///< only that it may have changed
};

/// One reading of the catalogue: when it began, and of which version (CatalogueUpkeep::version).
struct CatalogueReading {
    std::chrono::steady_clock::time_point begun;
    std::uint64_t version = 0;
};

/// What to ask a server of this version (`server_version`, as it is reported).
[[nodiscard]] std::string catalogue_query(std::string_view server_version);

/// Takes the rows that answer protocol::catalogue_query().
class CatalogueReader {
  public:
    CatalogueReader() = default;
    /// `sticky_functions`: as pool.sticky_functions has them.
    explicit CatalogueReader(std::string_view sticky_functions);
    /// One DataRow; `whole`: all of it is here.
    void row(std::string_view body, bool whole);
    [[nodiscard]] CataloguePtr finish() const;

  private:
    void take_fact(std::string_view fact);

    std::vector<protocol::CatalogueEntry> entries_;
    PlanFacts plans_{
        .functions_keep_plans = false, .folds_settings = false, .asks_for_rights = false};
};

}  // namespace pgweir::pool
