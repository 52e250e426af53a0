// What sessions begin with: asked of each server when it has logged in and now and then, and kept
// for the client that began with something else.
#pragma once

#include <vector>

#include "pool/session/session_host.hpp"
#include "pool/session/session_rooms.hpp"
#include "protocol/sql/login_change.hpp"

namespace pgweir::pool {

/// Knows what the login of one server has brought, and finds out whether it would bring something
/// else by now. What it asks is in SessionRooms::own. Part of a SessionKeeper.
class LoginWatch {
  public:
    LoginWatch(SessionRooms& rooms, SessionHost& host) : rooms_(rooms), host_(host) {}

    /// The server has just logged in: asks what that has brought. False: there is nothing to wait
    /// for.
    [[nodiscard]] bool introduce();
    /// Asks whether a login would bring something else by now.
    void ask_for_sources();
    void defaults_answered(Questions::Answer& answer);
    void sources_answered(Questions::Answer& answer);
    /// What was reported to a session that has set nothing is the default.
    void learn_defaults();

    // ALTER ROLE and the like, in the client's transaction.
    /// A command with this tag has run.
    void note_tag(Bytes tag);
    /// At a ReadyForQuery of the client's, before it hears that its command is done: who logs in
    /// after that finds the change.
    void publish_changes();
    /// The session that was here is over.
    void forget() { changes_.clear(); }

  private:
    void note_login();

    SessionRooms& rooms_;
    SessionHost& host_;
    std::vector<protocol::LoginChange> changes_;  ///< of the transaction under way
};

}  // namespace pgweir::pool
