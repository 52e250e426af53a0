// Whether a client would meet plans that another has made (pool/session/plan_owner).
#pragma once

#include "pool/session/session_context.hpp"
#include "protocol/sql/session_effects.hpp"
#include "protocol/wire/messages.hpp"

namespace pgweir::pool {

// Each is asked only while a client has the server.

/// Another client has changed settings, for a time, that the server's plans may depend on.
[[nodiscard]] bool has_plans_of_another(const SessionContext& context);
/// As soon as the session has the settings `wanted`, functions, and statements that clients share,
/// would go on to use plans that were made with the settings of another client.
[[nodiscard]] bool plans_are_anothers(const SessionContext& context, const SessionSettings& wanted);
/// All plans have to be discarded before a statement with this text.
[[nodiscard]] bool needs_new_plans(const SessionContext& context, protocol::Effects effects,
                                   Bytes text);

}  // namespace pgweir::pool
