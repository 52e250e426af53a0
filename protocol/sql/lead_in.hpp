// What stands before the first word of a statement.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/sql/characters.hpp"

namespace pgweir::protocol {

/// Passes over white space, comments and `;` at the start of a text, exactly as PostgreSQL does:
/// block comments nest, a line comment ends with CR or LF. The text may come in parts.
class LeadIn {
  public:
    /// How much of the next part of the text is still of the lead-in.
    [[nodiscard]] std::size_t skip(std::string_view text);

    /// Something else than a lead-in was seen.
    [[nodiscard]] bool ended() const { return place_ == Place::behind; }

  private:
    enum class Place : std::uint8_t {
        blank,
        slash,
        dash,
        line,
        block,
        block_slash,
        block_star,
        behind,
    };

    [[nodiscard]] bool take(char c);
    void take_in_block(char c);

    std::size_t depth_ = 0;  // of block comments
    Place place_ = Place::blank;
};

}  // namespace pgweir::protocol
