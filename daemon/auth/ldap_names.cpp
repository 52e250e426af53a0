#include "daemon/auth/ldap_names.hpp"

#include <cstddef>

namespace pgweir::daemon {

namespace {

constexpr std::string_view special_in_dn = ",+\"\\<>;=";
constexpr std::string_view special_in_filter = "*()\\";
constexpr std::string_view user_in_filter = "$username";

}  // namespace

std::string escaped_in_filter(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string escaped;
    for (const char c : text) {
        if (c != '\0' && special_in_filter.find(c) == std::string_view::npos) {
            escaped += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        escaped += '\\';
        escaped += digits[byte >> 4U];
        escaped += digits[byte & 15U];
    }
    return escaped;
}

std::string escaped_in_dn(std::string_view text) {
    std::string escaped;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool is_at_an_end = i == 0 || i + 1 == text.size();
        if (special_in_dn.find(c) != std::string_view::npos || (c == '#' && i == 0) ||
            (c == ' ' && is_at_an_end)) {
            escaped += '\\';
        }
        escaped += c;
    }
    return escaped;
}

std::string user_filter(const conf::LdapOptions& options, std::string_view user) {
    const std::string name = escaped_in_filter(user);
    if (options.search_filter.empty()) {
        const std::string& attribute = options.search_attribute;
        return '(' + (attribute.empty() ? "uid" : attribute) + '=' + name + ')';
    }
    std::string filter = options.search_filter;
    for (std::size_t at = filter.find(user_in_filter); at != std::string::npos;
         at = filter.find(user_in_filter, at + name.size())) {
        filter.replace(at, user_in_filter.size(), name);
    }
    return filter;
}

std::optional<std::string> bind_name(const conf::LdapOptions& options, std::string_view user) {
    const std::string prefix = options.prefix.value_or("");
    const std::string suffix = options.suffix.value_or("");
    if (prefix.ends_with('=')) return prefix + escaped_in_dn(user) + suffix;
    if (user.find_first_of(special_in_dn) != std::string_view::npos) return std::nullopt;
    return prefix + std::string(user) + suffix;
}

}  // namespace pgweir::daemon
