// The text of SQL, parted into tokens as PostgreSQL's lexer parts it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pgweir::protocol {

enum class TokenKind : std::uint8_t {
    end,                 ///< nothing is left of the text
    space,               ///< white space
    line_comment,        ///< `-- …`, without the end of its line
    block_comment,       ///< `/* … */`; others may be nested in it
    identifier,          ///< `a$b`, or a key word: only the grammar tells which
    quoted_identifier,   ///< `"…"`
    unicode_identifier,  ///< `U&"…"`; `UESCAPE '!'` behind it is two tokens more
    string,              ///< `'…'`
    escape_string,       ///< `E'…'`
    unicode_string,      ///< `U&'…'`; `UESCAPE '!'` behind it is two tokens more
    national_string,     ///< `N'…'`; PostgreSQL reads it as two tokens
    bit_string,          ///< `B'…'`
    hex_string,          ///< `X'…'`
    dollar_string,       ///< `$$…$$`, `$tag$…$tag$`
    parameter,           ///< `$1`
    number,              ///< `1`, `1.5e-3`, `0xff`, `1_000`; without a sign
    op,                  ///< an operator: `+`, `<>`, `=`, `@>`
    punctuation,         ///< `(`, `)`, `[`, `]`, `,`, `;`, `.`, `..`, `:`, `::`, `:=`
    other,               ///< a byte that PostgreSQL has no use for: `{`, `\`, a `$` by itself
    // What has no end. Each of these goes on to the end of the text, which PostgreSQL refuses.
    unterminated_comment,        ///< `/* …`
    unterminated_identifier,     ///< `"…`, `U&"…`
    unterminated_string,         ///< `'…`, with any letter in front
    unterminated_dollar_string,  ///< `$tag$…`
    /// A `'…'` that ends in different places with standard_conforming_strings on and off. It goes
    /// on to the end of the text: what stands there is not known.
    doubtful_string,
};

/// The setting of that name: whether a backslash in `'…'` is just a backslash.
enum class StandardConformingStrings : std::uint8_t { off, on, unknown };

struct Token {
    TokenKind kind = TokenKind::end;
    std::string_view text;  ///< as written
    /// Of `'…'` and `N'…'`: how they were read. `unknown`: it has the same end in both ways.
    StandardConformingStrings strings = StandardConformingStrings::on;

    [[nodiscard]] bool at_end() const { return kind == TokenKind::end; }
    /// White space or a comment. It only parts other tokens.
    [[nodiscard]] bool is_gap() const;
    /// A constant in quotes of any kind, also one without end.
    [[nodiscard]] bool is_string() const;
    /// An identifier in quotes of any kind.
    [[nodiscard]] bool is_quoted_identifier() const;
    /// What stands behind it is not known: it has no end, or more than one.
    [[nodiscard]] bool is_open() const { return kind >= TokenKind::unterminated_comment; }
    /// The key word `word`, which is given in lower case. Nothing in quotes is a key word.
    [[nodiscard]] bool is_word(std::string_view word) const;
    /// This operator or punctuation.
    [[nodiscard]] bool is_sign(std::string_view sign) const;
};

/// Parts a text into tokens, one at a time. The texts of all tokens, one behind the other, are the
/// text. Follows PostgreSQL's manual, "Lexical Structure" (sql-syntax-lexical.html), and where that
/// is silent its src/backend/parser/scan.l, of versions 12 to 18. Where these differ:
/// - `0xff` and `1_000` are one number, as from 16 on. Before that they are errors or, up to 14, a
///   number and an identifier.
/// - A number or a parameter ends where a letter follows, as up to 14: `1INTO` is two tokens. Later
///   versions refuse such a text.
/// - A vertical tab is white space, as from 16 on. Before that it is an error.
///
/// The encoding must be one in which no character but those of ASCII has a byte below 0x80, as in
/// all of PostgreSQL's server encodings. Of a client's encodings SJIS, BIG5, GBK, GB18030, UHC and
/// JOHAB are not so: there a character's second byte may look like a letter or a backslash.
///
/// Allocates nothing, never reads behind the text, and takes time in proportion to it.
class SqlLexer {
  public:
    /// The text must stay for as long as the tokens are used.
    explicit SqlLexer(std::string_view text,
                      StandardConformingStrings strings = StandardConformingStrings::on)
        : text_(text), strings_(strings) {}

    /// The next token; TokenKind::end for ever, once there is none.
    Token next();
    /// The next token that is no gap.
    Token next_in_sight();

    /// Whether the next token is a gap. Unlike the token itself this takes no time.
    [[nodiscard]] bool at_gap() const;
    /// What was not read yet.
    [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }

  private:
    [[nodiscard]] char at(std::size_t offset) const;
    [[nodiscard]] Token take(TokenKind kind, std::size_t end);
    [[nodiscard]] Token take_gap();
    [[nodiscard]] Token take_operator();
    [[nodiscard]] Token take_dollar();
    [[nodiscard]] Token take_word();
    [[nodiscard]] Token take_string(TokenKind kind, std::size_t open);
    [[nodiscard]] Token take_plain_string(TokenKind kind, std::size_t open);

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t signs_end_ = 0;  // up to there each `+` and `-` is an operator by itself
    StandardConformingStrings strings_;
};

/// Behind the string that `open` is the opening quote of; npos if it has no end. A quote in it is
/// doubled or, where backslashes are `escapes`, has a backslash before it. `doubles`: false for B''
/// and X'', which end at any quote. A string goes on where nothing but white space with an end of
/// line and line comments stand between two quotes.
[[nodiscard]] std::size_t end_of_string(std::string_view text, std::size_t open, bool escapes,
                                        bool doubles = true);

/// Behind the quote that lets a string go on which the quote before `at` may have ended; npos if it
/// does not.
[[nodiscard]] std::size_t end_of_continuation(std::string_view text, std::size_t at);

}  // namespace pgweir::protocol
