// How a connection is made that serves one client alone.
#pragma once

#include "pool/connect/keywords.hpp"
#include "pool/session/session_settings.hpp"
#include "protocol/wire/startup.hpp"

namespace pgweir::pool {

/// What the client's StartupMessage asked for, beside who it is.
struct DedicatedLogin {
    protocol::Replication replication = protocol::Replication::none;
    SettingsPtr settings;
};

/// The pool's keywords with what this login has of its own. The settings go with the login, where
/// they are above those that the pool's keywords have: a WAL sender without a database has no SQL
/// to set them with.
[[nodiscard]] Keywords dedicated_keywords(Keywords keywords, const DedicatedLogin& login);

}  // namespace pgweir::pool
