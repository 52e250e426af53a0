// Words for messages: quoting what the operator wrote, and guessing what was meant.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgweir::conf {

/// `text` in double quotes for a message: control characters escaped, long text cut, so that a
/// hostile file cannot write to a terminal or flood a log.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// The name at the start of `key`, in double quotes: what follows a first character that no name
/// has is not shown. A line that lost its colon is read as one long key, password and all.
[[nodiscard]] std::string name_in_quotes(std::string_view key);

/// The candidate that `word` most likely meant: the one with the fewest insertions, deletions,
/// replacements and swaps of neighbours, if these are few for the length of the word. Empty if
/// none is near. The view is one of `candidates`.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       std::span<const std::string_view> candidates);

/// `; did you mean "x"?` for the nearest candidate, or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string_view> candidates);

/// `a, b or c`.
[[nodiscard]] std::string any_of(std::span<const std::string_view> words);

}  // namespace pgweir::conf
