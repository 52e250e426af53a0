#include "conf/file/addresses.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "conf/access/ip_address.hpp"
#include "conf/file/wording.hpp"
#include "conf/options/units.hpp"

namespace pgweir::conf {
namespace {

/// What `sockaddr_un` holds beside the file's name: 107 bytes less `/.s.PGSQL.65535`.
constexpr std::size_t longest_folder = 107 - 15;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_alphanumeric(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_host_character(char c) {
    return is_alphanumeric(c) || c == '.' || c == '-' || c == '_';
}
/// With a zone, as in fe80::1%eth0.
bool is_ipv6_character(char c) {
    return is_host_character(c) || c == ':' || c == '%';
}

Refusal not_an_address(std::string_view text) {
    return {in_quotes(text) +
            " is not an address such as 127.0.0.1:6432, [::1]:6432, \"*:6432\" or /run/pgweir"};
}

Result<std::uint16_t> parse_port(std::string_view text) {
    const Result<std::uint64_t> port = parse_count(text);
    if (!port || *port < 1 || *port > 65'535) {
        return Refusal{"the port " + in_quotes(text) + " is not a number from 1 to 65535"};
    }
    return static_cast<std::uint16_t>(*port);
}

Result<ListenAddress> with_port(std::string_view host, std::string_view port) {
    const Result<std::uint16_t> number = parse_port(port);
    if (!number) return number.error();
    return ListenAddress{std::string{host}, *number};
}

Result<ListenAddress> parse_folder(std::string_view text) {
    std::string_view folder = text;
    std::string_view port;
    const std::size_t colon = text.rfind(':');
    // A colon that no number follows belongs to the folder's name.
    if (colon != std::string_view::npos && colon + 1 < text.size() &&
        std::ranges::all_of(text.substr(colon + 1), is_digit)) {
        folder = text.substr(0, colon);
        port = text.substr(colon + 1);
    }
    while (folder.size() > 1 && folder.ends_with('/')) folder.remove_suffix(1);
    if (folder.size() > longest_folder) {
        return Refusal{"the folder " + in_quotes(folder) +
                       " is too long for a Unix socket: at most " + std::to_string(longest_folder) +
                       " bytes"};
    }
    if (port.empty()) return ListenAddress{std::string{folder}, 0};
    return with_port(folder, port);
}

Result<ListenAddress> parse_bracketed(std::string_view text) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return not_an_address(text);
    const std::string_view host = text.substr(1, end - 1);
    const std::string_view rest = text.substr(end + 1);
    if (host.find(':') == std::string_view::npos || !std::ranges::all_of(host, is_ipv6_character)) {
        return not_an_address(text);
    }
    if (rest.empty()) return ListenAddress{std::string{host}, 0};
    if (!rest.starts_with(':')) return not_an_address(text);
    return with_port(host, rest.substr(1));
}

}  // namespace

Result<ListenAddress> parse_address(std::string_view text) {
    if (text.starts_with('/')) return parse_folder(text);
    if (text.starts_with('[')) return parse_bracketed(text);
    const std::size_t colon = text.find(':');
    const std::string_view host = text.substr(0, colon);
    if (colon != text.rfind(':') && std::ranges::all_of(text, is_ipv6_character)) {
        return Refusal{in_quotes(text) +
                       ": write an IPv6 address in brackets, as in \"[::1]:6432\""};
    }
    const bool usable =
        host == "*" || (!host.empty() && std::ranges::all_of(host, is_host_character));
    if (!usable) return not_an_address(text);
    if (colon != std::string_view::npos) return with_port(host, text.substr(colon + 1));
    // A lone number is a port that lost its host rather than a host's name.
    if (std::ranges::all_of(host, is_digit)) return not_an_address(text);
    return ListenAddress{std::string{host}, 0};
}

bool is_local(const ListenAddress& address) {
    if (address.is_unix() || address.host == "localhost") return true;
    const std::optional<IpAddress> ip = IpAddress::parse(address.host);
    if (!ip) return false;
    constexpr unsigned char loopback_net = 127;
    return ip->is_v6 ? *ip == *IpAddress::parse("::1") : ip->bytes.front() == loopback_net;
}

std::string format_address(const ListenAddress& address) {
    const bool ipv6 = !address.is_unix() && address.host.find(':') != std::string::npos;
    std::string text = ipv6 ? '[' + address.host + ']' : address.host;
    if (address.port != 0) text += ':' + std::to_string(address.port);
    return text;
}

}  // namespace pgweir::conf
