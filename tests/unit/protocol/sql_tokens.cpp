// Tells the tokens of texts, for integration/test_sql_lexer.py, which asks PostgreSQL for its own.
//
//     sql_tokens on|off|unknown
//
// Reads texts that each end with a zero byte. Writes a line for each token that is no gap: its
// kind, where it begins and how long it is, and in hexadecimal what it stands for, or `-` where
// that is not certain; behind each text an empty line.
#include <iostream>
#include <optional>
#include <string>

#include "protocol/sql/sql_values.hpp"
#include "sql_tokens.hpp"

namespace pgweir::protocol {
namespace {

std::string in_hexadecimal(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string told;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        told += digits[byte >> 4U];
        told += digits[byte & 0xfU];
    }
    return told;
}

void tell(const std::string& text, StandardConformingStrings strings) {
    SqlLexer lexer(text, strings);
    for (Token token = lexer.next_in_sight(); !token.at_end(); token = lexer.next_in_sight()) {
        const std::optional<std::string> meant =
            token.is_string() ? value_of(token) : name_of(token);
        std::cout << name_of_kind(token.kind) << ' ' << token.text.data() - text.data() << ' '
                  << token.text.size() << ' ' << (meant ? "x" + in_hexadecimal(*meant) : "-")
                  << '\n';
    }
    std::cout << '\n';
}

}  // namespace
}  // namespace pgweir::protocol

int main(int count, char** arguments) {
    using pgweir::protocol::StandardConformingStrings;
    using enum StandardConformingStrings;
    const std::string_view setting = count > 1 ? arguments[1] : "on";
    const StandardConformingStrings strings = setting == "on"    ? on
                                              : setting == "off" ? off
                                                                 : unknown;
    std::string text;
    while (std::getline(std::cin, text, '\0')) pgweir::protocol::tell(text, strings);
    return 0;
}
