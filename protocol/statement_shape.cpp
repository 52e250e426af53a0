#include "protocol/statement_shape.hpp"

#include <algorithm>
#include <array>
#include <charconv>
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
    std::string text = normalised_text(sql, sql.size() + 1);
    std::ranges::transform(text, text.begin(), lower);
    const std::string_view first(text.begin(),
                                 std::ranges::find_if_not(text, continues_identifier));
    if (std::ranges::find(rowless, first) != rowless.end()) return true;
    return std::ranges::find(changing, first) != changing.end() &&
           text.find("returning") == std::string::npos;
}

}  // namespace pgweir::protocol
