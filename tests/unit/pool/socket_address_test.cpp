#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>

#include "pool/connect/server_connection.hpp"

namespace pgweir::pool {
namespace {

template <typename Kind>
Kind& as(SocketAddress& address) {
    address.size = sizeof(Kind);
    return reinterpret_cast<Kind&>(address.storage);
}

SocketAddress unix_address(std::string_view path) {
    SocketAddress address;
    auto& un = as<sockaddr_un>(address);
    un.sun_family = AF_UNIX;
    std::ranges::copy(path, un.sun_path);
    address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    return address;
}

TEST(SocketAddress, WritesIpv4WithItsPort) {
    SocketAddress address;
    auto& in = as<sockaddr_in>(address);
    in.sin_family = AF_INET;
    in.sin_port = htons(5432);
    inet_pton(AF_INET, "127.0.0.1", &in.sin_addr);
    EXPECT_EQ(address.to_string(), "127.0.0.1:5432");
}

TEST(SocketAddress, WritesIpv6InBrackets) {
    SocketAddress address;
    auto& in = as<sockaddr_in6>(address);
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(65535);
    inet_pton(AF_INET6, "2001:db8::1", &in.sin6_addr);
    EXPECT_EQ(address.to_string(), "[2001:db8::1]:65535");
}

TEST(SocketAddress, WritesThePathOfAUnixSocket) {
    using namespace std::string_view_literals;
    EXPECT_EQ(unix_address("/run/postgresql/.s.PGSQL.5432\0"sv).to_string(),
              "/run/postgresql/.s.PGSQL.5432")
        << "as the kernel gives it, with its zero byte";
    EXPECT_EQ(unix_address("/tmp/s").to_string(), "/tmp/s") << "and without";
}

TEST(SocketAddress, WritesAPathThatFillsItsFieldToTheLastByte) {
    std::string path(sizeof(sockaddr_un::sun_path), 'x');
    path.front() = '/';
    EXPECT_EQ(unix_address(path).to_string(), path);
}

TEST(SocketAddress, OfAnAbstractUnixSocketStartsWithAnAtSign) {
    using namespace std::string_view_literals;
    EXPECT_EQ(unix_address("\0pg/.s.PGSQL.5432"sv).to_string(), "@pg/.s.PGSQL.5432");
}

TEST(SocketAddress, SaysSoWhenItIsUnknown) {
    EXPECT_EQ(SocketAddress{}.to_string(), "unknown");
    EXPECT_EQ(unix_address("").to_string(), "unknown") << "the unnamed end of a socketpair";
    SocketAddress other;
    other.storage.ss_family = AF_NETLINK;
    other.size = sizeof other.storage;
    EXPECT_EQ(other.to_string(), "unknown");
}

}  // namespace
}  // namespace pgweir::pool
