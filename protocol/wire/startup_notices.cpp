#include "protocol/wire/startup_notices.hpp"

#include <algorithm>

namespace pgweir::protocol {

namespace {

constexpr std::size_t max_name_length = 63;  // PostgreSQL's NAMEDATALEN, less the end

bool is_name(std::string_view name, std::string_view lower) {
    return std::ranges::equal(name, lower, {}, [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
}

// PostgreSQL's pg_utf_mblen(): by the first byte alone.
std::size_t character_length(char first) {
    const auto byte = static_cast<unsigned char>(first);
    if ((byte & 0xe0U) == 0xc0U) return 2;
    if ((byte & 0xf0U) == 0xe0U) return 3;
    return (byte & 0xf8U) == 0xf0U ? 4 : 1;
}

std::string_view truncated(std::string_view name, bool is_utf8) {
    if (!is_utf8) return name.substr(0, max_name_length);
    std::size_t size = 0;
    while (size < name.size()) {
        const std::size_t next = size + character_length(name[size]);
        if (next > max_name_length) break;
        size = next;
    }
    return name.substr(0, size);
}

}  // namespace

std::vector<ErrorReport> startup_notices(const std::vector<Parameter>& settings,
                                         std::string_view server_encoding) {
    std::vector<ErrorReport> notices;
    bool wanted = true;
    for (const auto& [name, value] : settings) {
        if (is_name(name, "client_min_messages")) {
            wanted = !is_name(value, "warning") && !is_name(value, "error");
        }
        if (!wanted || value.size() <= max_name_length || !is_name(name, "application_name")) {
            continue;
        }
        notices.push_back({.severity = "NOTICE",
                           .code = "42622",  // name_too_long
                           .message = "identifier \"" + value + "\" will be truncated to \"" +
                                      std::string(truncated(value, server_encoding == "UTF8")) +
                                      '"'});
    }
    return notices;
}

}  // namespace pgweir::protocol
