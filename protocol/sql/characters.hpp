// What a character is to PostgreSQL's lexer, whatever the locale (src/backend/parser/scan.l).
#pragma once

namespace pgweir::protocol {

[[nodiscard]] constexpr bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

[[nodiscard]] constexpr bool is_line_end(char c) {
    return c == '\n' || c == '\r';
}

[[nodiscard]] constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// A letter, `_`, or a part of a character beyond ASCII.
[[nodiscard]] constexpr bool starts_identifier(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

[[nodiscard]] constexpr bool continues_identifier(char c) {
    return starts_identifier(c) || is_digit(c) || c == '$';
}

[[nodiscard]] constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace pgweir::protocol
