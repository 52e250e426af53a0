// The words of a statement.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pgweir::daemon::console {

struct Token {
    enum class Kind : std::uint8_t {
        word,        ///< unquoted, as it was written: a keyword, a name, a number
        identifier,  ///< "quoted"
        string,      ///< 'quoted'
        sign,        ///< one character of another kind
    };
    Kind kind = Kind::word;
    std::string text;  ///< without its quotes

    /// Whether it is this keyword, which is given in upper case.
    [[nodiscard]] bool is(std::string_view keyword) const;
    [[nodiscard]] bool is_sign(char sign) const {
        return kind == Kind::sign && text.front() == sign;
    }
    friend bool operator==(const Token&, const Token&) = default;
};

using Tokens = std::vector<Token>;

/// The statements of a simple query, without the semicolons between them; those that are empty are
/// left out. Comments are white space. Total: an open quote ends with the text.
[[nodiscard]] std::vector<Tokens> split_statements(std::string_view sql);

/// ASCII only, as PostgreSQL folds keywords.
[[nodiscard]] std::string in_upper_case(std::string_view text);
[[nodiscard]] std::string in_lower_case(std::string_view text);

}  // namespace pgweir::daemon::console
