// The messages of an extended query: Parse, Bind, Describe and Close, with the names that the
// server has for prepared statements (manual, "Extended Query").
#pragma once

#include <string>
#include <vector>

#include "pool/session/effect_notes.hpp"
#include "pool/session/requests_in_front.hpp"
#include "pool/session/session_rooms.hpp"
#include "protocol/wire/extended_query.hpp"
#include "protocol/wire/frame_scanner.hpp"

namespace pgweir::pool {

/// Passes a client's extended queries on, in transaction pooling. Part of a SessionKeeper; called
/// only while there is a client. `message`: `step`'s bytes, which stay as they are until all is
/// written.
class ExtendedRequests {
  public:
    ExtendedRequests(SessionRooms& rooms, RequestsInFront& in_front, EffectNotes& notes)
        : rooms_(rooms), in_front_(in_front), notes_(notes) {}

    void parse(const protocol::Step& step, Bytes message, RequestWriter& requests);
    void bind(const protocol::Step& step, Bytes message, RequestWriter& requests);
    void execute(const protocol::Step& step, Bytes message, RequestWriter& requests);
    /// A Sync goes: portals live on where a transaction is open.
    void end_segment();
    /// No transaction is open: there are no portals.
    void forget_portals() { bound_.clear(); }
    /// Describe and Close.
    void target(const protocol::Step& step, Bytes message, RequestWriter& requests);

  private:
    void parse_unread(Bytes message, RequestWriter& requests);
    [[nodiscard]] bool takes_taken_name(const protocol::ParseMessage& parse, Bytes message,
                                        RequestWriter& requests);
    [[nodiscard]] StatementPtr statement_of(const protocol::ParseMessage& parse);
    void run_unread(protocol::Effects effects, RequestWriter& requests);
    void note_portal(Bytes name, const StatementPtr& statement);
    void run(const Statement& statement, Bytes values, bool all_here, RequestWriter& requests);

    SessionRooms& rooms_;
    RequestsInFront& in_front_;
    EffectNotes& notes_;
    /// Of statements that may leave something behind.
    struct Portal {
        std::string name;
        StatementPtr statement;
        std::size_t bound = 0;  ///< the request that is noted for it
        bool is_of_earlier_segment = false;
        bool may_name_new = false;  ///< it names statements, and one was parsed since
    };
    std::vector<Portal> bound_;
};

}  // namespace pgweir::pool
