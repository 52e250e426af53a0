// What a client asks of its server: what has to go in front of a request goes there, and what a
// statement may leave behind is noted.
#pragma once

#include <cstdint>
#include <optional>

#include "pool/session/effect_notes.hpp"
#include "pool/session/extended_requests.hpp"
#include "pool/session/requests_in_front.hpp"
#include "pool/session/session_host.hpp"
#include "pool/session/session_pooling.hpp"
#include "pool/session/session_rooms.hpp"
#include "protocol/sql/session_effects.hpp"
#include "protocol/wire/frame_scanner.hpp"

namespace pgweir::pool {

/// When a request can be handed over.
enum class HandOver : std::uint8_t {
    now,
    waits,   ///< the answer to what was written decides how
    leaves,  ///< the server is of no use for it: the client has to get another one
};

/// Passes a client's messages on. Part of a SessionKeeper; called only while there is a client.
class ClientRequests {
  public:
    ClientRequests(SessionRooms& rooms, SessionHost& host) : rooms_(rooms), host_(host) {}

    /// Writes what has to be there before this request of the client's can be handed over.
    [[nodiscard]] HandOver make_ready(const protocol::Step& step, Outgoing& out);
    /// A message, or the first part of a long one, behind what has to go before it and with the
    /// names that this server has for statements. `message`: `step`'s bytes, which stay as they are
    /// until `out` is written.
    void take(const protocol::Step& step, Bytes message, Outgoing& out);
    /// More of a long message. `last`: it ends with it.
    void take_more(Bytes bytes, bool last, Outgoing& out);

    // What waits.
    /// The request must be held back: what it means, or whether this server may have it, hangs on
    /// an answer that has not come.
    [[nodiscard]] bool must_hold_back(const protocol::Step& step) const;
    /// A request is held back: has the server say at once what it has to say.
    void ask_for_answers(Outgoing& out);

    /// A request waits for its settings here, and would never run if others came in between.
    [[nodiscard]] bool request_waits() const {
        return request_waits_ && !rooms_.set_up.is_refused();
    }
    /// The client stands between two requests, or its server's replies have been delivered.
    void rest() { request_waits_ = false; }

    [[nodiscard]] SessionPooling& session_pooling() { return session_pooling_; }
    [[nodiscard]] EffectNotes& notes() { return notes_; }
    /// The session that was here is over.
    void forget();

  private:
    [[nodiscard]] bool find_statement(const protocol::Step& step, Outgoing& out);
    void note_text(const protocol::Step& step);
    void pass_on(const protocol::Step& step, Bytes message, RequestWriter& requests);
    void pass_part_of_copy(const protocol::Step& step, Bytes message, RequestWriter& requests);
    void take_function_call(const protocol::Step& step, Bytes message, RequestWriter& requests);
    void take_query(const protocol::Step& step, Bytes message, RequestWriter& requests);
    void show_statements(const protocol::Step& step, Bytes text, RequestWriter& requests);
    [[nodiscard]] protocol::Effects look_at_query(const protocol::Step& step, Bytes text);
    [[nodiscard]] bool is_refused(const protocol::Step& step, Bytes text, protocol::Effects effects,
                                  RequestWriter& requests);
    [[nodiscard]] bool waits_behind_open_query(const protocol::Step& step) const;
    [[nodiscard]] bool waits_for_open_block(const protocol::Step& step) const;
    [[nodiscard]] StatementPtr bound_by(const protocol::Step& step) const;
    [[nodiscard]] bool waits_for_sequences(const protocol::Step& step) const;

    SessionRooms& rooms_;
    SessionHost& host_;
    RequestsInFront in_front_{rooms_};
    EffectNotes notes_{rooms_, host_};
    ExtendedRequests extended_{rooms_, in_front_, notes_};
    SessionPooling session_pooling_{rooms_};
    std::optional<protocol::StatementLook> long_look_;  ///< at a query that comes in parts
    bool request_waits_ = false;                        ///< see request_waits()
    bool drops_rest_ = false;                           ///< of a query whose beginning was refused
};

}  // namespace pgweir::pool
