// What goes to a server in front of a client's request, so that the request means what it would
// mean on a connection of the client's own.
#pragma once

#include <string_view>

#include "pool/session/session_rooms.hpp"
#include "protocol/sql/session_effects.hpp"
#include "protocol/wire/frame_scanner.hpp"

namespace pgweir::pool {

/// Statements of pgweir's own between the client's. Part of a SessionKeeper, which has the rooms;
/// called only while there is a client.
class RequestsInFront {
  public:
    explicit RequestsInFront(SessionRooms& rooms) : rooms_(rooms) {}

    /// Whose they are where they go. A Sync of pgweir's own in the midst of an extended query would
    /// end its transaction, and what PostgreSQL discards up to the client's Sync.
    [[nodiscard]] protocol::Origin origin() const {
        const bool is_open = rooms_.tracker.wants_sync() || rooms_.tracker.may_discard();
        return is_open ? protocol::Origin::injected : protocol::Origin::pool;
    }

    /// Values of sequences that are another session's go, if a request with these effects may read
    /// one. Leaves `reads_sequence` in `effects` where that keeps the server for its client
    /// (SequenceOwner::Decision). `text`: of the statement; `whole`: all of it was looked at.
    void discard_values_of_others(protocol::Effects& effects, Bytes text, bool whole,
                                  protocol::Origin origin, RequestWriter& requests);
    /// Plans that another client's settings have made go, if a request with these effects may use
    /// one.
    void discard_plans_of_others(protocol::Effects effects, Bytes text, protocol::Origin origin,
                                 RequestWriter& requests);
    /// The client's channels come back to its server, before a request with these effects.
    void bring_channels(protocol::Effects effects, protocol::Origin origin,
                        RequestWriter& requests);
    /// The client has sent what may be a RESET, and does not wait for the reply: what it asked for
    /// at its start comes back before anything runs that may read a setting.
    void restore_in_pipeline(const protocol::Step& step, RequestWriter& requests);

  private:
    [[nodiscard]] bool resets_alone(const protocol::Step& step) const;
    static void put(std::string_view sql, protocol::Origin origin, RequestWriter& requests);

    SessionRooms& rooms_;
};

}  // namespace pgweir::pool
