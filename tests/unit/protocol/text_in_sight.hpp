// What the lexer sees of a text, as a text of its own, to compare StatementLook with.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "protocol/sql/session_effects.hpp"
#include "protocol/sql/sql_reader.hpp"

namespace pgweir::protocol {

/// Behind these words a comment is left as it is. Behind DO it hides from StatementLook that the
/// code is in E'…' or U&'…'. The others begin no statement: what stands before them tells it to
/// mind one.
inline bool keeps_comment(const Token& word) {
    constexpr std::array<std::string_view, 5> words{"do", "global", "load", "local", "replace"};
    return std::ranges::any_of(words, [&](std::string_view one) { return word.is_word(one); });
}

/// The text with a space for each comment and `x` for what stands in strings.
inline std::string text_in_sight(std::string_view sql, StandardConformingStrings strings) {
    std::string seen;
    bool keeps = false;
    SqlLexer lexer(sql, strings);
    for (Token token = lexer.next(); !token.at_end(); token = lexer.next()) {
        const bool comment = token.is_gap() && token.kind != TokenKind::space;
        if (!token.is_gap()) keeps = keeps_comment(token);
        if (comment && !keeps) {
            seen += ' ';
        } else if (!token.is_string()) {
            seen += token.text;
        } else if (token.text.starts_with('$')) {
            seen += "$$x$$";
        } else {
            seen.append(token.text.substr(0, token.text.find('\''))).append("'x'");
        }
    }
    return seen;
}

/// Whether each statement of the text begins with a word, perhaps behind brackets. PostgreSQL
/// refuses all others.
inline bool begins_with_words(std::string_view sql, StandardConformingStrings strings) {
    SqlReader reader(sql, strings);
    for (reader.skip_empty_statements(); !reader.ahead().at_end(); reader.skip_empty_statements()) {
        while (reader.take_sign("(")) {
        }
        if (reader.ahead().kind != TokenKind::identifier) return false;
        reader.skip_statement();
    }
    return true;
}

/// Whether each string and comment of the text has its end, as PostgreSQL refuses all others; and
/// no operator has the end of a comment in it. StatementLook minds the beginning of a statement
/// behind that, in a string that follows as well, so that what stands in for the string decides.
inline bool is_comparable(std::string_view sql, StandardConformingStrings strings) {
    SqlLexer lexer(sql, strings);
    for (Token token = lexer.next(); !token.at_end(); token = lexer.next()) {
        const bool ends_comment =
            token.kind == TokenKind::op && token.text.find("*/") != std::string_view::npos;
        if (token.is_open() || ends_comment) return false;
    }
    return true;
}

/// The effects that a StatementLook finds in what is in sight of a text, but not in the text
/// itself. There should be none: it may only find more, in comments and strings.
inline Effects missed_effects(std::string_view sql, const NamedEffects* names) {
    Effects in_sight;
    for (const auto strings : {StandardConformingStrings::on, StandardConformingStrings::off}) {
        if (is_comparable(sql, strings) && begins_with_words(sql, strings))
            in_sight |= look_at(text_in_sight(sql, strings), names);
    }
    return in_sight.without(look_at(sql, names));
}

}  // namespace pgweir::protocol
