// The sub-protocol that calls a function by its oid.
#pragma once

#include "protocol/wire/messages.hpp"

namespace pgweir::protocol {

/// Whether the body of a FunctionCall names one of the functions for large objects, as libpq's
/// lo_read() and its like do (PostgreSQL manual, "Client Interfaces" of "Large Objects").
[[nodiscard]] bool calls_large_object(Bytes body);

}  // namespace pgweir::protocol
