// What a client's transaction has left in its session: asked of the server, and carried by the
// client from then on.
#pragma once

#include <optional>

#include "pool/session/client_requests.hpp"
#include "pool/session/login_watch.hpp"
#include "pool/session/next_step.hpp"
#include "pool/session/session_host.hpp"
#include "pool/session/session_rooms.hpp"

namespace pgweir::pool {

/// Asks, and takes the answers. What it asks is in SessionRooms::own. Part of a SessionKeeper.
class Stocktaking {
  public:
    Stocktaking(SessionRooms& rooms, SessionHost& host, SessionPooling& session_pooling,
                LoginWatch& logins)
        : rooms_(rooms), host_(host), session_pooling_(session_pooling), logins_(logins) {}

    /// The client's transaction is over and its reply given, and no request of its is under way:
    /// what there is to ask before the server can be anybody else's. What the client asks meanwhile
    /// waits. False: there is nothing, and the client's pins say whether it keeps the server.
    [[nodiscard]] bool ask();
    /// A RESET may have run in a transaction that is open, and no request is under way: the client
    /// must not see the login's value even for the rest of it.
    void restore_in_transaction();
    /// Nobody has the server: reads the catalogue if that is due. False: it is not.
    [[nodiscard]] bool ask_for_catalogue();

    /// The answer to a question of pgweir's own.
    void answered(Questions::Answer answer);

    /// The client's pins are these from now on.
    void set_pins(Pins pins);
    /// What the client may have set under names that were not seen goes before anybody else gets
    /// the server.
    void reset_unseen_settings();

  private:
    [[nodiscard]] Situation situation() const;
    [[nodiscard]] bool take(NextStep step);
    void publish_changed_catalogue();
    void read_catalogue(const CatalogueReading& reading);
    void ask_state();
    void close_statements();
    [[nodiscard]] bool ask_about_channels();
    [[nodiscard]] bool put_off_idle_session_timeout();
    void settle();

    void limits_lifted(const Questions::Answer& answer);
    void state_answered(Questions::Answer& answer);
    void take_state(SessionState state);
    void take_channels(SessionState& state, Pins& pins);
    void unlistened(bool failed);
    void judge_unseen_settings(Pins& pins);
    void judge_sequences(Pins& pins, protocol::Effects effects);

    SessionRooms& rooms_;
    SessionHost& host_;
    SessionPooling& session_pooling_;
    LoginWatch& logins_;
    CatalogueReading catalogue_reading_;  ///< the one under way, while that is asked for
};

}  // namespace pgweir::pool
