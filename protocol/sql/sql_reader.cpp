#include "protocol/sql/sql_reader.hpp"

#include <algorithm>
#include <utility>

namespace pgweir::protocol {

namespace {

bool has_open_token(std::string_view sql, StandardConformingStrings strings) {
    SqlLexer lexer(sql, strings);
    for (Token token = lexer.next(); !token.at_end(); token = lexer.next()) {
        if (token.is_open()) return true;
    }
    return false;
}

bool has_doubtful_string(std::string_view sql) {
    SqlLexer lexer(sql, StandardConformingStrings::unknown);
    for (Token token = lexer.next(); !token.at_end(); token = lexer.next()) {
        if (token.kind == TokenKind::doubtful_string) return true;
    }
    return false;
}

}  // namespace

StandardConformingStrings reading_of(std::string_view sql) {
    using enum StandardConformingStrings;
    const bool may_differ = sql.find('\\') != std::string_view::npos;
    if (!may_differ || !has_doubtful_string(sql)) return on;
    const bool may_be_on = !has_open_token(sql, on);
    const bool may_be_off = !has_open_token(sql, off);
    if (may_be_on == may_be_off) return unknown;
    return may_be_on ? on : off;
}

Token SqlReader::take() {
    return std::exchange(ahead_, lexer_.next_in_sight());
}

bool SqlReader::take_word(std::string_view word) {
    if (!ahead_.is_word(word)) return false;
    take();
    return true;
}

bool SqlReader::take_any_word(std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words, [this](std::string_view word) { return take_word(word); });
}

bool SqlReader::take_sign(std::string_view sign) {
    if (!ahead_.is_sign(sign)) return false;
    take();
    return true;
}

void SqlReader::skip_statement() {
    while (!at_end_of_statement()) take();
    take();
}

void SqlReader::skip_empty_statements() {
    while (take_sign(";")) {
    }
}

bool SqlReader::is_in_last_statement() const {
    SqlReader behind = *this;
    while (!behind.at_end_of_statement()) {
        if (behind.take().is_open()) return false;
    }
    behind.skip_empty_statements();
    return behind.ahead().at_end();
}

std::string_view without_lead_in(std::string_view sql) {
    SqlLexer lexer(sql);
    while (lexer.at_gap() || lexer.rest().starts_with(';')) lexer.next();
    return lexer.rest();
}

}  // namespace pgweir::protocol
