// Conversations with a server in a compact text form, played to a RequestTracker.
#pragma once

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <string_view>

#include "protocol/request_tracker.hpp"

namespace pgweir::protocol::test {

/// Plays `text` to `tracker` and checks what it says. Words, separated by spaces:
///   >  >>  <  =>   what follows is sent by the client, by the pool, by the server, or is expected
///   P B D E C S H Q F d c f   messages from a client (protocol letters)
///   1 2 3 T C E Z:I ...       messages from the server; `Z:` and the status byte (`Z:` none)
///   -T   this one must be dropped;  !T  it must be a violation;  otherwise it must be forwarded
///   releasable quiet busy copying streaming wants_sync uncertain owed:N I T E   expectations; each
///   also has a form with "not_"
inline void play(RequestTracker& tracker, std::string_view text) {
    using Disposition = Verdict::Disposition;
    SCOPED_TRACE(std::string(text));
    std::istringstream words{std::string(text)};
    std::string mode;
    std::string word;
    const auto received = [&tracker](std::string message) {
        Disposition expected = Disposition::forward;
        if (message.size() > 1 && (message[0] == '-' || message[0] == '!')) {
            expected = message[0] == '-' ? Disposition::drop : Disposition::violation;
            message.erase(0, 1);
        }
        const bool ready = message.starts_with("Z:");
        const std::string body = ready ? message.substr(2) : "";
        const Verdict verdict = tracker.received(static_cast<Backend>(message[0]), body);
        EXPECT_EQ(verdict.disposition, expected) << "message " << message;
        if (expected == Disposition::violation) return;
        EXPECT_EQ(verdict.ready, ready) << "message " << message;
        if (ready) {
            EXPECT_EQ(verdict.origin,
                      expected == Disposition::drop ? Origin::pool : Origin::client);
        }
    };
    const auto expect = [&tracker](std::string_view property) {
        bool wanted = true;
        if (property.starts_with("not_")) {
            wanted = false;
            property.remove_prefix(4);
        }
        bool actual = false;
        if (property == "releasable") {
            actual = tracker.releasable();
        } else if (property == "quiet") {
            actual = tracker.quiet();
        } else if (property == "busy") {
            actual = !tracker.quiet() && !tracker.releasable();
        } else if (property == "copying") {
            actual = tracker.copying_in();
        } else if (property == "streaming") {
            actual = tracker.copying_both();
        } else if (property == "wants_sync") {
            actual = tracker.wants_sync();
        } else if (property == "uncertain") {
            actual = tracker.uncertain();
        } else if (property.starts_with("owed:")) {
            actual = tracker.owed() == std::stoul(std::string(property.substr(5)));
        } else if (property.size() == 1) {
            actual = static_cast<char>(tracker.transaction_status()) == property[0];
        } else {
            FAIL() << "no such property: " << property;
        }
        EXPECT_EQ(actual, wanted) << property << ", owed " << tracker.owed();
    };
    while (words >> word) {
        if (word == ">" || word == ">>" || word == "<" || word == "=>") {
            mode = word;
        } else if (mode == ">" || mode == ">>") {
            ASSERT_EQ(word.size(), 1U) << word;
            tracker.sent(static_cast<Frontend>(word[0]),
                         mode == ">" ? Origin::client : Origin::pool);
        } else if (mode == "<") {
            received(word);
        } else {
            expect(word);
        }
    }
}

inline void play(std::string_view text) {
    RequestTracker tracker;
    play(tracker, text);
}

}  // namespace pgweir::protocol::test
