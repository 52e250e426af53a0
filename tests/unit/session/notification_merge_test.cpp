#include "pool/session/notification_merge.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace pgweir::pool {
namespace {

using enum NotificationSource;

class NotificationMergeTest : public testing::Test {
  protected:
    void hear(NotificationSource source, const std::string& text) {
        const auto message = std::make_shared<const std::string>(text);
        if (merge.hear(source, message)) delivered += text;
    }
    void mark(NotificationSource source, const std::string& token) {
        std::vector<SharedMessage> now;
        merge.mark(source, token, now);
        for (const SharedMessage& message : now) delivered += *message;
    }

    NotificationMerge merge;
    std::string delivered;
};

TEST_F(NotificationMergeTest, AtFirstOnlyTheServerCounts) {
    hear(server, "a");
    hear(hub, "a");
    hear(server, "b");
    EXPECT_EQ(delivered, "ab");
    EXPECT_FALSE(merge.uses_hub());
}

TEST_F(NotificationMergeTest, ASlowHubIsTakenFromItsMarkerOn) {
    hear(server, "a");
    merge.switch_to(hub, "1");
    hear(server, "b");
    mark(server, "1");
    hear(server, "c");  // the server listens a little longer
    hear(hub, "a");
    hear(hub, "b");
    mark(hub, "1");
    hear(hub, "c");
    hear(hub, "d");
    EXPECT_EQ(delivered, "abcd");
    EXPECT_EQ(merge.target(), hub);
}

TEST_F(NotificationMergeTest, WhatAFastHubHearsWaitsForTheServersMarker) {
    merge.switch_to(hub, "1");
    mark(hub, "1");
    hear(hub, "c");
    hear(server, "a");
    hear(server, "b");
    EXPECT_EQ(delivered, "ab");
    mark(server, "1");
    EXPECT_EQ(delivered, "abc");
    hear(hub, "d");
    EXPECT_EQ(delivered, "abcd");
}

TEST_F(NotificationMergeTest, ASwitchThatWasRolledBackChangesNothing) {
    merge.switch_to(hub, "1");
    mark(hub, "1");
    mark(server, "1");
    merge.switch_to(server, "2");
    hear(hub, "a");
    merge.cancel_switch();
    EXPECT_EQ(merge.target(), hub);
    hear(hub, "b");
    hear(server, "b");
    EXPECT_EQ(delivered, "ab");
}

TEST_F(NotificationMergeTest, MarkersOfOthersAndRepeatedOnesAreIgnored) {
    mark(server, "0");
    merge.switch_to(hub, "1");
    mark(hub, "0");
    hear(hub, "x");
    mark(hub, "1");
    mark(hub, "1");
    mark(server, "1");
    mark(server, "1");
    hear(hub, "a");
    EXPECT_EQ(delivered, "a");
}

TEST_F(NotificationMergeTest, AHubThatLostItsConnectionCountsAsBehindAllMarkers) {
    merge.switch_to(hub, "1");
    hear(server, "a");
    mark(server, "1");
    hear(hub, "a");
    std::vector<SharedMessage> now;
    merge.hub_interrupted(now);
    hear(hub, "c");
    EXPECT_EQ(delivered, "ac");
}

// Both sources read one queue, each at its own speed, while the client goes to and fro between
// them.
TEST_F(NotificationMergeTest, DeliversTheQueueWhateverTheSpeedsOfTheSources) {
    std::mt19937 random(20260725);  // NOLINT(cert-msc51-cpp): the same run each time
    for (int round = 0; round < 2000; ++round) {
        merge = NotificationMerge();
        delivered.clear();
        std::string expected;
        std::vector<std::string> queue;  // one character: a notification; longer: a marker's token
        std::array<std::size_t, 2> read{};
        const auto advance = [&](NotificationSource source) {
            std::size_t& place = read[static_cast<std::size_t>(source)];
            if (place == queue.size()) return;
            const std::string& entry = queue[place++];
            entry.size() == 1 ? hear(source, entry) : mark(source, entry);
        };
        int markers = 0;
        for (int i = 0; i < 60; ++i) {
            const auto choice = random() % 8;
            if (choice == 0) {
                const std::string token = "token" + std::to_string(++markers);
                merge.switch_to(merge.target() == hub ? server : hub, token);
                queue.push_back(token);
            } else if (choice < 4) {
                expected += static_cast<char>('a' + i % 26);
                queue.emplace_back(1, expected.back());
            } else {
                advance(choice < 6 ? server : hub);
            }
        }
        for (std::size_t i = 0; i < queue.size(); ++i) {
            advance(server);
            advance(hub);
        }
        ASSERT_EQ(delivered, expected) << "round " << round;
    }
}

}  // namespace
}  // namespace pgweir::pool
