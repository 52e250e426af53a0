// Effects that hide in a database's own functions, views, triggers, defaults, …
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "protocol/sql/effect_words.hpp"
#include "protocol/sql/session_effects.hpp"

namespace pgweir::protocol {

/// One object of the catalogue.
struct CatalogueEntry {
    /// As pg_catalog has it, without schema. A name with no letter, digit or `_` (an operator's),
    /// or none at all, stands for what any statement may do unseen.
    std::string name;
    /// Where what it does can be seen: a function's source, a view's query, or just the names of
    /// other entries: of a table with a trigger the trigger function's.
    std::string text;
    /// The text is not known: whatever it does, suspect_effects and `reads_sequence`.
    bool opaque = false;
};

/// Which names of a database have effects: of functions, tables, views, domains, … Immutable once
/// made, so threads may share it. Holds only names with effects, mostly few.
class NamedEffects {
  public:
    /// Nothing has effects.
    NamedEffects() = default;

    /// An entry has the effects of its text (StatementLook::Text::body) and those of all entries
    /// whose names are in its text, and so on. Entries of one name are taken together. Time and
    /// memory grow with the size of the texts: some 10 ns a byte, so for a large schema not on a
    /// thread that relays.
    [[nodiscard]] static NamedEffects of_catalogue(std::span<const CatalogueEntry> entries);

    /// The effects of a word (see StatementLook) in lower case; of longer ones than 63 bytes the
    /// first 63 count, as in PostgreSQL. Allocates nothing.
    [[nodiscard]] Effects find(std::string_view lower_case_word) const;

    /// What any statement may do: by way of operators, casts and others that have no name.
    [[nodiscard]] Effects of_any_statement() const { return of_any_; }

    /// Whether `find` is worth asking; see WordFilter.
    [[nodiscard]] bool may_find(char first, char second, std::size_t size) const {
        return filter_.may_hold(first, second, size) || beyond_ascii_.any();
    }

    [[nodiscard]] bool empty() const {
        return by_word_.empty() && !of_any_.any() && !beyond_ascii_.any();
    }
    /// How many words have effects.
    [[nodiscard]] std::size_t size() const { return by_word_.size(); }

  private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view word) const {
            return std::hash<std::string_view>{}(word);
        }
    };

    void add(std::string_view word, Effects effects);

    std::unordered_map<std::string, Effects, Hash, std::equal_to<>> by_word_;
    WordFilter filter_;
    /// Of names beyond ASCII: the client's encoding may be another than the one they were read in,
    /// so every word beyond ASCII has them.
    Effects beyond_ascii_;
    Effects of_any_;
};

/// The query whose rows (name, text) are the entries; a null text is opaque. For PostgreSQL 12 to
/// 18, by server_version_num. Every name in it is qualified, so search_path has no say. Needs no
/// right but to connect; shows the same to every role. Is an error where somebody has locked a
/// table of a view for long.
[[nodiscard]] std::string catalogue_query(int server_version_num);

}  // namespace pgweir::protocol
