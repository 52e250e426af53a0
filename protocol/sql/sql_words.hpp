// The words of a text of which it is not known what language it is in.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "protocol/sql/effect_words.hpp"

namespace pgweir::protocol {

/// Calls `act` with each word of the text in lower case, in strings and comments too: what is a
/// string to SQL may be run, and in other languages a quote may be something else. A word is what
/// StatementLook takes for one. For SQL that is read as PostgreSQL reads it: SqlLexer. `buffer`
/// holds the word; it is lent so that it need not be made for each text.
template <typename Act>
void for_each_word(std::string_view text, std::string& buffer, const Act& act) {
    const auto* at = text.begin();
    while (at != text.end()) {
        const auto* const begin = std::find_if(at, text.end(), in_word);
        at = std::find_if_not(begin, text.end(), in_word);
        std::string_view word = without_number({begin, at});
        word = word.substr(0, longest_word);
        if (word.empty()) continue;
        buffer.resize(word.size());
        std::ranges::transform(word, buffer.begin(), lower);
        act(std::string_view(buffer));
    }
}

}  // namespace pgweir::protocol
