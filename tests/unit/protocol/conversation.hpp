// Conversations with a server in a compact text form, played to a RequestTracker.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "protocol/wire/request_tracker.hpp"

namespace pgweir::protocol::test {

/// A word of the language that play() reads, without its marks.
struct Word {
    std::string message;
    char mark = 0;              ///< what stood before it: - ! ~
    bool operation = false;     ///< * stood behind it
    std::size_t discarded = 0;  ///< the number behind /

    explicit Word(std::string text) : message(std::move(text)) {
        if (message.size() > 1 && std::string_view("-!~").find(message[0]) != std::string::npos) {
            mark = message[0];
            message.erase(0, 1);
        }
        if (const std::size_t slash = message.find('/'); slash != std::string::npos) {
            discarded = std::stoul(message.substr(slash + 1));
            message.resize(slash);
        }
        operation = message.ends_with('*');
        if (operation) message.pop_back();
    }
};

/// Tells `tracker` of a message to the server; `mode` is the word that says by whom.
inline void play_sent(RequestTracker& tracker, std::string_view mode, const Word& what) {
    ASSERT_EQ(what.message.size(), 1U) << what.message;
    const Origin origin = mode == ">"    ? Origin::client
                          : mode == ">>" ? Origin::pool
                                         : Origin::injected;
    const bool read = tracker.sent(static_cast<Frontend>(what.message[0]), origin,
                                   what.operation ? Operation::yes : Operation::no);
    EXPECT_EQ(read, what.mark != '~') << "message " << what.message;
}

/// Tells `tracker` of a message from the server, and checks its verdict.
inline void play_received(RequestTracker& tracker, const Word& what) {
    using Disposition = Verdict::Disposition;
    using Outcome = Verdict::Outcome;
    const std::string& message = what.message;
    const Disposition expected = what.mark == '-'   ? Disposition::drop
                                 : what.mark == '!' ? Disposition::violation
                                                    : Disposition::forward;
    const bool ready = message.starts_with("Z:");
    const std::string body = ready ? message.substr(2) : "";
    const Verdict verdict = tracker.received(static_cast<Backend>(message[0]), body);
    EXPECT_EQ(verdict.disposition, expected) << "message " << message;
    const Outcome outcome = !what.operation     ? Outcome::none
                            : message[0] == 'E' ? Outcome::failed
                                                : Outcome::done;
    EXPECT_EQ(verdict.operation, outcome) << "message " << message;
    EXPECT_EQ(verdict.operations_discarded, what.discarded) << "message " << message;
    if (expected == Disposition::violation) return;
    EXPECT_EQ(verdict.ready, ready) << "message " << message;
    if (ready) {
        EXPECT_EQ(verdict.origin, expected == Disposition::drop ? Origin::pool : Origin::client);
    }
}

/// Whether `tracker` has a property; play() lists them. Nothing: there is no such property.
inline std::optional<bool> has(const RequestTracker& tracker, std::string_view property) {
    if (property == "releasable") return tracker.releasable();
    if (property == "quiet") return tracker.quiet();
    if (property == "busy") return !tracker.quiet() && !tracker.releasable();
    if (property == "copying") return tracker.copying_in();
    if (property == "streaming") return tracker.copying_both();
    if (property == "wants_sync") return tracker.wants_sync();
    if (property == "may_discard") return tracker.may_discard();
    if (property == "may_have_failed") return tracker.may_have_failed();
    if (property == "uncertain") return tracker.uncertain();
    if (property == "in_doubt") return tracker.in_doubt();
    if (property == "wants_probe") return tracker.wants_probe();
    if (property.starts_with("holds:")) {
        return tracker.must_wait(static_cast<Frontend>(property.back()));
    }
    if (property.starts_with("owed:")) {
        return tracker.owed() == std::stoul(std::string(property.substr(5)));
    }
    if (property.size() == 1) {
        return static_cast<char>(tracker.transaction_status()) == property[0];
    }
    return std::nullopt;
}

/// Checks a property, or with "not_" before it that `tracker` does not have it.
inline void expect(const RequestTracker& tracker, std::string_view property) {
    const bool wanted = !property.starts_with("not_");
    if (!wanted) property.remove_prefix(4);
    const std::optional<bool> actual = has(tracker, property);
    ASSERT_TRUE(actual) << "no such property: " << property;
    EXPECT_EQ(*actual, wanted) << property << ", owed " << tracker.owed();
}

/// Plays `text` to `tracker` and checks what it says. Words, separated by spaces:
///   >  >>  >+  <  =>   what follows is sent by the client, by the pool, by the pool inside of the
///   client's extended query, by the server, or is expected
///   P B D E C S H Q F d c f   messages to the server (protocol letters)
///   P*   with an operation;  ~P  the server will discard it
///   1 2 3 T C E Z:I ...       messages from the server; `Z:` and the status byte (`Z:` none)
///   -T   this one must be dropped;  !T  it must be a violation;  otherwise it must be forwarded
///   1*   ends an operation, an error has it fail;  E/2  two operations behind it are discarded
///   releasable quiet busy copying streaming wants_sync may_discard may_have_failed uncertain
///   in_doubt wants_probe holds:P owed:N I T E expectations; each also has a form with "not_"
inline void play(RequestTracker& tracker, std::string_view text) {
    SCOPED_TRACE(std::string(text));
    std::istringstream words{std::string(text)};
    std::string mode;
    std::string word;
    while (words >> word) {
        if (word == ">" || word == ">>" || word == ">+" || word == "<" || word == "=>") {
            mode = word;
        } else if (mode.starts_with('>')) {
            play_sent(tracker, mode, Word(word));
        } else if (mode == "<") {
            play_received(tracker, Word(word));
        } else {
            expect(tracker, word);
        }
    }
}

inline void play(std::string_view text) {
    RequestTracker tracker;
    play(tracker, text);
}

}  // namespace pgweir::protocol::test
