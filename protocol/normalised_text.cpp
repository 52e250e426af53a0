#include "protocol/normalised_text.hpp"

#include <algorithm>

#include "protocol/characters.hpp"

namespace pgweir::protocol {

namespace {

bool is_word(char c) {
    return is_digit(c) || starts_identifier(c);
}

std::size_t find_or_end(std::string_view text, std::string_view what, std::size_t from) {
    const std::size_t found = text.find(what, from);
    return found == std::string_view::npos ? text.size() : found + what.size();
}

// Behind a string that begins at `at`; in E'' a backslash takes the next character with it.
std::size_t end_of_string(std::string_view text, std::size_t at, bool escapes) {
    for (std::size_t i = at + 1; i < text.size(); ++i) {
        if (escapes && text[i] == '\\') {
            ++i;
        } else if (text[i] == '\'') {
            if (i + 1 >= text.size() || text[i + 1] != '\'') return i + 1;
            ++i;
        }
    }
    return text.size();
}

// Whether the character before `at` belongs to an identifier that would go on at `at`.
bool in_identifier(std::string_view text, std::size_t at) {
    return at > 0 && continues_identifier(text[at - 1]);
}

// Whether the string that begins at `at` is E''; in type'…' the e is another word's.
bool has_escapes(std::string_view text, std::size_t at) {
    return at > 0 && (text[at - 1] | 0x20) == 'e' && !in_identifier(text, at - 1);
}

// Behind a dollar-quoted string that begins at `at`; `at` itself if there is none.
std::size_t end_of_dollar_quote(std::string_view text, std::size_t at) {
    if (in_identifier(text, at)) return at;
    std::size_t tag_end = at + 1;
    while (tag_end < text.size() && is_word(text[tag_end])) ++tag_end;
    if (tag_end >= text.size() || text[tag_end] != '$' || is_digit(text[at + 1])) return at;
    const std::string_view tag = text.substr(at, tag_end + 1 - at);
    return find_or_end(text, tag, tag_end + 1);
}

// Behind the comment at `at`. There can be others in it.
std::size_t end_of_comment(std::string_view text, std::size_t at) {
    std::size_t depth = 0;
    while (at < text.size()) {
        if (text.substr(at, 2) == "/*") {
            ++depth;
            at += 2;
        } else if (text.substr(at, 2) == "*/") {
            at += 2;
            if (--depth == 0) return at;
        } else {
            ++at;
        }
    }
    return at;
}

// Behind the white space and comments at `at`.
std::size_t end_of_gap(std::string_view text, std::size_t at) {
    while (at < text.size()) {
        if (is_space(text[at])) {
            ++at;
        } else if (text.substr(at, 2) == "--") {
            at = std::min(text.find_first_of("\r\n", at), text.size());
        } else if (text.substr(at, 2) == "/*") {
            at = end_of_comment(text, at);
        } else {
            break;
        }
    }
    return at;
}

// Behind the constant at `at`; `at` itself if none begins there.
std::size_t end_of_constant(std::string_view text, std::size_t at) {
    const char c = text[at];
    if (c == '\'') return end_of_string(text, at, has_escapes(text, at));
    if (c == '$') return end_of_dollar_quote(text, at);
    if (!is_digit(c) || in_identifier(text, at)) return at;
    while (at < text.size() && (is_word(text[at]) || text[at] == '.')) ++at;
    return at;
}

// Takes away what the end of the text has left of a character of UTF-8.
void drop_part_of_character(std::string& text) {
    std::size_t start = text.size();
    while (start > 0 && (static_cast<unsigned char>(text[start - 1]) & 0xc0U) == 0x80) --start;
    if (start == 0) return;
    const auto lead = static_cast<unsigned char>(text[start - 1]);
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (text.size() - (start - 1) < size) text.resize(start - 1);
}

}  // namespace

std::string normalised_text(std::string_view sql, std::size_t limit) {
    std::string out;
    bool quoted = false;  // in an identifier
    std::size_t at = end_of_gap(sql, 0);
    while (at < sql.size() && out.size() < limit) {
        const std::size_t gap_end = quoted ? at : end_of_gap(sql, at);
        const std::size_t constant_end = quoted ? at : end_of_constant(sql, at);
        if (gap_end != at) {
            at = gap_end;
            if (at < sql.size()) out += ' ';
        } else if (constant_end != at) {
            out += '?';
            at = constant_end;
        } else {
            if (sql[at] == '"') quoted = !quoted;
            out += sql[at++];
        }
    }
    drop_part_of_character(out);
    return out;
}

}  // namespace pgweir::protocol
