#include "protocol/normalised_text.hpp"

#include <algorithm>

namespace pgweir::protocol {

namespace {

bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
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

// Behind a dollar-quoted string that begins at `at`; `at` itself if there is none.
std::size_t end_of_dollar_quote(std::string_view text, std::size_t at) {
    std::size_t tag_end = at + 1;
    while (tag_end < text.size() && is_word(text[tag_end])) ++tag_end;
    if (tag_end >= text.size() || text[tag_end] != '$' || is_digit(text[at + 1])) return at;
    const std::string_view tag = text.substr(at, tag_end + 1 - at);
    return find_or_end(text, tag, tag_end + 1);
}

// Behind the white space and comments at `at`.
std::size_t end_of_gap(std::string_view text, std::size_t at) {
    while (at < text.size()) {
        if (is_space(text[at])) {
            ++at;
        } else if (text.substr(at, 2) == "--") {
            at = find_or_end(text, "\n", at);
        } else if (text.substr(at, 2) == "/*") {
            at = find_or_end(text, "*/", at);
        } else {
            break;
        }
    }
    return at;
}

// Behind the constant at `at`; `at` itself if none begins there.
std::size_t end_of_constant(std::string_view text, std::size_t at) {
    const char c = text[at];
    if (c == '\'') return end_of_string(text, at, at > 0 && (text[at - 1] | 0x20) == 'e');
    if (c == '$') return end_of_dollar_quote(text, at);
    if (!is_digit(c) || (at > 0 && (is_word(text[at - 1]) || text[at - 1] == '$'))) return at;
    while (at < text.size() && (is_word(text[at]) || text[at] == '.')) ++at;
    return at;
}

}  // namespace

std::string normalised_text(std::string_view sql, std::size_t limit) {
    std::string out;
    std::size_t at = end_of_gap(sql, 0);
    while (at < sql.size() && out.size() < limit) {
        if (const std::size_t end = end_of_gap(sql, at); end != at) {
            at = end;
            if (at < sql.size()) out += ' ';
        } else if (const std::size_t after = end_of_constant(sql, at); after != at) {
            out += '?';
            at = after;
        } else {
            out += sql[at++];
        }
    }
    return out;
}

}  // namespace pgweir::protocol
