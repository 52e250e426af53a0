// How a text of SQL is read: its tokens without white space and comments, one token ahead.
#pragma once

#include <initializer_list>
#include <string_view>

#include "protocol/sql/sql_lexer.hpp"

namespace pgweir::protocol {

/// How standard_conforming_strings is set where this text is PostgreSQL's to run, as far as the
/// text tells. `on` where both settings give the same tokens. Where they do not, the one that
/// leaves nothing without end: PostgreSQL refuses the text in the other. `unknown` where that is
/// both or none.
[[nodiscard]] StandardConformingStrings reading_of(std::string_view sql);

/// Reads a text token by token, without gaps.
class SqlReader {
  public:
    /// The text must stay for as long as its tokens are used.
    explicit SqlReader(std::string_view sql) : SqlReader(sql, reading_of(sql)) {}
    SqlReader(std::string_view sql, StandardConformingStrings strings)
        : lexer_(sql, strings), ahead_(lexer_.next_in_sight()) {}

    /// The next token. It is not taken.
    [[nodiscard]] const Token& ahead() const { return ahead_; }
    /// The next token. At the end it is TokenKind::end for ever.
    Token take();

    /// Takes the next token if it is this key word, given in lower case.
    bool take_word(std::string_view word);
    bool take_any_word(std::initializer_list<std::string_view> words);
    /// Takes the next token if it is this operator or punctuation.
    bool take_sign(std::string_view sign);

    /// The next token ends the statement: `;`, or there is none.
    [[nodiscard]] bool at_end_of_statement() const {
        return ahead_.at_end() || ahead_.is_sign(";");
    }
    /// Whether no other statement follows this one. False where its end is not certain.
    [[nodiscard]] bool is_in_last_statement() const;
    /// Takes the rest of this statement and what parts it from the next.
    void skip_statement();
    /// Takes each `;` that comes next: statements without a word are none.
    void skip_empty_statements();

  private:
    SqlLexer lexer_;
    Token ahead_;
};

/// The text from its first token on that is neither white space, comment nor `;`.
[[nodiscard]] std::string_view without_lead_in(std::string_view sql);

}  // namespace pgweir::protocol
