// Whose values of sequences a server has: currval() and lastval() tell what the session has got
// there, and nothing of other servers (manual, "Sequence Manipulation Functions").
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "protocol/sql/session_effects.hpp"
#include "protocol/wire/messages.hpp"

namespace pgweir::pool {

/// Has a session forget all values of sequences (manual, "DISCARD").
inline constexpr std::string_view discard_sequences = "DISCARD SEQUENCES";

using protocol::Bytes;
using std::chrono::milliseconds;

/// How the program of a client uses what it gets from sequences, so far as that is known. It is
/// asked, and told, while SequenceOwner decides.
class SequenceReader {
  public:
    /// The program has got a value. Returns whether it may be about to read it in a later
    /// transaction.
    [[nodiscard]] virtual bool got_value() = 0;
    /// It may read a value in the transaction that got it.
    virtual void may_read() = 0;
    /// It reads, or is about to read, what an earlier transaction got.
    virtual void has_read() = 0;
    /// Whether it may read a value that it gets now.
    [[nodiscard]] virtual bool expects() = 0;
    /// Whether it has read in a later transaction what it got.
    [[nodiscard]] virtual bool reads_later() = 0;

    virtual ~SequenceReader() = default;
};

/// Whose values of sequences one server has, when they have to be discarded, and how long a client
/// that rests keeps the server for them. Sessions are told by their numbers (TenantSession::id).
///
/// A value, part of a ServerConnection: it goes with it to another worker. What it knows of the
/// client that has the server ends with the lease.
class SequenceOwner {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;

    /// For how long a client that rests keeps its server after the latest value.
    struct Stay {
        milliseconds at_most;
        milliseconds while_others_wait;
    };
    static constexpr Stay stay_of_reader{milliseconds(10'000), milliseconds(1'000)};
    static constexpr Stay stay_of_unknown{milliseconds(20), milliseconds(20)};
    /// Where others have waited for so long, nobody keeps a server for a value.
    static constexpr milliseconds patience{1000};

    /// A request that is about to go to the server.
    struct Request {
        protocol::Effects effects;
        Bytes text;              ///< of the statement; empty where it is not known
        bool is_whole = true;    ///< all of the text was looked at
        bool in_failed = false;  ///< the transaction that it runs in has failed
        bool is_pinned = false;  ///< the client keeps this server, for whatever reason
        std::size_t number = 0;  ///< its place (RequestTracker::sent_in_all())
    };
    /// What follows for a request.
    struct Decision {
        bool must_discard = false;  ///< DISCARD SEQUENCES has to go ahead of it
        /// The request's effects. `reads_sequence` is left where it reads what an earlier
        /// transaction of its client got here: such a client keeps the server.
        protocol::Effects effects;
    };
    /// What is known of a client when its transaction is over.
    struct Rest {
        protocol::Effects effects;  ///< of what it has asked since this was last decided
        bool is_kept = false;       ///< it keeps the server for a value (PinReason::sequence)
        bool is_strict = false;     ///< strict mode: nobody keeps a server for what may come
    };
    /// What the client would like.
    struct Wish {
        bool stays = false;  ///< to keep the server; whether it does is for may_stay() to say
        /// When it is to be asked anew, if it has used a value now.
        std::optional<milliseconds> ends_in;
    };

    /// Whether a request with these effects has to do with sequences.
    [[nodiscard]] static constexpr bool concerns(protocol::Effects effects) {
        return effects.only(protocol::Effect::reads_sequence | protocol::Effect::advances_sequence)
            .any();
    }

    /// Call before a request that concerns sequences. Where the server has another session's
    /// values, and the request may read one, or get one that may be read, they are discarded, so
    /// that PostgreSQL says that there is none in place of a stranger's value.
    [[nodiscard]] Decision before_request(std::uint64_t session, const Request& request,
                                          SequenceReader& program);
    /// Whether before_request() may want something to go ahead of a request that gets a value.
    [[nodiscard]] bool may_have_to_discard(std::uint64_t session, protocol::Effects effects) const;
    /// There are values of another session. What becomes of them has to be known before more is
    /// sent that concerns sequences.
    [[nodiscard]] bool has_values_of_others(std::uint64_t session) const {
        return owner_ != nobody && owner_ != session;
    }
    /// What before_request() had discarded is: its tag has come.
    void confirm_discard() { discarding_for_.reset(); }
    /// A ReadyForQuery has come, and `answered` requests have their answers. What has not been
    /// discarded for one of them never was: it stood behind an error.
    void segment_ended(std::size_t answered) {
        if (!discarding_for_ || *discarding_for_ >= answered) return;
        discarding_for_.reset();
        owner_ = several;
    }
    /// The session gets a value here, or may have got one. False: not by these effects.
    bool got_value(std::uint64_t session, protocol::Effects effects);
    /// The client has discarded its values itself.
    void discarded_by_client();
    /// pgweir has had them discarded.
    void discarded() { owner_ = nobody; }

    /// The client's transaction is over.
    void transaction_ended() { advances_ = false; }
    /// Call once for what was asked since the last call, when the client's transaction is over and
    /// its effects are known.
    [[nodiscard]] Wish at_rest(const Rest& rest, TimePoint now, SequenceReader& program);
    /// Whether a client that wants to keeps the server: not for ever, and not where others have
    /// waited for long. `kept_anyway`: it keeps it for something else too. `oldest_waiting`: since
    /// when the pool's oldest waiting client waits.
    [[nodiscard]] bool may_stay(bool kept_anyway, TimePoint now,
                                std::optional<TimePoint> oldest_waiting,
                                SequenceReader& program) const;
    /// From when on the client may be made to give the server up to somebody who waits.
    [[nodiscard]] TimePoint kept_until(SequenceReader& program) const;
    void lease_ended();

    /// All values that are here are this session's.
    [[nodiscard]] bool has_values_of(std::uint64_t session) const { return owner_ == session; }

  private:
    static constexpr std::uint64_t nobody = 0;
    static constexpr std::uint64_t several = ~std::uint64_t{0};

    [[nodiscard]] static Stay stay_of(SequenceReader& program);

    std::uint64_t owner_ = nobody;  ///< a session, nobody or several
    /// For which request it was sent, and not answered: `owner_` takes it for done.
    std::optional<std::size_t> discarding_for_;
    bool advances_ = false;       ///< the client's present transaction gets a value
    bool was_discarded_ = false;  ///< by the client, since at_rest()
    TimePoint used_at_;           ///< when the client got or read its latest value
};

}  // namespace pgweir::pool
