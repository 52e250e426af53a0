// What has to wait for the answer to a request before it, as that decides what it means.
#pragma once

#include <cstddef>
#include <optional>

#include "protocol/sql/session_effects.hpp"
#include "protocol/wire/frame_scanner.hpp"
#include "protocol/wire/messages.hpp"
#include "protocol/wire/request_tracker.hpp"

namespace pgweir::pool {

/// SQL that names statements settles which names are free, and a RESET is followed by what restores
/// the client's start-up settings: what comes behind either waits for its answer. And a pipeline of
/// many transactions waits now and then, so that others get the server between two of them.
///
/// Bytes and values; one for each server, for the client that has it. Lives on one worker.
class RequestOrder {
  public:
    using Frontend = protocol::Frontend;
    /// `tracker`: of the same server; outlives the object. It is asked before it is told of a
    /// request.
    explicit RequestOrder(const protocol::RequestTracker& tracker) : tracker_(tracker) {}

    // What the client sends.
    /// The server is quiet: a pipeline begins with what is sent next.
    void begin() { in_a_row_ = 0; }
    /// A request is about to go to the server.
    void requested() { flushed_ = false; }
    /// A Query, or a Bind of a statement, with these effects is about to go. `has_startup`: the
    /// client has start-up settings, which a RESET would not go back to.
    void runs(Frontend type, protocol::Effects effects, bool has_startup);
    /// Any other message.
    void passes(Frontend type);
    /// It is on its way.
    void sent(Frontend type) {
        if (type == Frontend::query || type == Frontend::sync) ++in_a_row_;
    }
    /// The request that goes next changes what texts mean in its transaction, for that alone.
    void alters_reading() { alters_reading_ = tracker_.sent_in_all(); }
    /// What is read now may be read otherwise than outside of the transaction.
    [[nodiscard]] bool reading_is_altered() const { return alters_reading_.has_value(); }
    /// A ReadyForQuery of the client's has come.
    void ready();

    // What waits.
    /// This request's meaning hangs on one that has not been answered.
    [[nodiscard]] bool waits_for_sql(const protocol::Step& step) const;
    /// So much of a pipeline is on its way that the rest waits, between two transactions. What is
    /// on its way cannot be called back when somebody else needs the server, so that it is never
    /// much. `may_release()`: the client gives its server to others; `others_wait()`: some need it.
    /// Both are asked only if it matters.
    template <class MayRelease, class OthersWait>
    [[nodiscard]] bool has_had_its_turn(MayRelease may_release, OthersWait others_wait) const {
        const std::size_t owed = tracker_.owed();
        const bool is_much = owed >= most_on_their_way;
        if (tracker_.wants_sync() || (!is_much && (in_a_row_ < turn || owed == 0))) return false;
        return may_release() && (is_much || others_wait());
    }
    /// Something waits. True once: the server has to be asked to say at once what it has to say.
    [[nodiscard]] bool must_flush();
    /// Something is asked about: must_flush() anew.
    void asks() { flushed_ = false; }

    /// The session that was here is over.
    void forget();

    /// So many requests that end in ReadyForQuery may stand in a pipeline while others wait.
    static constexpr unsigned turn = 64;
    /// So many messages that are answered may be on their way before the next of those requests.
    static constexpr std::size_t most_on_their_way = 256;

  private:
    [[nodiscard]] bool is_unsettled() const { return settles_ && tracker_.answered() <= *settles_; }

    const protocol::RequestTracker& tracker_;
    std::optional<std::size_t> alters_reading_;  ///< the latest request that does
    std::optional<std::size_t> settles_;  ///< the latest request whose answer settles something
    bool has_more_ = false;  ///< the extended query under way has more of that kind to come
    bool resets_ = false;    ///< what is not settled is also which settings were reset
    unsigned in_a_row_ = 0;  ///< requests that end in ReadyForQuery, since the server was quiet
    bool flushed_ = false;   ///< nothing was sent since must_flush()
};

}  // namespace pgweir::pool
