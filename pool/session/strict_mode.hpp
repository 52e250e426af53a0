// Statements that pgweir does not let run: the server itself is made to give the error, so that its
// transaction fails with it.
#pragma once

#include <optional>
#include <string>

#include "pool/session/tenant_session.hpp"
#include "protocol/sql/session_effects.hpp"
#include "protocol/wire/error_report.hpp"
#include "protocol/wire/messages.hpp"

namespace pgweir::pool {

using protocol::Bytes;

/// Why a statement may not run for this client (session_state: strict); nothing for one that may.
[[nodiscard]] std::optional<protocol::ErrorReport> refusal_of(const TenantSession& client,
                                                              Bytes sql, protocol::Effects effects);
/// A statement that fails with this error.
[[nodiscard]] std::string raising_sql(const protocol::ErrorReport& report);

}  // namespace pgweir::pool
