// The rooms of the session layer for one server, in one place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pool/session/channel_handover.hpp"
#include "pool/session/cleaning.hpp"
#include "pool/session/delivery.hpp"
#include "pool/session/latest_statement.hpp"
#include "pool/session/mentioned_settings.hpp"
#include "pool/session/outgoing.hpp"
#include "pool/session/prepared_statements.hpp"
#include "pool/session/questions.hpp"
#include "pool/session/request_order.hpp"
#include "pool/session/request_writer.hpp"
#include "pool/session/sequence_readers.hpp"
#include "pool/session/session_context.hpp"
#include "pool/session/session_counters.hpp"
#include "pool/session/session_events.hpp"
#include "pool/session/set_up.hpp"
#include "pool/session/setting_reports.hpp"
#include "pool/session/startup_settings.hpp"
#include "pool/session/suspicion.hpp"
#include "protocol/wire/request_tracker.hpp"

namespace pgweir::pool {

/// What the parts of a SessionKeeper work on: each room has one subject and a face of its own.
///
/// Bytes and values; one for each server. Lives on one worker.
struct SessionRooms {
    /// What is around the session. All of it outlives the rooms.
    struct Surroundings {
        ServerSession& server;
        std::uint32_t server_pid;  ///< of the backend, as its BackendKeyData gave it
        PoolKnowledge& knowledge;
        SettingsInterner& settings;
        SequenceReaders& readers;
        SessionCounters& counters;
        std::string_view marker_channel;  ///< the pool's
    };
    explicit SessionRooms(const Surroundings& around);
    SessionRooms(const SessionRooms&) = delete;
    SessionRooms& operator=(const SessionRooms&) = delete;
    ~SessionRooms() = default;

    /// A client gets the server. `session` outlives the lease.
    void attach(TenantSession& session);
    /// The client's session here is over, or lives on elsewhere.
    void detach();

    [[nodiscard]] bool has_client() const { return context.client != nullptr; }
    // Only while there is a client.
    [[nodiscard]] TenantSession& client() const { return *context.client; }
    [[nodiscard]] Listening* listening() const { return client().listening.get(); }
    [[nodiscard]] ClientsProgram program() const { return {readers, *client().settings}; }
    /// The hub can hear notifications in this session's place.
    [[nodiscard]] bool hub_serves() const;
    /// Restores what a RESET takes from the client (StartupSettings::restore_sql).
    [[nodiscard]] std::string restore_sql() const;

    [[nodiscard]] RequestWriter writer(Outgoing& out) {
        return {out, tracker, statements.ledger.in_flight(), questions, counters.server_parses};
    }
    /// For what pgweir asks by itself: `own` is to be sent.
    [[nodiscard]] RequestWriter own_writer() {
        is_stirred = true;
        return writer(own);
    }
    /// Asks, by a simple query of pgweir's own. `sticky_functions`: as Questions::asked() has them.
    void ask(Question question, std::string_view sql, std::string_view sticky_functions = {});
    /// For what has happened.
    [[nodiscard]] SessionNews& stir() {
        is_stirred = true;
        return news;
    }
    /// The server cannot be used any more. The first reason is kept.
    void fail(SessionFault::Kind kind, std::string_view detail);

    ServerSession& server;
    const std::uint32_t server_pid;
    PoolKnowledge& knowledge;
    SequenceReaders& readers;
    SessionCounters& counters;
    protocol::RequestTracker tracker;
    SessionContext context;
    Questions questions;
    Suspicion suspicion;
    LatestStatement latest;
    PreparedStatements statements;
    RequestOrder order{tracker};
    /// Custom settings that the client's requests have named since the last question.
    MentionedSettings mentioned;
    StartupSettings startup;
    ChannelHandover channels;
    SetUp set_up{context};
    SettingReports reports{
        {.context = context, .suspicion = suspicion, .latest = latest, .startup = startup}};
    Cleaning cleaning;

    Outgoing own;             ///< what pgweir asks by itself, to be sent at once
    bool is_stirred = false;  ///< there may be something in `own` or in `news`
    Delivery delivery;
    SessionNews news;
    SessionEvents events;
    bool takes_stock = false;  ///< what the client's transaction left is being asked about
};

}  // namespace pgweir::pool
