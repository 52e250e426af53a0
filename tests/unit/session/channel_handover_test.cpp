#include "pool/session/channel_handover.hpp"

#include <gmock/gmock.h>

#include <cstdint>
#include <memory>

#include "pool/session/channel_sql.hpp"

namespace pgweir::pool {
namespace {

using protocol::Effect;
using protocol::Effects;
using enum NotificationSource;
using testing::ElementsAre;
using Channels = ChannelHandover::Channels;

constexpr Effects reads = Effect::listens;
constexpr Effects changes = Effect::listens | Effect::state;

// Does for a ChannelHandover what its server does, without one.
class ChannelHandoverTest : public testing::Test {
  protected:
    // The server is asked to run this before a request with these effects.
    std::string before(Effects effects, bool in_failed = false) {
        channels.requested();
        return joined(channels.before_request(effects, in_failed, listener.get()));
    }
    // The server has told what it listens to; `pinned` is what follows.
    void told(const Channels& found, bool brought = false) {
        auto told = channels.told(found, brought, listener.get(), hub_serves);
        pinned = told.pins;
        if (told.ends) listener.reset();
        if (!told.wanted) return;
        if (!listener) listener = std::make_unique<Listening>(0, 7);
        listener->channels = *told.wanted;
        listener->confirmed = false;
    }
    // What is asked of a server at rest: "question sql command".
    std::string at_rest() {
        const auto step = channels.at_rest(listener.get(), hub_serves);
        if (!step) return "";
        const std::string behind =
            step->command_behind.empty() ? "" : " then " + step->command_behind;
        switch (step->question) {
            case Question::hand_over_channels:
                return "hand over: " + step->sql + behind;
            case Question::unlisten:
                return "unlisten: " + step->sql + behind;
            case Question::command:
                return "command: " + step->sql + behind;
            default:
                return "what?";
        }
    }
    // Both connections read the marker.
    void heard(const std::string& token) {
        std::vector<SharedMessage> deliverable;
        listener->merge.mark(server, token, deliverable);
        listener->merge.mark(hub, token, deliverable);
    }
    // LISTEN, the hub, and all that follows up to a server that is anybody's.
    void listen_by_hub(const Channels& names) {
        told(names);
        listener->confirmed = true;
        const std::string token = "0.7." + std::to_string(listener->tokens + 1);
        ASSERT_NE(at_rest(), "");
        heard(token);
        channels.handed_over(false, *listener);
        ASSERT_NE(at_rest(), "");
        ASSERT_TRUE(channels.unlistened(false));
        ASSERT_FALSE(channels.listens());
        ASSERT_EQ(listener->merge.target(), hub);
        pinned = false;
    }

