// What a client's requests may have left in its session, until the server is asked.
#pragma once

#include <string>
#include <utility>

#include "protocol/sql/session_effects.hpp"
#include "protocol/wire/messages.hpp"

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

    void add(protocol::Effects effects) { effects_ |= effects; }
    /// `text`: of the statement that they come from; empty where it is not known.
    void add(protocol::Effects effects, Bytes text) {
        effects_ |= effects;
        if (!text.empty()) text_.assign(text);
    }
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
    void note_cause();

    protocol::Effects effects_;
    std::string text_;
    Inquiry inquiry_;
    bool is_verified_ = false;
    bool asks_again_ = false;
    unsigned times_hurried_ = 0;  ///< in a row
};

}  // namespace pgweir::pool
