// How the channels of a client pass from its server, on which it ran LISTEN, to the pool's hub, and
// back for statements that have to find them.
//
// After LISTEN the client stays on its server until the hub listens to the same channels. Then a
// marker goes through PostgreSQL's queue, behind which the hub's notifications count and no longer
// the server's (NotificationMerge), and the server is anybody's. Before a statement that may change
// or read the channels they are listened to on its server again, in the same way the other round.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pool/session/listening.hpp"
#include "pool/session/questions.hpp"
#include "protocol/sql/session_effects.hpp"

namespace pgweir::pool {

/// Whether the hub's notifications are right for a client with this client_encoding. The hub takes
/// them in the server's encoding, and nobody converts them.
[[nodiscard]] bool hub_can_serve(std::string_view client_encoding,
                                 std::string_view server_encoding);

/// What one server listens to for the client that has it, and what has to be done so that somebody
/// else may have the server. It is told what happens, and says what has to be asked; it changes the
/// client's Listening, where there is one.
///
/// A value, owned by its Server; lives on that worker. What it knows ends with the lease.
class ChannelHandover {
  public:
    using Channels = std::vector<std::string>;
    using Statements = std::vector<std::string>;

    /// A question on the way of the channels. Its answer is for handed_over() or unlistened().
    struct Step {
        Question question;
        std::string sql;
        std::string command_behind;  ///< Question::command, to ask next; empty: none
    };
    /// What the client's listener is to do, now that it is known what the session listens to.
    struct Told {
        bool ends = false;  ///< the listener that there was: the client listens otherwise, or not
        bool pins = false;  ///< the client keeps its server (PinReason::listen)
        /// What a listener has to want of the hub, a new one if there is none: sorted.
        std::optional<Channels> wanted;
        /// The token of a marker that the server will never hear, and counts as being behind: an
        /// UNLISTEN * in the same transaction took its channel away. Empty: there is none.
        std::string missed_marker;
    };

    /// `marker_channel`: the pool's; must outlive this.
    explicit ChannelHandover(std::string_view marker_channel) : marker_channel_(marker_channel) {}

    [[nodiscard]] std::string_view marker_channel() const { return marker_channel_; }

    // In what follows `listening` is null while the client has no listener.

    /// A request with these effects is about to go. Returns what has to go before it. If it may
    /// change the channels, the server counts from the commit on, and the state question has to
    /// follow. `in_failed`: the transaction that it runs in has failed, so that nothing runs there
    /// but its end.
    [[nodiscard]] Statements before_request(protocol::Effects effects, bool in_failed,
                                            Listening* listening);
    /// Whether before_request() may want something to go ahead of a request.
    [[nodiscard]] static bool concerns(protocol::Effects effects) {
        return effects.only(protocol::Effect::listens | protocol::Effect::ends_transaction).any();
    }
    /// To be run behind what before_request() returns, so that the client does not find the
    /// marker's channel among its own. Not inside the client's transaction, where the marker would
    /// no more be heard.
    [[nodiscard]] std::string unlisten_marker() const;
    /// A message of the client's goes to the server: what has failed may be tried again.
    void requested() { has_stalled_ = false; }
    /// The client ran ROLLBACK, or ROLLBACK TO SAVEPOINT.
    void rolled_back();
    /// The client ran DISCARD ALL.
    void discarded() { was_discarded_ = true; }

    /// The server has told what it listens to, after a transaction that may have changed it.
    /// `brought`: as SessionState::channels_brought.
    [[nodiscard]] Told told(Channels channels, bool brought, Listening* listening, bool hub_serves);
    /// The client is at rest. Returns what to ask before its server can be somebody else's;
    /// nothing: there is nothing to ask now. With Question::command the state question has to
    /// follow. `hub_serves`: hub_can_serve(); asked only where there is a listener.
    [[nodiscard]] std::optional<Step> at_rest(Listening* listening, bool hub_serves);
    /// Question::hand_over_channels was answered.
    void handed_over(bool failed, Listening& listening);
    /// Question::unlisten was answered. Returns whether nothing keeps the server for LISTEN.
    [[nodiscard]] bool unlistened(bool failed);

    /// The session listens to something.
    [[nodiscard]] bool listens() const { return state_ != State::nothing; }
    /// The lease ends, and the client lives on: a switch that is not decided was refused, together
    /// with the client's settings. Returns whether the session still listens, so that it has to be
    /// reset.
    [[nodiscard]] bool lease_ends(Listening* listening);
    /// The lease is over.
    void forget() { *this = ChannelHandover(marker_channel_); }

  private:
    /// What the session listens to.
    enum class State : std::uint8_t {
        nothing,       ///< the hub listens for the client, or nobody
        copied,        ///< what the hub listens to, or less: has to go before the lease ends
        own,           ///< what the client's statements made of it
        handing_over,  ///< the same, and the marker behind which the hub counts is on its way
    };

    /// A switch to the server was sent, and it is not known whether it was rolled back.
    [[nodiscard]] bool is_undecided() const { return !undecided_switch_.empty(); }
    [[nodiscard]] static bool hub_counts(const Listening& listening) {
        return listening.merge.target() == NotificationSource::hub;
    }
    [[nodiscard]] Statements bring(Listening& listening);
    [[nodiscard]] static Told stays_with_hub(const Channels& found, const Listening& listening);

    std::string_view marker_channel_;
    State state_ = State::nothing;
    std::string undecided_switch_;  ///< its token; not empty only where there is a listener
    bool was_discarded_ = false;  ///< by DISCARD ALL, since the server has told what it listens to
    bool has_stalled_ = false;    ///< a step has failed: not again before the next request
};

}  // namespace pgweir::pool
