// What the rooms of the session layer share.
#pragma once

#include "pool/session/pool_knowledge.hpp"
#include "pool/session/server_session.hpp"
#include "pool/session/session_settings.hpp"
#include "pool/session/tenant_session.hpp"
#include "protocol/wire/request_tracker.hpp"

namespace pgweir::pool {

/// One server's session, the client that has it and what their pool knows. All of it outlives
/// whoever is given the context; lives on one worker.
struct SessionContext {
    ServerSession& server;
    const protocol::RequestTracker& tracker;
    PoolKnowledge& knowledge;
    SettingsInterner& settings;
    TenantSession* client = nullptr;  ///< null: nobody has the server

    // Of the client; only while there is one.
    [[nodiscard]] bool tracks() const { return client->tracking != conf::SessionState::off; }
    [[nodiscard]] bool looks_at_texts() const { return client->follows && tracks(); }
    [[nodiscard]] bool has_startup_settings() const { return !client->startup->values().empty(); }

    /// The client has no transaction block open, and none that may be.
    [[nodiscard]] bool has_no_transaction() const {
        return tracker.transaction_status() == protocol::TransactionStatus::idle &&
               !tracker.may_have_failed();
    }
};

}  // namespace pgweir::pool
