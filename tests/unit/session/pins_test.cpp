#include "pool/session/pins.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace pgweir::pool {
namespace {

std::vector<PinReason> all_reasons() {
    std::vector<PinReason> reasons;
    for (std::uint8_t i = 0; i < static_cast<std::uint8_t>(PinReason::count_); ++i) {
        reasons.push_back(static_cast<PinReason>(i));
    }
    return reasons;
}

TEST(PinReason, EachHasANameOfItsOwnThatFitsMetrics) {
    std::set<std::string_view> names;
    for (const PinReason reason : all_reasons()) {
        const std::string_view text = name(reason);
        EXPECT_FALSE(text.empty()) << static_cast<int>(reason);
        EXPECT_EQ(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos);
        names.insert(text);
    }
    EXPECT_EQ(names.size(), all_reasons().size());
    EXPECT_EQ(name(PinReason::temporary_object), "temporary_object");
    EXPECT_EQ(name(PinReason::sql_prepared), "sql_prepared");
    EXPECT_EQ(name(PinReason::superuser_setting), "superuser_setting");
    EXPECT_EQ(name(PinReason::unknown), "unknown");
}

TEST(Pins, AreASet) {
    Pins pins;
    EXPECT_FALSE(pins.any());
    for (const PinReason reason : all_reasons()) {
        EXPECT_FALSE(pins.contains(reason));
        pins.add(reason);
        pins.add(reason);
        EXPECT_TRUE(pins.contains(reason));
        Pins alone;
        alone.add(reason);
        EXPECT_EQ(alone == pins, reason == all_reasons().front());
    }
    for (const PinReason reason : all_reasons()) {
        EXPECT_TRUE(pins.any());
        pins.remove(reason);
        pins.remove(reason);
        EXPECT_FALSE(pins.contains(reason));
    }
    EXPECT_EQ(pins, Pins());
}

TEST(Pins, EachReasonIsVisitedOnce) {
    Pins pins;
    pins.add(PinReason::unknown);
    pins.add(PinReason::listen);
    pins.add(PinReason::temporary_object);
    std::vector<PinReason> visited;
    pins.for_each([&](PinReason reason) { visited.push_back(reason); });
    EXPECT_EQ(visited,
              (std::vector{PinReason::temporary_object, PinReason::listen, PinReason::unknown}));
    Pins().for_each([](PinReason) { FAIL(); });
}

}  // namespace
}  // namespace pgweir::pool
