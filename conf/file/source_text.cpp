#include "conf/file/source_text.hpp"

#include <algorithm>
#include <cstdint>

namespace pgweir::conf {
namespace {

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// The length of the UTF-8 sequence at the start of `text`; 0 if it is malformed, overlong, a
/// surrogate or beyond U+10FFFF.
std::size_t sequence_length(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    if (first < 0x80) return 1;
    std::size_t length = 0;
    std::uint32_t code = 0;
    std::uint32_t smallest = 0;
    if ((first & 0xE0U) == 0xC0U) {
        length = 2;
        code = first & 0x1FU;
        smallest = 0x80;
    } else if ((first & 0xF0U) == 0xE0U) {
        length = 3;
        code = first & 0x0FU;
        smallest = 0x800;
    } else if ((first & 0xF8U) == 0xF0U) {
        length = 4;
        code = first & 0x07U;
        smallest = 0x10000;
    }
    if (length == 0 || text.size() < length) return 0;
    for (const char c : text.substr(1, length - 1)) {
        if (!is_continuation(c)) return 0;
        code = (code << 6U) | (static_cast<unsigned char>(c) & 0x3FU);
    }
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    return code < smallest || surrogate || code > 0x10FFFF ? 0 : length;
}

}  // namespace

SourceText::SourceText(std::string_view text) : text_{text}, line_starts_{0} {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n') line_starts_.push_back(i + 1);
    }
}

Place SourceText::place_of(std::size_t offset) const {
    offset = std::min(offset, text_.size());
    const auto after = std::ranges::upper_bound(line_starts_, offset);
    const auto line = static_cast<std::size_t>(after - line_starts_.begin()) - 1;
    const std::string_view before = text_.substr(line_starts_[line], offset - line_starts_[line]);
    const auto characters =
        std::ranges::count_if(before, [](char c) { return !is_continuation(c); });
    return {static_cast<int>(line) + 1, static_cast<int>(characters) + 1};
}

Place SourceText::place_of(int line, int column) const {
    const auto index = static_cast<std::size_t>(std::max(line, 0));
    if (index >= line_starts_.size()) return place_of(text_.size());
    const std::size_t next =
        index + 1 < line_starts_.size() ? line_starts_[index + 1] - 1 : text_.size();
    return place_of(
        std::min(line_starts_[index] + static_cast<std::size_t>(std::max(column, 0)), next));
}

std::optional<BadByte> find_bad_byte(std::string_view text) {
    for (std::size_t offset = 0; offset < text.size();) {
        const std::size_t length = sequence_length(text.substr(offset));
        if (length == 0) return BadByte{offset, "the file is not UTF-8 text"};
        const auto byte = static_cast<unsigned char>(text[offset]);
        const bool blank = byte == '\t' || byte == '\n' || byte == '\r';
        if ((byte < 0x20 && !blank) || byte == 0x7F) {
            return BadByte{offset, "the file holds a control character: it is not a text file"};
        }
        offset += length;
    }
    return std::nullopt;
}

}  // namespace pgweir::conf
