#include "protocol/statement_shape.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string>

#include "protocol/characters.hpp"
#include "protocol/normalised_text.hpp"

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

// What PostgreSQL's PreventInTransactionBlock() is called for, by the first word, or by the second.
constexpr std::array<std::string_view, 4> alone{"cluster", "discard", "reindex", "vacuum"};
constexpr std::array<std::string_view, 3> defining{"alter", "create", "drop"};
constexpr std::array<std::string_view, 4> defined_alone{"database", "subscription", "system",
                                                        "tablespace"};

// In lower case, without comments.
std::string plain_text(std::string_view sql) {
    std::string text = normalised_text(sql, sql.size() + 1);
    std::ranges::transform(text, text.begin(), lower);
    return text;
}

std::string_view take_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const auto end = std::ranges::find_if_not(text, continues_identifier);
    const std::string_view word(text.begin(), end);
    text.remove_prefix(word.size());
    return word;
}

bool is_among(std::string_view word, std::span<const std::string_view> words) {
    return std::ranges::find(words, word) != words.end();
}

}  // namespace

std::size_t parameter_count(std::string_view sql) {
    const std::string text = normalised_text(sql, sql.size() + 1);
    std::size_t highest = 0;
    bool quoted = false;  // in an identifier
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '"') quoted = !quoted;
        if (quoted || text[at] != '$' || (at > 0 && continues_identifier(text[at - 1]))) continue;
        std::size_t number = 0;
        std::from_chars(text.data() + at + 1, text.data() + text.size(), number);
        highest = std::max(highest, number);
    }
    return highest;
}

bool returns_no_rows(std::string_view sql) {
    const std::string text = plain_text(sql);
    std::string_view rest(text);
    const std::string_view first = take_word(rest);
    if (is_among(first, rowless)) return true;
    return is_among(first, changing) && rest.find("returning") == std::string::npos;
}

bool runs_alone(std::string_view sql) {
    const std::string text = plain_text(sql);
    std::string_view rest(text);
    const std::string_view first = take_word(rest);
    if (is_among(first, alone)) return true;
    if (!is_among(first, defining)) return false;
    return rest.find("concurrently") != std::string::npos ||
           is_among(take_word(rest), defined_alone);
}

}  // namespace pgweir::protocol
