#include "protocol/sql/statement_shape.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "protocol/sql/sql_reader.hpp"
#include "protocol/sql/sql_values.hpp"

namespace pgweir::protocol {

namespace {

// First words. Not CALL, which has a row where a procedure has results, and not COPY, whose answer
// is no row but something else.
constexpr std::array<std::string_view, 22> rowless{
    "alter",   "analyze", "begin", "close",    "comment",  "create", "deallocate", "declare",
    "discard", "do",      "drop",  "grant",    "listen",   "lock",   "notify",     "reset",
    "revoke",  "set",     "start", "truncate", "unlisten", "vacuum"};
// They return rows if RETURNING is somewhere in them.
constexpr std::array<std::string_view, 4> changing{"delete", "insert", "merge", "update"};

// First words. SET, RESET and DISCARD are not among them: they bear nothing in front of them in
// their transaction.
constexpr std::array<std::string_view, 9> running{"call",  "delete", "do",     "execute", "insert",
                                                  "merge", "select", "update", "with"};

// What PostgreSQL's PreventInTransactionBlock() is called for, by the first word, or by the second.
constexpr std::array<std::string_view, 4> alone{"cluster", "discard", "reindex", "vacuum"};
constexpr std::array<std::string_view, 3> defining{"alter", "create", "drop"};
constexpr std::array<std::string_view, 4> defined_alone{"database", "subscription", "system",
                                                        "tablespace"};

bool is_among(const Token& token, std::span<const std::string_view> words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return token.is_word(word); });
}

// Whether the key word stands in what is left of the text.
bool has_word(SqlReader reader, std::string_view word) {
    while (!reader.ahead().at_end()) {
        if (reader.take().is_word(word)) return true;
    }
    return false;
}

// Whether the ends of all tokens are known.
bool is_certain(SqlReader reader) {
    while (!reader.ahead().at_end()) {
        if (reader.take().is_open()) return false;
    }
    return true;
}

}  // namespace

std::size_t parameter_count(std::string_view sql) {
    std::size_t highest = 0;
    SqlReader reader(sql);
    while (!reader.ahead().at_end()) {
        const Token token = reader.take();
        if (token.kind != TokenKind::parameter) continue;
        const std::string_view digits = token.text.substr(1);
        std::size_t number = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
        highest = std::max(highest, number);
    }
    return highest;
}

bool returns_no_rows(std::string_view sql) {
    SqlReader reader(sql);
    reader.skip_empty_statements();
    const Token first = reader.take();
    if (is_among(first, rowless)) return true;
    return is_among(first, changing) && !has_word(reader, "returning") && is_certain(reader);
}

bool runs_alone(std::string_view sql) {
    SqlReader reader(sql);
    reader.skip_empty_statements();
    const Token first = reader.take();
    if (is_among(first, alone)) return true;
    if (!is_among(first, defining)) return false;
    return is_among(reader.ahead(), defined_alone) || has_word(reader, "concurrently");
}

bool may_run_code(std::string_view sql) {
    SqlReader reader(sql);
    reader.skip_empty_statements();
    while (reader.take_sign("(")) {
    }
    return is_among(reader.ahead(), running);
}

bool names_temporary(std::string_view sql) {
    SqlReader reader(sql);
    while (!reader.ahead().at_end()) {
        const Token token = reader.take();
        if (token.is_word("temp") || token.is_word("temporary")) return true;
        if (name_of(token).value_or("").starts_with("pg_temp")) return true;
    }
    return false;
}

}  // namespace pgweir::protocol
