// What the tags of commands that have run tell of a session (manual, "Message Formats",
// CommandComplete).
#pragma once

#include <string>

#include "pool/session/effect_notes.hpp"
#include "pool/session/login_watch.hpp"
#include "pool/session/session_host.hpp"
#include "pool/session/session_rooms.hpp"

namespace pgweir::pool {

/// Takes tags, and tells the rooms that they concern. Part of a SessionKeeper.
class CommandTags {
  public:
    CommandTags(SessionRooms& rooms, SessionHost& host, EffectNotes& notes, LoginWatch& logins)
        : rooms_(rooms), host_(host), notes_(notes), logins_(logins) {}

    /// Of the client's command; only while there is a client. `tag`: with its terminator or
    /// without.
    void note(Bytes tag);
    /// Of one of pgweir's own, wherever it stood.
    void note_own(Bytes tag);

  private:
    void note_definition();
    void note_rollback();
    void note_discarding(Bytes tag);
    [[nodiscard]] bool has_reset_for_good() const;
    /// Of what has run, as far as it is known.
    [[nodiscard]] const std::string& text_of_command() const;

    SessionRooms& rooms_;
    SessionHost& host_;
    EffectNotes& notes_;
    LoginWatch& logins_;
};

}  // namespace pgweir::pool
