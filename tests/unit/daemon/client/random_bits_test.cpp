#include "daemon/client/random_bits.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>

namespace pgweir::daemon {
namespace {

TEST(RandomBits, GiveNoNumberTwiceAcrossStocks) {
    constexpr std::size_t count = 1000;
    RandomBits random;
    RandomBits other;
    std::set<std::uint64_t> seen;
    for (std::size_t i = 0; i < count; ++i) {
        seen.insert(random.next());
        seen.insert(other.next());
    }
    EXPECT_EQ(seen.size(), 2 * count);
    EXPECT_FALSE(seen.contains(0));
}

}  // namespace
}  // namespace pgweir::daemon
