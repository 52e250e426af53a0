#include "protocol/wire/query_bodies.hpp"

#include <cstdint>

#include "protocol/wire/extended_query.hpp"

namespace pgweir::protocol {

namespace {

constexpr std::size_t count_size = 2;
constexpr std::size_t length_size = 4;

std::optional<std::size_t> take_count(Bytes& body) {
    if (body.size() < count_size) return std::nullopt;
    const std::size_t count = read_uint16(body);
    body.remove_prefix(count_size);
    return count;
}

std::optional<std::vector<Format>> take_formats(Bytes& body) {
    const auto count = take_count(body);
    if (!count || body.size() < *count * count_size) return std::nullopt;
    std::vector<Format> formats;
    for (std::size_t i = 0; i < *count; ++i) {
        const auto code = take_count(body);
        if (*code > 1) return std::nullopt;
        formats.push_back(static_cast<Format>(*code));
    }
    return formats;
}

// Goes past the values of a Bind; how many they are.
std::optional<std::size_t> skip_values(Bytes& body) {
    const auto count = take_count(body);
    if (!count) return std::nullopt;
    for (std::size_t i = 0; i < *count; ++i) {
        if (body.size() < length_size) return std::nullopt;
        const std::uint32_t length = read_uint32(body);
        body.remove_prefix(length_size);
        if (length == 0xffffffffU) continue;
        if (body.size() < length) return std::nullopt;
        body.remove_prefix(length);
    }
    return count;
}

}  // namespace

std::optional<Bytes> parse_query(Bytes body) {
    const std::size_t end = body.find('\0');
    if (end == Bytes::npos || end + 1 != body.size()) return std::nullopt;
    return body.substr(0, end);
}

std::optional<BindMessage> parse_bind(Bytes body) {
    const auto head = parse_bind_head(body);
    if (!head) return std::nullopt;
    Bytes rest = head->rest;
    if (!take_formats(rest)) return std::nullopt;
    const auto values = skip_values(rest);
    if (!values) return std::nullopt;
    auto formats = take_formats(rest);
    if (!formats || !rest.empty()) return std::nullopt;
    return BindMessage{.portal = head->portal,
                       .statement = head->statement,
                       .values = *values,
                       .formats = *std::move(formats)};
}

std::optional<ExecuteMessage> parse_execute(Bytes body) {
    const std::size_t end = body.find('\0');
    if (end == Bytes::npos || body.size() != end + 1 + length_size) return std::nullopt;
    return ExecuteMessage{.portal = body.substr(0, end),
                          .max_rows = read_uint32(body.substr(end + 1))};
}

std::optional<std::vector<std::uint32_t>> parse_types(Bytes types) {
    const auto count = take_count(types);
    if (!count || types.size() != *count * length_size) return std::nullopt;
    std::vector<std::uint32_t> oids;
    for (; !types.empty(); types.remove_prefix(length_size)) oids.push_back(read_uint32(types));
    return oids;
}

}  // namespace pgweir::protocol
