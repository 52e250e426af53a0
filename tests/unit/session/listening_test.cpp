#include "pool/session/listening.hpp"

#include <gtest/gtest.h>

namespace pgweir::pool {
namespace {

TEST(Listening, ASwitchHasATokenOfItsOwnThatTellsWhoseItIs) {
    Listening ann(3, 17);
    EXPECT_FALSE(ann.was_switched);
    const std::string first = ann.switch_to(NotificationSource::hub);
    EXPECT_EQ(first, "3.17.1");
    EXPECT_TRUE(ann.was_switched);
    EXPECT_EQ(ann.merge.target(), NotificationSource::hub);
    EXPECT_EQ(owner_of_marker(first), (MarkerOwner{.worker = 3, .client = 17}));
    EXPECT_EQ(ann.switch_to(NotificationSource::server), "3.17.2");
    EXPECT_EQ(ann.merge.target(), NotificationSource::server);
}

TEST(Listening, AMarkerThatPgweirHasNotSentIsNobodys) {
    for (const std::string_view token : {"", "3", "3.", "3.x", "x.17.1", ".17", "3-17", "-1.17"}) {
        EXPECT_EQ(owner_of_marker(token), std::nullopt) << token;
    }
}

}  // namespace
}  // namespace pgweir::pool