    ChannelHandover channels{"marker"};
    std::unique_ptr<Listening> listener;
    bool hub_serves = true;
    bool pinned = false;
};

const std::string hand_over_1 = R"(hand over: LISTEN "marker";NOTIFY "marker",'0.7.1';)"
                                R"( then UNLISTEN "marker")";
const std::string unlisten = "unlisten: UNLISTEN *;SET pgweir.channels_brought=''";
const std::string bring_2 =
    R"(LISTEN "news";LISTEN "marker";NOTIFY "marker",'0.7.2';SET pgweir.channels_brought='1';)";

// --- from the server to the hub ------------------------------------------------------------------

TEST_F(ChannelHandoverTest, AClientThatDoesNotListenNeedsNothing) {
    EXPECT_EQ(before({}), "");
    EXPECT_EQ(before(Effect::state), "");
    EXPECT_EQ(before(changes), "") << "its LISTEN";
    told({});
    EXPECT_EQ(at_rest(), "");
    EXPECT_FALSE(pinned);
    EXPECT_FALSE(channels.listens());
    EXPECT_FALSE(channels.lease_ends(nullptr));
}

TEST_F(ChannelHandoverTest, AfterListenTheHubTakesOver) {
    told({"weather", "news"});
    EXPECT_TRUE(pinned);
    EXPECT_TRUE(channels.listens());
    ASSERT_NE(listener, nullptr);
    EXPECT_THAT(listener->channels, ElementsAre("news", "weather"));
    EXPECT_EQ(at_rest(), "") << "the hub has not confirmed";
    listener->confirmed = true;
    EXPECT_EQ(at_rest(), hand_over_1);
    EXPECT_TRUE(channels.listens());
    heard("0.7.1");
    channels.handed_over(false, *listener);
    EXPECT_EQ(at_rest(), unlisten);
    EXPECT_TRUE(channels.unlistened(false)) << "nothing keeps the server";
    EXPECT_EQ(at_rest(), "");
    EXPECT_FALSE(channels.lease_ends(listener.get()));
    EXPECT_EQ(listener->merge.target(), hub);
}

TEST_F(ChannelHandoverTest, AFailedHandOverIsTriedAgainAfterTheNextRequest) {
    told({"news"});
    listener->confirmed = true;
    EXPECT_EQ(at_rest(), hand_over_1);
    channels.handed_over(true, *listener);
    EXPECT_EQ(listener->merge.target(), server);
    EXPECT_EQ(at_rest(), "");
    EXPECT_EQ(before({}), "");
    EXPECT_EQ(at_rest(), R"(hand over: LISTEN "marker";NOTIFY "marker",'0.7.2';)"
                         R"( then UNLISTEN "marker")");
}

TEST_F(ChannelHandoverTest, AHandOverWithoutItsMarkerHasFailed) {
    told({"news"});
    listener->confirmed = true;
    EXPECT_EQ(at_rest(), hand_over_1);
    channels.handed_over(false, *listener);
    EXPECT_EQ(listener->merge.target(), server);
    EXPECT_EQ(at_rest(), "");
}

TEST_F(ChannelHandoverTest, AFailedUnlistenIsTriedAgainAfterTheNextRequest) {
    told({"news"});
    listener->confirmed = true;
    EXPECT_EQ(at_rest(), hand_over_1);
    heard("0.7.1");
    channels.handed_over(false, *listener);
    EXPECT_EQ(at_rest(), unlisten);
    EXPECT_FALSE(channels.unlistened(true));
    EXPECT_TRUE(channels.listens());
    EXPECT_EQ(at_rest(), "");
    EXPECT_EQ(before({}), "");
    EXPECT_EQ(at_rest(), unlisten);
    EXPECT_TRUE(channels.unlistened(false));
}

TEST_F(ChannelHandoverTest, WhatTheHubCannotServeStaysOnTheServer) {
    hub_serves = false;
    told({"news"});
    EXPECT_TRUE(pinned);
    EXPECT_EQ(listener, nullptr);
    EXPECT_EQ(at_rest(), "");
    hub_serves = true;
    told({"news"});
    EXPECT_NE(listener, nullptr) << "its client_encoding has changed";
}

TEST_F(ChannelHandoverTest, WhatTheHubCannotServeAnyMoreIsNotHandedOver) {
    told({"news"});
    listener->confirmed = true;
    hub_serves = false;
    EXPECT_EQ(at_rest(), "");
    told({"news", "weather"});
    EXPECT_THAT(listener->channels, ElementsAre("news", "weather")) << "the hub keeps listening";
}

// What goes ahead of the end of a failed transaction fails in its place.
TEST_F(ChannelHandoverTest, InAFailedTransactionNothingIsBrought) {
    told({"a"});
    EXPECT_EQ(before(changes, true), "");
    EXPECT_EQ(before(reads, true), "");
    EXPECT_EQ(before(Effect::ends_transaction, true), "");
}

TEST_F(ChannelHandoverTest, UnlistenEndsTheListener) {
    told({"news"});
    ASSERT_NE(listener, nullptr);
    told({});
    EXPECT_EQ(listener, nullptr);
    EXPECT_FALSE(pinned);
    EXPECT_FALSE(channels.listens());
}

// --- from the hub to the server ------------------------------------------------------------------

TEST_F(ChannelHandoverTest, AStatementThatReadsChannelsFindsThemOnItsServer) {
    listen_by_hub({"news", "weather"});
    EXPECT_EQ(before({}), "");
    EXPECT_EQ(before(reads), R"(LISTEN "news";LISTEN "weather";)");
    EXPECT_TRUE(channels.listens());
    EXPECT_EQ(listener->merge.target(), hub);
    EXPECT_EQ(before(reads), "") << "they are there";
    EXPECT_EQ(at_rest(), unlisten);
    EXPECT_TRUE(channels.unlistened(false));
    EXPECT_EQ(before(reads), R"(LISTEN "news";LISTEN "weather";)");
}

constexpr std::string_view listen_to_marker = R"(LISTEN "marker";)";

// The client's UNLISTEN * of the same transaction has taken the marker's channel away, and its
// marker was never heard: the client heard nothing more.
TEST_F(ChannelHandoverTest, AMarkerThatTheServerDoesNotHearIsTold) {
    listen_by_hub({"news"});
    EXPECT_EQ(before(changes), bring_2);
    const ChannelHandover::Told found = channels.told({"weather"}, true, listener.get(), true);
    EXPECT_EQ(found.missed_marker, "0.7.2");
}

TEST_F(ChannelHandoverTest, BeforeAStatementThatMayChangeChannelsTheServerTakesOver) {
    listen_by_hub({"news"});
    EXPECT_EQ(before(changes), bring_2);
    EXPECT_EQ(channels.unlisten_marker(), R"(UNLISTEN "marker")");
    EXPECT_EQ(listener->merge.target(), server);
    EXPECT_EQ(before(changes), listen_to_marker) << "it has, but for the marker's channel";
    EXPECT_EQ(before(reads), "");
    EXPECT_EQ(before(protocol::Effect::ends_transaction), listen_to_marker);
    heard("0.7.2");
    told({"news", "weather"}, true);
    EXPECT_TRUE(pinned);
    EXPECT_THAT(listener->channels, ElementsAre("news", "weather"));
    listener->confirmed = true;
    EXPECT_THAT(at_rest(), testing::StartsWith("hand over: "));
}

TEST_F(ChannelHandoverTest, WhatWasBroughtToBeReadIsBroughtOnceMoreToBeChanged) {
    listen_by_hub({"news"});
    EXPECT_EQ(before(reads), R"(LISTEN "news";)");
    EXPECT_EQ(before(changes), bring_2);
}

TEST_F(ChannelHandoverTest, UnlistenOnTheServerEndsWhatTheHubHeard) {
    listen_by_hub({"news"});
    EXPECT_EQ(before(changes), bring_2);
    heard("0.7.2");
    told({}, true);
    EXPECT_EQ(listener, nullptr);
    EXPECT_FALSE(pinned);
    EXPECT_EQ(at_rest(), unlisten) << "the setting that told it is left";
    EXPECT_TRUE(channels.unlistened(false));
}

// DISCARD ALL resets the setting that tells of a switch; the marker tells as well.
TEST_F(ChannelHandoverTest, ASwitchIsKnownByItsMarkerToo) {
    listen_by_hub({"news"});
    EXPECT_EQ(before(changes), bring_2);
    heard("0.7.2");
    told({"news"}, false);
    EXPECT_TRUE(pinned);
    EXPECT_EQ(listener->merge.target(), server);
}

TEST_F(ChannelHandoverTest, ARolledBackSwitchLeavesAllToTheHub) {
    listen_by_hub({"news"});
    EXPECT_EQ(before(changes), bring_2);
    told({});
    EXPECT_FALSE(pinned);
    EXPECT_FALSE(channels.listens());
    EXPECT_EQ(listener->merge.target(), hub);
    EXPECT_THAT(listener->channels, ElementsAre("news"));
    EXPECT_EQ(at_rest(), "");
}

TEST_F(ChannelHandoverTest, WhatARolledBackTransactionDidListenToGoesToTheHub) {
    listen_by_hub({"news"});
    EXPECT_EQ(before(changes), bring_2);
    told({"weather"});
    EXPECT_FALSE(pinned);
    EXPECT_THAT(listener->channels, ElementsAre("news", "weather"));
    EXPECT_FALSE(listener->confirmed);
    EXPECT_EQ(at_rest(), unlisten);
}

TEST_F(ChannelHandoverTest, TheMarkersChannelIsNotTheClients) {
    listen_by_hub({"news"});
    EXPECT_EQ(before(changes), bring_2);
    told({"marker"});
    EXPECT_THAT(listener->channels, ElementsAre("news"));
    EXPECT_EQ(at_rest(), unlisten);
}

// A ROLLBACK TO SAVEPOINT has the same tag, and may have undone the switch or not.
TEST_F(ChannelHandoverTest, AfterARollbackTheSameSwitchIsTriedAgain) {
    listen_by_hub({"news"});
    EXPECT_EQ(before(changes), bring_2);
    channels.rolled_back();
    EXPECT_EQ(before(reads), "");
    EXPECT_EQ(before(changes), bring_2);
    heard("0.7.2");
    told({"news"}, true);
    EXPECT_TRUE(pinned);
    EXPECT_EQ(listener->merge.target(), server);
}

TEST_F(ChannelHandoverTest, ARollbackChangesNothingWithoutASwitch) {
    channels.rolled_back();
    EXPECT_FALSE(channels.listens());
    told({"news"});
    channels.rolled_back();
    listener->confirmed = true;
    EXPECT_EQ(at_rest(), hand_over_1);
}

// --- DISCARD ALL ---------------------------------------------------------------------------------

TEST_F(ChannelHandoverTest, DiscardAllEndsWhatTheHubHears) {
    listen_by_hub({"news"});
    channels.discarded();
    told({});
    EXPECT_EQ(listener, nullptr);
    EXPECT_FALSE(pinned);
}

TEST_F(ChannelHandoverTest, WhatIsListenedToAfterDiscardAllIsAnotherListeners) {
    listen_by_hub({"news"});
    const std::uint64_t tokens_before = listener->tokens;
    channels.discarded();
    told({"weather"});
    EXPECT_TRUE(pinned);
    EXPECT_LT(listener->tokens, tokens_before) << "it is another one";
    EXPECT_EQ(listener->merge.target(), server);
    EXPECT_THAT(listener->channels, ElementsAre("weather"));
    told({"weather"});
    EXPECT_THAT(listener->channels, ElementsAre("weather")) << "DISCARD ALL counts once";
}

// --- a client_encoding that the hub cannot serve -------------------------------------------------

TEST(HubCanServe, WhereNothingHasToBeConverted) {
    struct Row {
        std::string_view client;
        std::string_view server;
        bool serves;
    };
    for (const Row& row :
         {Row{"UTF8", "UTF8", true}, Row{"LATIN1", "UTF8", false}, Row{"SQL_ASCII", "UTF8", true},
          Row{"UTF8", "SQL_ASCII", true}, Row{"", "UTF8", false}}) {
        EXPECT_EQ(hub_can_serve(row.client, row.server), row.serves)
            << row.client << ' ' << row.server;
    }
}

TEST_F(ChannelHandoverTest, AClientThatChangesItsEncodingGetsItsChannelsBack) {
    listen_by_hub({"news"});
    hub_serves = false;
    EXPECT_EQ(at_rest(), "command: " + bring_2);
    EXPECT_EQ(listener->merge.target(), server);
    heard("0.7.2");
    told({"news"}, true);
    EXPECT_TRUE(pinned);
    listener->confirmed = true;
    EXPECT_EQ(at_rest(), "");
}

// --- the end of the lease ------------------------------------------------------------------------

TEST_F(ChannelHandoverTest, ASwitchBehindARefusedSetUpWasRefused) {
    listen_by_hub({"news"});
    EXPECT_EQ(before(changes), bring_2);
    EXPECT_TRUE(channels.lease_ends(listener.get())) << "the session has to be reset";
    EXPECT_EQ(listener->merge.target(), hub);
    EXPECT_FALSE(channels.listens());
    EXPECT_EQ(before(changes), R"(LISTEN "news";LISTEN "marker";NOTIFY "marker",'0.7.3';)"
                               "SET pgweir.channels_brought='1';");
}

TEST_F(ChannelHandoverTest, ASessionThatListensHasToBeReset) {
    listen_by_hub({"news"});
    EXPECT_NE(before(reads), "");
    EXPECT_TRUE(channels.lease_ends(listener.get()));
    EXPECT_EQ(listener->merge.target(), hub);
}

TEST_F(ChannelHandoverTest, AnotherClientFindsNothingOfTheOneBefore) {
    told({"news"});
    listener->confirmed = true;
    EXPECT_EQ(at_rest(), hand_over_1);
    channels.handed_over(true, *listener);
    channels.discarded();
    channels.forget();
    EXPECT_FALSE(channels.listens());
    listener.reset();
    listen_by_hub({"news"});
    told({});
    EXPECT_NE(listener, nullptr) << "no DISCARD ALL is remembered";
}

}  // namespace
}  // namespace pgweir::pool
