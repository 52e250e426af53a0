// Tokens as text, for the tables of tests.
#pragma once

#include <array>
#include <ostream>
#include <string>
#include <string_view>

#include "protocol/sql/sql_lexer.hpp"

namespace pgweir::protocol {

inline std::string_view name_of_kind(TokenKind kind) {
    constexpr std::array<std::string_view, 24> names{
        "end",          "space",        "line",      "block",       "word",        "quoted",
        "unicode_name", "string",       "escape",    "unicode",     "national",    "bits",
        "hex",          "dollar",       "parameter", "number",      "op",          "sign",
        "other",        "open_comment", "open_name", "open_string", "open_dollar", "doubtful"};
    return names[static_cast<std::size_t>(kind)];
}

/// `word<SELECT> number<1>`: all tokens but white space.
inline std::string tokens_of(std::string_view sql,
                             StandardConformingStrings strings = StandardConformingStrings::on) {
    std::string told;
    SqlLexer lexer(sql, strings);
    for (Token token = lexer.next(); !token.at_end(); token = lexer.next()) {
        if (token.kind == TokenKind::space) continue;
        if (!told.empty()) told += ' ';
        told += name_of_kind(token.kind);
        told.append("<").append(token.text).append(">");
    }
    return told;
}

}  // namespace pgweir::protocol
