#include "pool/connect/host_order.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>

namespace pgweir::pool {
namespace {

void expect_hosts(const Keywords& keywords, std::uint64_t number, std::string_view hosts,
                  std::string_view ports) {
    const Keywords turned = beginning_with(keywords, number);
    EXPECT_EQ(keyword(turned, "host"), hosts) << number;
    EXPECT_EQ(keyword(turned, "port"), ports) << number;
    EXPECT_EQ(keyword(turned, "dbname"), "app");
}

TEST(HostOrder, EachConnectionBeginsWithTheNextHostAndItsPort) {
    const Keywords keywords{{"host", "a,b,c"}, {"port", "1,2,3"}, {"dbname", "app"}};
    expect_hosts(keywords, 0, "a,b,c", "1,2,3");
    expect_hosts(keywords, 1, "b,c,a", "2,3,1");
    expect_hosts(keywords, 4, "b,c,a", "2,3,1");
}

TEST(HostOrder, APortForAllHostsStays) {
    expect_hosts({{"host", "a,b"}, {"port", "1"}, {"dbname", "app"}}, 1, "b,a", "1");
}

TEST(HostOrder, OfOneHostThereIsNothingToTurn) {
    expect_hosts({{"host", "a"}, {"port", "1"}, {"dbname", "app"}}, 3, "a", "1");
}

}  // namespace
}  // namespace pgweir::pool
