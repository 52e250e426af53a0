#include "protocol/sql/normalised_text.hpp"

#include <algorithm>

#include "protocol/sql/sql_reader.hpp"

namespace pgweir::protocol {

namespace {

// Takes away what the end of the text has left of a character of UTF-8.
void drop_part_of_character(std::string& text) {
    std::size_t start = text.size();
    while (start > 0 && (static_cast<unsigned char>(text[start - 1]) & 0xc0U) == 0x80) --start;
    if (start == 0) return;
    const auto lead = static_cast<unsigned char>(text[start - 1]);
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (text.size() - (start - 1) < size) text.resize(start - 1);
}

// A constant as it is shown: with the letters in front of it, which tell its kind.
void append_constant(const Token& token, std::string& out) {
    const std::size_t quote = token.text.find('\'');
    const bool quoted = token.is_string() && !token.text.starts_with('$');
    if (quoted && quote != std::string_view::npos) out += token.text.substr(0, quote);
    out += '?';
}

}  // namespace

std::string normalised_text(std::string_view sql, std::size_t limit) {
    std::string out;
    SqlLexer lexer(sql, reading_of(sql));
    bool gap = false;
    bool of_number = false;  // what touches a number may have been meant to be part of it
    for (Token token = lexer.next(); !token.at_end() && out.size() < limit; token = lexer.next()) {
        if (token.is_gap()) {
            gap = true;
            continue;
        }
        if (gap && !out.empty()) out += ' ';
        const bool number = token.kind == TokenKind::number;
        of_number = of_number && !gap && (number || token.kind == TokenKind::identifier);
        gap = false;
        if (of_number) continue;
        of_number = number;
        if (number || token.is_string()) {
            append_constant(token, out);
        } else {
            out += token.text.substr(0, limit);
        }
    }
    if (out.size() > limit) out.resize(limit);
    drop_part_of_character(out);
    return out;
}

}  // namespace pgweir::protocol
