// The SQL of a client's message.
#pragma once

#include "pool/session/tenant_session.hpp"
#include "protocol/wire/frame_scanner.hpp"
#include "protocol/wire/messages.hpp"

namespace pgweir::pool {

/// The text that a request brings, as far as it is here; empty where it brings none.
[[nodiscard]] Bytes text_of(const protocol::Step& step);
/// The same, or the text of the statement that a Bind names.
[[nodiscard]] Bytes text_to_run(const protocol::Step& step, const TenantSession& client);

}  // namespace pgweir::pool
