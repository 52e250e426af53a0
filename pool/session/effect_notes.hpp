// What a client's statements may leave behind, noted when they are sent.
#pragma once

#include "pool/session/session_host.hpp"
#include "pool/session/session_rooms.hpp"
#include "protocol/sql/session_effects.hpp"

namespace pgweir::pool {

/// Notes the effects of statements in all rooms that they concern. Part of a SessionKeeper; called
/// only while there is a client.
class EffectNotes {
  public:
    EffectNotes(SessionRooms& rooms, SessionHost& host) : rooms_(rooms), host_(host) {}

    /// A statement with these effects is about to run. `text`: empty where it is not known;
    /// `statement`: where the text is one's that is bound, so that what is found in it is kept with
    /// that; Suspicion::executed() follows if it runs.
    void note(protocol::Effects effects, Bytes text, const Statement* statement = nullptr);
    /// What EXECUTE runs (StatementsForSql::take) does what its statement does;
    /// nobody sees the parameters that it gives.
    void note_shown();
    /// Values of code that runs what it is given: what no question shows has to be found in them.
    void note_texts_in_values(Bytes values, bool all_here);
    /// A Bind of a name that the client does not have.
    void note_unknown_name(Bytes name);
    /// A sequence has given the client a value, or may have.
    void note_sequences(protocol::Effects effects);
    /// What a statement may do whose text is not all here.
    [[nodiscard]] protocol::Effects unread() const;

  private:
    SessionRooms& rooms_;
    SessionHost& host_;
};

}  // namespace pgweir::pool
