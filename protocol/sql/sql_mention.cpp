#include "protocol/sql/sql_mention.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "protocol/sql/characters.hpp"
#include "protocol/sql/sql_reader.hpp"
#include "protocol/sql/sql_values.hpp"

namespace pgweir::protocol {

namespace {

bool contains(std::string_view text, std::string_view part) {
    const auto alike = [](char a, char b) { return lower(a) == lower(b); };
    return std::search(text.begin(), text.end(), part.begin(), part.end(), alike) != text.end();
}

// Whether the token may stand for something else than it looks like.
bool may_have_escapes(const Token& token) {
    return token.kind == TokenKind::unicode_identifier || token.kind == TokenKind::unicode_string ||
           (token.is_string() && token.text.find('\\') != std::string_view::npos);
}

bool may_stand_for(const Token& token, std::string_view part) {
    if (contains(token.text, part)) return true;
    if (!may_have_escapes(token)) return false;
    const std::optional<std::string> meant = token.is_string() ? value_of(token) : name_of(token);
    return !meant || contains(*meant, part);
}

}  // namespace

bool mentions(std::string_view sql, std::string_view part) {
    // Most texts do not, which takes no reading. Escapes begin with a backslash or what UESCAPE
    // says.
    const bool has_escapes = sql.find('\\') != std::string_view::npos || contains(sql, "uescape");
    if (!has_escapes && !contains(sql, part)) return false;
    SqlReader reader(sql);
    for (Token token = reader.take(); !token.at_end(); token = reader.take()) {
        if (may_stand_for(token, part)) return true;
        // The escape is another than the backslash.
        if (token.is_word("uescape")) return true;
    }
    return false;
}

bool may_name(std::string_view sql, std::string_view name) {
    SqlReader reader(sql);
    for (Token token = reader.take(); !token.at_end(); token = reader.take()) {
        if (token.is_word("uescape")) return true;
        if (token.is_string() || token.is_open()) {
            if (may_stand_for(token, name)) return true;
        } else if (token.kind == TokenKind::identifier || token.is_quoted_identifier()) {
            if (name_of(token).value_or(std::string(name)) == name) return true;
        }
    }
    return false;
}

}  // namespace pgweir::protocol
