#include "pool/session/notification.hpp"

#include <gtest/gtest.h>

namespace pgweir::pool {
namespace {

TEST(ParseNotification, GivesChannelAndPayload) {
    const auto found = parse_notification(Bytes("\0\0\1\2news\0what \xe4 is new\0", 23));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->channel, "news");
    EXPECT_EQ(found->payload, "what \xe4 is new");
}

TEST(ParseNotification, GivesNothingForWhatIsCutShort) {
    EXPECT_FALSE(parse_notification("").has_value());
    EXPECT_FALSE(parse_notification("abc").has_value());
    EXPECT_FALSE(parse_notification("pid!channel without an end").has_value());
}

}  // namespace
}  // namespace pgweir::pool
