// What a server says: which of it is the client's, and what it tells of the session.
#pragma once

#include <string>

#include "pool/session/command_tags.hpp"
#include "pool/session/login_watch.hpp"
#include "pool/session/session_host.hpp"
#include "pool/session/session_rooms.hpp"
#include "pool/session/stocktaking.hpp"
#include "protocol/wire/frame_scanner.hpp"
#include "protocol/wire/request_tracker.hpp"

namespace pgweir::pool {

/// What the client gets of a message from its server.
struct Reply {
    Bytes bytes;        ///< the server's, or in its place; empty: nothing
    bool ends = false;  ///< it is the ReadyForQuery of a request that has run
};

/// Takes a server's messages. Part of a SessionKeeper.
class ServerReplies {
  public:
    ServerReplies(SessionRooms& rooms, SessionHost& host, EffectNotes& notes, LoginWatch& logins,
                  Stocktaking& stocktaking)
        : rooms_(rooms),
          host_(host),
          logins_(logins),
          stocktaking_(stocktaking),
          tags_(rooms, host, notes, logins) {}

    /// A message, or the first part of a long one. What the client is to have before it is added to
    /// SessionRooms::delivery. `message`: `step`'s bytes, which stay as they are until that is
    /// delivered.
    [[nodiscard]] Reply take(const protocol::Step& step, Bytes message);
    /// More of a message, or one that is not looked at. `ends`: the message ends with it.
    [[nodiscard]] Reply take_more(Bytes bytes, bool ends);

    /// query_timeout cancels what is under way: the client is told of it in place of a cancel.
    void note_overdue() { is_overdue_ = true; }
    /// The server has told the client why it ends.
    [[nodiscard]] bool said_fatal() const { return said_fatal_; }
    /// A client gets the server.
    void begin() { said_fatal_ = false; }
    /// The session that was here is over.
    void forget() { is_overdue_ = false; }

  private:
    void look_at(protocol::Backend type, const protocol::Step& step,
                 const protocol::Verdict& verdict, Bytes& message);
    void take_ready(const protocol::Verdict& verdict, Bytes& message);
    void take_error(Bytes body, const protocol::Verdict& verdict, Bytes& message);
    void take_own_error(const protocol::ErrorReport& report, Bytes message);
    void take_last_words(const protocol::ErrorReport& report, Bytes message);
    void take_parameter_status(Bytes body, const protocol::Verdict& verdict, Bytes& message);
    void take_notification(Bytes body, Bytes& message);

    SessionRooms& rooms_;
    SessionHost& host_;
    LoginWatch& logins_;
    Stocktaking& stocktaking_;
    CommandTags tags_;
    bool is_overdue_ = false;  ///< see note_overdue()
    bool said_fatal_ = false;  ///< see said_fatal()
};

}  // namespace pgweir::pool
