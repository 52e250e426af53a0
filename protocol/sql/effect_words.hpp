// The words of SQL, and the names of PostgreSQL's functions, that tell what a statement leaves
// behind.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/sql/characters.hpp"
#include "protocol/sql/session_effects.hpp"

namespace pgweir::protocol {

/// How a word takes part in what StatementLook looks for.
enum class Role : std::uint8_t {
    other,           ///< only by what it means anywhere
    before_execute,  ///< EXPLAIN, ANALYZE, VERBOSE, AS
    begins_block,    ///< BEGIN: of a transaction, or of statements in code
    call,
    constraints,
    database,
    define,  ///< CREATE, ALTER
    discard,
    drop,
    ends,    ///< COMMIT, ROLLBACK, END, ABORT
    escape,  ///< E, U: before a string with escapes
    execute,
    global,
    hold,
    insert,
    into,
    kind,  ///< of objects that effects can hide in
    listen,
    load,
    local,
    merge,
    nothing,
    opens_statements,  ///< THEN, ELSE, LOOP, ATOMIC
    plain,             ///< begins a statement that runs no function
    prepare,
    replace,
    reset,
    resets,         ///< in a SET statement: NAMES
    default_value,  ///< DEFAULT: in a SET statement it resets, elsewhere it may be a nextval()
    run,            ///< DO
    runs_text,      ///< a function that runs SQL that it is given as text
    seed,
    select,
    set,
    set_config,
    temp,
    transaction,
    update,
    with,
    zone,
};

struct EffectWord {
    std::string_view text;  ///< in lower case; with a `*` at its end any word that begins so
    Role role = Role::other;
    Effects anywhere;  ///< what the word means wherever it stands
};

/// Leading digits, with an exponent, are a number that PostgreSQL up to 14 parts from the word.
[[nodiscard]] constexpr std::string_view without_number(std::string_view word) {
    const auto skip = [&] {
        while (!word.empty() && is_digit(word.front())) word.remove_prefix(1);
    };
    if (word.empty() || !is_digit(word.front())) return word;
    skip();
    if (word.size() > 1 && (word[0] == 'e' || word[0] == 'E') && is_digit(word[1])) {
        word.remove_prefix(1);
        skip();
    }
    return word;
}

/// What a character is to StatementLook.
enum class Character : std::uint8_t {
    letter,  ///< of a word: a letter, `_`, or a part of a character beyond ASCII
    digit,
    quiet,  ///< parts words and means nothing by itself, but in code
    loud,   ///< may open or end a comment, a string, a statement
};
inline constexpr std::array<Character, 256> characters = [] {
    std::array<Character, 256> table{};
    for (std::size_t i = 0; i < table.size(); ++i) {
        const char c = lower(static_cast<char>(i));
        if (i >= 0x80 || c == '_' || (c >= 'a' && c <= 'z')) {
            table[i] = Character::letter;
        } else if (is_digit(c)) {
            table[i] = Character::digit;
        } else {
            constexpr std::string_view quiet = "!#%()+,.:<=>?@[]^`{|}~";
            table[i] = quiet.find(c) == std::string_view::npos ? Character::loud : Character::quiet;
        }
    }
    return table;
}();

[[nodiscard]] constexpr Character character(char c) {
    return characters[static_cast<unsigned char>(c)];
}
[[nodiscard]] constexpr bool in_word(char c) {
    return character(c) <= Character::digit;
}

/// Tells of most words that are not in a set that they are not, by their size and the low bits of
/// their first two characters, which are the same in upper and lower case.
class WordFilter {
  public:
    constexpr void add(std::string_view word) {
        add_sizes(word, std::uint64_t{1} << std::min(word.size(), longest_word));
    }
    /// All words that begin with `prefix`, of at least two characters.
    constexpr void add_prefix(std::string_view prefix) {
        add_sizes(prefix, ~std::uint64_t{0} << prefix.size());
    }
    /// `second` is any character for a word of one.
    [[nodiscard]] constexpr bool may_hold(char first, char second, std::size_t size) const {
        return (sizes_[index(first, second)] >> std::min(size, longest_word) & 1U) != 0;
    }

  private:
    static constexpr std::size_t index(char first, char second) {
        return (static_cast<std::size_t>(first) & 31U) << 5U |
               (static_cast<std::size_t>(second) & 31U);
    }
    constexpr void add_sizes(std::string_view word, std::uint64_t sizes) {
        if (word.size() > 1) {
            sizes_[index(word[0], word[1])] |= sizes;
        } else {
            for (char second = 0; second < 32; ++second) sizes_[index(word[0], second)] |= sizes;
        }
    }

    std::array<std::uint64_t, 1024> sizes_{};
};

/// Holds every EffectWord.
extern const WordFilter effect_word_filter;

/// The entry of this word, which must be in lower case, or null.
[[nodiscard]] const EffectWord* find_effect_word(std::string_view word);

}  // namespace pgweir::protocol
