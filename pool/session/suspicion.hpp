// What a client's requests may have left in its session, until the server is asked.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <utility>

#include "protocol/sql/session_effects.hpp"
#include "protocol/wire/messages.hpp"
#include "protocol/wire/request_tracker.hpp"

namespace pgweir::pool {

using protocol::Bytes;

/// What a question about the session is about.
struct Inquiry {
    protocol::Effects effects;  ///< what led to it
    /// The statement that the latest of them came from, cut; empty: none is known.
    std::string by;
    /// The client's statement_timeout cut off what was asked before: it is asked without.
    bool hurried = false;
};

/// The suspicion that texts and command tags have raised since the server was asked about the
/// session last, and the question that it has led to.
///
/// A value; one for each server, for the client that has it. Lives on one worker.
class Suspicion {
  public:
    /// What may have been left. Valid for as long as the object.
    [[nodiscard]] const protocol::Effects& effects() const { return effects_; }
    [[nodiscard]] bool contains(protocol::Effect effect) const { return effects_.contains(effect); }
    /// The statement that the latest of the effects came from, whole; empty: none is known.
    [[nodiscard]] const std::string& text() const { return text_; }
    /// The same of those effects that came from what one of these requests runs, in a pipeline:
    /// what a reply means is told by the texts that it answers, not by the one that was sent last.
    [[nodiscard]] const std::string& text_of(const protocol::RequestSpan& requests) const;
    /// Calls `act(text)` for each of these requests that has one, the latest first, until it
    /// returns true.
    template <class Act>
    void find_text_of(const protocol::RequestSpan& requests, Act act) const {
        const auto finds = [&](std::size_t request, bool runs, const std::string& text) {
            return runs && requests.first <= request && request < requests.behind && act(text);
        };
        if (finds(request_, runs_, text_)) return;
        for (auto cause = earlier_.rbegin(); cause != earlier_.rend(); ++cause) {
            if (finds(cause->request, cause->runs, cause->text)) return;
        }
    }

    void add(protocol::Effects effects) { effects_ |= effects; }
    /// Requests by their numbers (RequestTracker::sent_in_all()).
    struct Place {
        std::size_t request = 0;    ///< the one that is about to go
        std::size_t unsettled = 0;  ///< the oldest whose ReadyForQuery has not come
        bool runs = true;  ///< the text runs with it; false: executed() follows, if it does
    };
    /// `text`: of the statement that they come from; empty where it is not known.
    void add(protocol::Effects effects, Bytes text) { add(effects, text, Place()); }
    void add(protocol::Effects effects, Bytes text, const Place& place) {
        effects_ |= effects;
        if (text.empty()) return;
        if (request_ < place.unsettled) {
            forget_earlier();
        } else if (request_ < place.request) {
            keep_text();
        }
        text_.assign(text);
        request_ = place.request;
        runs_ = place.runs;
    }
    /// What the request `bound` has bound runs with `request`.
    void executed(std::size_t bound, std::size_t request);
    /// The request that text() is of.
    [[nodiscard]] std::size_t latest_request() const { return request_; }
    /// What is dealt with otherwise.
    void remove(protocol::Effects effects) { effects_ = effects_.without(effects); }
    /// All of it; what it came from is still told by text().
    protocol::Effects take_effects() { return std::exchange(effects_, {}); }

    // The question.
    /// A request goes to the server: what it said of the session may be out of date.
    void requested() { is_verified_ = false; }
    /// The server was asked about the session since the last request.
    [[nodiscard]] bool is_verified() const { return is_verified_; }
    /// The question was cut off, and is to be put again.
    [[nodiscard]] bool asks_again() const { return asks_again_; }
    /// The server is about to be asked about all that is suspected. Where the question is put
    /// again, it is still about what it was about.
    const Inquiry& ask();
    /// What was asked about last.
    [[nodiscard]] const Inquiry& inquiry() const { return inquiry_; }
    /// The answer was cut off by the client's statement_timeout. False: it was so too often for
    /// another try.
    [[nodiscard]] bool cut_off();
    /// The client is at rest, and nothing is asked: the suspicion was about nothing that a question
    /// shows. What it came from is what Inquiry::by tells from now on.
    void settle();

    /// The session that was here is over.
    void forget();

  private:
    struct Cause {
        std::size_t request;
        bool runs;
        std::string text;
    };
    /// More texts are not kept for replies to come, nor longer ones in all: the oldest go.
    static constexpr std::size_t most_causes = 256;
    static constexpr std::size_t most_bytes = 1U << 20U;

    void note_cause();
    void forget_earlier() {
        earlier_.clear();
        earlier_bytes_ = 0;
    }
    void keep_text();

    protocol::Effects effects_;
    std::string text_;
    std::size_t request_ = 0;    ///< that `text_` is of
    bool runs_ = false;          ///< see Place
    std::deque<Cause> earlier_;  ///< texts before `text_` that may not have been answered
    std::size_t earlier_bytes_ = 0;
    Inquiry inquiry_;
    bool is_verified_ = false;
    bool asks_again_ = false;
    unsigned times_hurried_ = 0;  ///< in a row
};

}  // namespace pgweir::pool
