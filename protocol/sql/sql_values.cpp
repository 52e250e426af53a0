#include "protocol/sql/sql_values.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>

#include "protocol/sql/characters.hpp"

namespace pgweir::protocol {

namespace {

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Takes a number of at least `least` and at most `most` digits from the front of the text.
std::optional<std::uint32_t> take_number(std::string_view& text, std::size_t least,
                                         std::size_t most, int base) {
    std::uint32_t number = 0;
    const std::string_view digits = text.substr(0, most);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
    const auto taken = static_cast<std::size_t>(end - digits.data());
    if (error != std::errc() || taken < least) return std::nullopt;
    text.remove_prefix(taken);
    return number;
}

// False for a zero, which no text can have.
bool append_byte(std::optional<std::uint32_t> code, std::string& value) {
    if (!code || *code == 0 || *code > 0xff) return false;
    value += static_cast<char>(*code);
    return true;
}

// A character by its number in Unicode. False where the encoding would have to be known.
bool append_character(std::optional<std::uint32_t> code, std::string& value) {
    return code.value_or(0x80) < 0x80 && append_byte(code, value);
}

// What stands behind a backslash in E'…'.
bool take_escape(std::string_view& rest, std::string& value) {
    if (rest.empty()) return false;
    const char c = rest.front();
    if (c >= '0' && c <= '7') return append_byte(take_number(rest, 1, 3, 8), value);
    rest.remove_prefix(1);
    switch (c) {
        case 'x':
            if (const auto code = take_number(rest, 1, 2, 16)) return append_byte(code, value);
            break;
        case 'u':
            return append_character(take_number(rest, 4, 4, 16), value);
        case 'U':
            return append_character(take_number(rest, 8, 8, 16), value);
        case 'v':
            return false;  // a vertical tab from some version on
        default:
            break;
    }
    constexpr std::string_view letters = "bfnrt";
    constexpr std::string_view meanings = "\b\f\n\r\t";
    const std::size_t letter = letters.find(c);
    value += letter == std::string_view::npos ? c : meanings[letter];
    return true;
}

// What stands behind a backslash in U&'…' and U&"…".
bool take_unicode_escape(std::string_view& rest, std::string& value) {
    if (rest.starts_with('\\')) {
        rest.remove_prefix(1);
        value += '\\';
        return true;
    }
    const bool is_long = rest.starts_with('+');
    if (is_long) rest.remove_prefix(1);
    const std::size_t digits = is_long ? 6 : 4;
    return append_character(take_number(rest, digits, digits, 16), value);
}

using TakeEscape = bool (*)(std::string_view&, std::string&);

// What stands between the quotes of `text`, which begins with the first of them and ends with the
// last. `take_escape`: null where a backslash is just one.
std::optional<std::string> unquoted(std::string_view text, TakeEscape take_escape) {
    const char quote = text.front();
    std::string value;
    std::string_view rest = text.substr(1);
    while (rest.size() > 1) {
        const char c = rest.front();
        rest.remove_prefix(1);
        if (c == '\\' && take_escape != nullptr) {
            if (!take_escape(rest, value)) return std::nullopt;
        } else if (c != quote) {
            value += c;
        } else if (rest.front() == quote) {
            value += quote;
            rest.remove_prefix(1);
        } else {
            rest.remove_prefix(std::min(end_of_continuation(rest, 0), rest.size()));
        }
    }
    return value;
}

}  // namespace

std::optional<std::string> name_of(const Token& token) {
    std::optional<std::string> name;
    if (token.kind == TokenKind::identifier) {
        name.emplace(token.text);
        std::ranges::transform(*name, name->begin(), lower);
    } else if (token.kind == TokenKind::quoted_identifier) {
        name = unquoted(token.text, nullptr);
    } else if (token.kind == TokenKind::unicode_identifier) {
        name = unquoted(token.text.substr(2), take_unicode_escape);
    }
    if (!name || name->size() <= longest_identifier) return name;
    if (!is_ascii(*name)) return std::nullopt;
    name->resize(longest_identifier);
    return name;
}

std::optional<std::string> value_of(const Token& token) {
    const std::string_view text = token.text;
    const std::size_t quote = text.find('\'');
    switch (token.kind) {
        case TokenKind::string:
        case TokenKind::national_string:
            if (token.strings == StandardConformingStrings::unknown) return std::nullopt;
            return unquoted(text.substr(quote), token.strings == StandardConformingStrings::off
                                                    ? take_escape
                                                    : nullptr);
        case TokenKind::escape_string:
            return unquoted(text.substr(quote), take_escape);
        case TokenKind::unicode_string:
            return unquoted(text.substr(quote), take_unicode_escape);
        case TokenKind::dollar_string: {
            const std::size_t tag = text.find('$', 1) + 1;
            return std::string(text.substr(tag, text.size() - 2 * tag));
        }
        default:
            return std::nullopt;
    }
}

}  // namespace pgweir::protocol
