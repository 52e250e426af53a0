// Whether a session has changed though nothing that was seen could have changed it.
#pragma once

#include <optional>
#include <string>

#include "pool/session/session_settings.hpp"
#include "pool/session/session_state.hpp"
#include "pool/session/tenant_session.hpp"

namespace pgweir::pool {

/// `told`: what the server says, asked where nothing was suspected. `on_server`: the settings that
/// it was thought to have. Returns what differs from what was known, or nothing.
[[nodiscard]] std::optional<std::string> leak_in(const SessionState& told,
                                                 const SessionSettings& on_server,
                                                 const TenantSession& client);

}  // namespace pgweir::pool
