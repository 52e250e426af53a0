#include "conf/access/ip_address.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace pgweir::conf {

namespace {

constexpr std::array<unsigned char, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::optional<IpAddress> from_socket(const sockaddr* address) {
    if (address == nullptr) return std::nullopt;
    if (address->sa_family == AF_INET) {
        return IpAddress::v4(&reinterpret_cast<const sockaddr_in*>(address)->sin_addr);
    }
    if (address->sa_family == AF_INET6) {
        return IpAddress::v6(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
    }
    return std::nullopt;
}

}  // namespace

IpAddress IpAddress::v4(const void* four_bytes) {
    IpAddress address;
    std::memcpy(address.bytes.data(), four_bytes, 4);
    return address;
}

IpAddress IpAddress::v6(const void* sixteen_bytes) {
    IpAddress address{.is_v6 = true};
    std::memcpy(address.bytes.data(), sixteen_bytes, address.bytes.size());
    if (std::equal(mapped_prefix.begin(), mapped_prefix.end(), address.bytes.begin())) {
        return v4(address.bytes.data() + mapped_prefix.size());
    }
    return address;
}

std::optional<IpAddress> IpAddress::parse(const std::string& text) {
    std::array<unsigned char, 16> bytes{};
    if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return v4(bytes.data());
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) {
        // A range of mapped addresses is written as one of IPv6 and stays one.
        return IpAddress{.is_v6 = true, .bytes = bytes};
    }
    return std::nullopt;
}

IpAddress IpAddress::mask(bool is_v6, unsigned bits) {
    IpAddress mask{.is_v6 = is_v6};
    for (unsigned i = 0; i < bits; ++i) {
        mask.bytes.at(i / 8) =
            static_cast<unsigned char>(mask.bytes.at(i / 8) | (0x80U >> (i % 8)));
    }
    return mask;
}

bool IpRange::contains(const IpAddress& other) const {
    if (address.is_v6 != other.is_v6) return false;
    for (std::size_t i = 0; i < address.size(); ++i) {
        if (((address.bytes.at(i) ^ other.bytes.at(i)) & mask.bytes.at(i)) != 0) return false;
    }
    return true;
}

std::vector<IpRange> own_networks() {
    std::vector<IpRange> networks;
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) return networks;
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        const auto address = from_socket(entry->ifa_addr);
        const auto mask = from_socket(entry->ifa_netmask);
        if (address && mask && mask->is_v6 == address->is_v6) networks.push_back({*address, *mask});
    }
    freeifaddrs(list);
    return networks;
}

}  // namespace pgweir::conf
