#include "protocol/sql/sql_lexer.hpp"

#include <algorithm>
#include <array>

#include "protocol/sql/characters.hpp"

namespace pgweir::protocol {

namespace {

constexpr std::size_t npos = std::string_view::npos;

constexpr bool is_hex(char c) {
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}

// scan.l: op_chars
constexpr bool in_operator(char c) {
    return std::string_view("~!@#^&|`?+-*/%<>=").find(c) != npos;
}

std::size_t end_of_run(std::string_view text, std::size_t at, bool (*belongs)(char)) {
    while (at < text.size() && belongs(text[at])) ++at;
    return at;
}

std::size_t end_of_line_comment(std::string_view text, std::size_t at) {
    return std::min(text.find_first_of("\n\r", at), text.size());
}

// npos if it has no end.
std::size_t end_of_block_comment(std::string_view text, std::size_t at) {
    std::size_t depth = 0;
    while ((at = text.find_first_of("/*", at)) != npos && at + 1 < text.size()) {
        const std::string_view two = text.substr(at, 2);
        const bool opens = two == "/*";
        const bool closes = two == "*/";
        at += opens || closes ? 2 : 1;
        if (opens) ++depth;
        if (closes && --depth == 0) return at;
    }
    return npos;
}

// Of a quoted identifier, whose opening quote is at `open`; npos if it has no end.
std::size_t end_of_identifier(std::string_view text, std::size_t open) {
    for (std::size_t at = open + 1; (at = text.find('"', at)) != npos; at += 2) {
        if (at + 1 == text.size() || text[at + 1] != '"') return at + 1;
    }
    return npos;
}

// Digits with single underscores between them. `at` itself if there are none.
std::size_t end_of_digits(std::string_view text, std::size_t at, bool (*belongs)(char)) {
    std::size_t end = end_of_run(text, at, belongs);
    while (end > at && end + 1 < text.size() && text[end] == '_' && belongs(text[end + 1])) {
        end = end_of_run(text, end + 1, belongs);
    }
    return end;
}

// Of 0xff, 0o17 and 0b1, without the first two characters; `at` itself if there is no digit.
std::size_t end_of_prefixed(std::string_view text, std::size_t at, char prefix) {
    // An underscore may also stand before the first digit.
    const std::size_t begin = at < text.size() && text[at] == '_' ? at + 1 : at;
    bool (*belongs)(char) = is_hex;
    if (prefix == 'o') belongs = [](char c) { return c >= '0' && c <= '7'; };
    if (prefix == 'b') belongs = [](char c) { return c == '0' || c == '1'; };
    const std::size_t end = end_of_digits(text, begin, belongs);
    return end == begin ? at : end;
}

std::size_t end_of_number(std::string_view text, std::size_t at) {
    const auto is = [&](std::size_t place, char c) {
        return place < text.size() && lower(text[place]) == c;
    };
    if (text[at] == '0' && (is(at + 1, 'x') || is(at + 1, 'o') || is(at + 1, 'b'))) {
        const std::size_t end = end_of_prefixed(text, at + 2, lower(text[at + 1]));
        if (end != at + 2) return end;
    }
    std::size_t end = end_of_digits(text, at, is_digit);
    // In 1..10 the first dot is not the number's.
    if (is(end, '.') && (!is(end + 1, '.') || end == at)) {
        end = end_of_digits(text, end + 1, is_digit);
    }
    if (!is(end, 'e')) return end;
    const std::size_t exponent = is(end + 1, '+') || is(end + 1, '-') ? end + 2 : end + 1;
    const std::size_t exponent_end = end_of_digits(text, exponent, is_digit);
    return exponent_end == exponent ? end : exponent_end;
}

// The characters of operators that begin here, up to where a comment begins.
std::string_view operator_run(std::string_view text, std::size_t begin) {
    std::size_t at = begin;
    while (at < text.size() && in_operator(text[at])) {
        const std::string_view two = text.substr(at, 2);
        if (two == "--" || two == "/*") break;
        ++at;
    }
    return text.substr(begin, at - begin);
}

// Behind the `$` that ends the tag of a dollar quote; npos if none begins here.
std::size_t end_of_tag(std::string_view text, std::size_t at) {
    std::size_t end = at + 1;
    if (end < text.size() && starts_identifier(text[end])) {
        end = end_of_run(text, end, [](char c) { return starts_identifier(c) || is_digit(c); });
    }
    return end < text.size() && text[end] == '$' ? end + 1 : npos;
}

}  // namespace

std::size_t end_of_continuation(std::string_view text, std::size_t at) {
    bool new_line = false;
    while (at < text.size()) {
        if (is_space(text[at])) {
            new_line = new_line || is_line_end(text[at]);
            ++at;
        } else if (text.substr(at, 2) == "--") {
            at = end_of_line_comment(text, at);
        } else {
            return new_line && text[at] == '\'' ? at + 1 : npos;
        }
    }
    return npos;
}

std::size_t end_of_string(std::string_view text, std::size_t open, bool escapes, bool doubles) {
    const std::string_view marks = escapes ? "'\\" : "'";
    for (std::size_t at = open + 1; (at = text.find_first_of(marks, at)) < text.size();) {
        if (text[at] == '\\' || (doubles && at + 1 < text.size() && text[at + 1] == '\'')) {
            at += 2;
            continue;
        }
        const std::size_t continued = end_of_continuation(text, at + 1);
        if (continued == npos) return at + 1;
        at = continued;
    }
    return npos;
}

bool Token::is_gap() const {
    return kind == TokenKind::space || kind == TokenKind::line_comment ||
           kind == TokenKind::block_comment || kind == TokenKind::unterminated_comment;
}

bool Token::is_string() const {
    return (kind >= TokenKind::string && kind <= TokenKind::dollar_string) ||
           kind >= TokenKind::unterminated_string;
}

bool Token::is_quoted_identifier() const {
    return kind == TokenKind::quoted_identifier || kind == TokenKind::unicode_identifier ||
           kind == TokenKind::unterminated_identifier;
}

bool Token::is_word(std::string_view word) const {
    return kind == TokenKind::identifier && std::ranges::equal(text, word, {}, lower);
}

bool Token::is_sign(std::string_view sign) const {
    return (kind == TokenKind::op || kind == TokenKind::punctuation) && text == sign;
}

char SqlLexer::at(std::size_t offset) const {
    return at_ + offset < text_.size() ? text_[at_ + offset] : '\0';
}

Token SqlLexer::take(TokenKind kind, std::size_t end) {
    const std::size_t begin = at_;
    at_ = std::min(end, text_.size());
    return {.kind = kind, .text = text_.substr(begin, at_ - begin)};
}

Token SqlLexer::next() {
    if (at_ == text_.size()) return {.kind = TokenKind::end, .text = text_.substr(at_)};
    const char c = text_[at_];
    if (at_gap()) return take_gap();
    if (starts_identifier(c)) return take_word();
    if (c == '\'') return take_plain_string(TokenKind::string, at_);
    if (c == '"') {
        const std::size_t end = end_of_identifier(text_, at_);
        return take(end == npos ? TokenKind::unterminated_identifier : TokenKind::quoted_identifier,
                    end);
    }
    if (c == '$') return take_dollar();
    if (is_digit(c) || (c == '.' && is_digit(at(1))))
        return take(TokenKind::number, end_of_number(text_, at_));
    const bool is_double =
        (c == ':' && (at(1) == ':' || at(1) == '=')) || (c == '.' && at(1) == '.');
    if (std::string_view("()[],;.:").find(c) != npos)
        return take(TokenKind::punctuation, at_ + (is_double ? 2 : 1));
    if (in_operator(c)) return take_operator();
    return take(TokenKind::other, at_ + 1);
}

Token SqlLexer::next_in_sight() {
    while (at_gap()) next();
    return next();
}

bool SqlLexer::at_gap() const {
    const char c = at(0);
    return is_space(c) || (c == '-' && at(1) == '-') || (c == '/' && at(1) == '*');
}

Token SqlLexer::take_gap() {
    if (is_space(at(0))) return take(TokenKind::space, end_of_run(text_, at_, is_space));
    if (at(0) == '-') return take(TokenKind::line_comment, end_of_line_comment(text_, at_));
    const std::size_t end = end_of_block_comment(text_, at_);
    return take(end == npos ? TokenKind::unterminated_comment : TokenKind::block_comment, end);
}

// Manual, "Operators": no comment can begin in one, and only one that has another character than
// those of SQL's own operators can end with a sign.
Token SqlLexer::take_operator() {
    if (at_ < signs_end_) return take(TokenKind::op, at_ + 1);
    const std::string_view run = operator_run(text_, at_);
    std::size_t size = run.size();
    if (run.find_first_of("~!@#^&|`?%") == npos) {
        size = std::max<std::size_t>(run.find_last_not_of("+-") + 1, 1);
        signs_end_ = at_ + run.size();
    }
    return take(TokenKind::op, at_ + size);
}

Token SqlLexer::take_dollar() {
    if (is_digit(at(1))) return take(TokenKind::parameter, end_of_run(text_, at_ + 1, is_digit));
    const std::size_t begin = end_of_tag(text_, at_);
    if (begin == npos) return take(TokenKind::other, at_ + 1);
    const std::string_view tag = text_.substr(at_, begin - at_);
    const std::size_t closing = text_.find(tag, begin);
    if (closing == npos) return take(TokenKind::unterminated_dollar_string, npos);
    return take(TokenKind::dollar_string, closing + tag.size());
}

// An identifier, or a string or quoted identifier that has a letter in front.
Token SqlLexer::take_word() {
    const char letter = lower(text_[at_]);
    if (at(1) == '\'') {
        if (letter == 'e') return take_string(TokenKind::escape_string, at_ + 1);
        if (letter == 'b') return take_string(TokenKind::bit_string, at_ + 1);
        if (letter == 'x') return take_string(TokenKind::hex_string, at_ + 1);
        if (letter == 'n') return take_plain_string(TokenKind::national_string, at_ + 1);
    }
    if (letter == 'u' && at(1) == '&') {
        if (at(2) == '\'') return take_string(TokenKind::unicode_string, at_ + 2);
        if (at(2) == '"') {
            const std::size_t end = end_of_identifier(text_, at_ + 2);
            return take(
                end == npos ? TokenKind::unterminated_identifier : TokenKind::unicode_identifier,
                end);
        }
    }
    return take(TokenKind::identifier, end_of_run(text_, at_, continues_identifier));
}

Token SqlLexer::take_string(TokenKind kind, std::size_t open) {
    const bool bits = kind == TokenKind::bit_string || kind == TokenKind::hex_string;
    const std::size_t end = end_of_string(text_, open, kind == TokenKind::escape_string, !bits);
    return take(end == npos ? TokenKind::unterminated_string : kind, end);
}

// '…' and N'…', which standard_conforming_strings has a say in.
Token SqlLexer::take_plain_string(TokenKind kind, std::size_t open) {
    StandardConformingStrings strings = strings_;
    std::size_t end = end_of_string(text_, open, strings == StandardConformingStrings::off);
    if (strings == StandardConformingStrings::unknown) {
        const std::string_view read = text_.substr(open, end == npos ? npos : end - open);
        if (read.find('\\') == npos) {
            strings = StandardConformingStrings::on;
        } else if (end_of_string(text_, open, true) != end) {
            kind = TokenKind::doubtful_string;
            end = text_.size();
        }
    }
    Token token = take(end == npos ? TokenKind::unterminated_string : kind, end);
    token.strings = strings;
    return token;
}

}  // namespace pgweir::protocol
