// The text of a configuration file: its positions, and whether it is text at all.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/problem.hpp"

namespace pgweir::conf {

/// Turns byte offsets into places. Refers to the text, which must outlive it.
class SourceText {
  public:
    explicit SourceText(std::string_view text);

    [[nodiscard]] std::string_view text() const { return text_; }
    /// The place of the byte at `offset`; of the end for an offset beyond it.
    [[nodiscard]] Place place_of(std::size_t offset) const;
    /// The place `column` bytes (0-based) into the 0-based `line`, as yaml-cpp counts.
    [[nodiscard]] Place place_of(int line, int column) const;

  private:
    std::string_view text_;
    std::vector<std::size_t> line_starts_;
};

/// What makes a file no text: bytes that are not UTF-8, or control characters.
struct BadByte {
    std::size_t offset = 0;
    std::string message;
};

/// The first such byte, if any.
[[nodiscard]] std::optional<BadByte> find_bad_byte(std::string_view text);

}  // namespace pgweir::conf
