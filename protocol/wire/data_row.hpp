// Reading the rows that answer pgweir's own questions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "protocol/wire/messages.hpp"

namespace pgweir::protocol {

/// The first `Count` columns of a DataRow; a NULL is nothing. Nothing at all for a body that is not
/// that of a DataRow with at least so many columns. The values are views into `body`.
template <std::size_t Count>
[[nodiscard]] std::optional<std::array<std::optional<Bytes>, Count>> parse_data_row(Bytes body) {
    constexpr std::size_t count_size = 2;
    constexpr std::size_t length_size = 4;
    if (body.size() < count_size) return std::nullopt;
    if (read_uint16(body) < Count) return std::nullopt;
    body.remove_prefix(count_size);
    std::array<std::optional<Bytes>, Count> values;
    for (auto& value : values) {
        if (body.size() < length_size) return std::nullopt;
        const std::uint32_t length = read_uint32(body);
        body.remove_prefix(length_size);
        if (length == 0xffffffffU) continue;
        if (body.size() < length) return std::nullopt;
        value = body.substr(0, length);
        body.remove_prefix(length);
    }
    return values;
}

}  // namespace pgweir::protocol
