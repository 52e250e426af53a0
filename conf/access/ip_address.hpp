// Addresses of clients, and ranges of them.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace pgweir::conf {

/// An IPv4 or IPv6 address. An IPv4 address that came in IPv6's clothes (::ffff:10.0.0.1) is one of
/// IPv4, as an operator means it.
struct IpAddress {
    bool is_v6 = false;
    std::array<unsigned char, 16> bytes{};  ///< in network order; of IPv4 the first four

    [[nodiscard]] static IpAddress v4(const void* four_bytes);
    [[nodiscard]] static IpAddress v6(const void* sixteen_bytes);
    [[nodiscard]] static std::optional<IpAddress> parse(const std::string& text);
    /// With the first `bits` set.
    [[nodiscard]] static IpAddress mask(bool is_v6, unsigned bits);

    [[nodiscard]] std::size_t size() const { return is_v6 ? 16 : 4; }
    friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

struct IpRange {
    IpAddress address;
    IpAddress mask;

    [[nodiscard]] bool contains(const IpAddress& other) const;
};

/// The addresses of this machine's interfaces with their netmasks.
[[nodiscard]] std::vector<IpRange> own_networks();

}  // namespace pgweir::conf
