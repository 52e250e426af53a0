#include "protocol/sql/named_effects.hpp"

#include <algorithm>
#include <vector>

#include "protocol/sql/custom_settings.hpp"
#include "protocol/sql/sql_words.hpp"

namespace pgweir::protocol {

namespace {

// The word by which a name is known in a text: of a name that is no single word ("my func", a$b)
// the longest in it. Empty where there is none, as in an operator.
std::string word_of_name(std::string_view name) {
    std::string longest;
    std::string buffer;
    for_each_word(name, buffer, [&longest](std::string_view word) {
        if (word.size() > longest.size()) longest = word;
    });
    return longest;
}

Effects effects_of_text(const CatalogueEntry& entry) {
    if (entry.opaque) return suspect_effects | Effect::reads_sequence;
    static const NamedEffects none;
    StatementLook look(&none, StatementLook::Text::body);
    look.feed(entry.text);
    Effects effects = look.finish();
    if (!effects.contains(Effect::state)) return effects;
    std::vector<std::string> names;
    // Most often its caller gives the name, which is seen there; and in the strings of dynamic SQL
    // a SET is mostly an UPDATE's.
    if (!collect_custom_settings(entry.text, names).all()) effects |= Effect::runs_unseen;
    return effects;
}

// The names of a catalogue, what each does by itself, and who uses whom.
class Graph {
  public:
    explicit Graph(std::span<const CatalogueEntry> entries) {
        std::vector<std::size_t> nodes;
        nodes.reserve(entries.size());
        for (const CatalogueEntry& entry : entries) nodes.push_back(node_of(entry));
        for (std::size_t i = 0; i < entries.size(); ++i) {
            effects_[nodes[i]] |= effects_of_text(entries[i]);
            add_users(entries[i].text, nodes[i]);
        }
        spread();
    }

    template <typename Act>
    void for_each(const Act& act) const {
        for (const auto& [word, node] : nodes_) {
            if (effects_[node].any()) act(word, effects_[node]);
        }
    }

  private:
    std::size_t node_of(const CatalogueEntry& entry) {
        const auto [found, added] = nodes_.try_emplace(word_of_name(entry.name), effects_.size());
        if (added) {
            effects_.emplace_back();
            users_.emplace_back();
        }
        return found->second;
    }

    void add_users(std::string_view text, std::size_t user) {
        for_each_word(text, buffer_, [this, user](std::string_view word) {
            const auto found = nodes_.find(word);
            if (found == nodes_.end() || found->second == user) return;
            std::vector<std::size_t>& users = users_[found->second];
            if (users.empty() || users.back() != user) users.push_back(user);
        });
    }

    // From each node that has effects to those that use it, until nothing changes.
    void spread() {
        std::vector<std::size_t> changed;
        for (std::size_t node = 0; node < effects_.size(); ++node) {
            if (effects_[node].any()) changed.push_back(node);
        }
        while (!changed.empty()) {
            const std::size_t node = changed.back();
            changed.pop_back();
            for (const std::size_t user : users_[node]) {
                const Effects before = effects_[user];
                effects_[user] |= effects_[node];
                if (effects_[user] != before) changed.push_back(user);
            }
        }
    }

    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view word) const {
            return std::hash<std::string_view>{}(word);
        }
    };
    std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> nodes_;
    std::vector<Effects> effects_;
    std::vector<std::vector<std::size_t>> users_;
    std::string buffer_;
};

}  // namespace

NamedEffects NamedEffects::of_catalogue(std::span<const CatalogueEntry> entries) {
    NamedEffects named;
    Graph(entries).for_each(
        [&named](std::string_view word, Effects effects) { named.add(word, effects); });
    return named;
}

void NamedEffects::add(std::string_view word, Effects effects) {
    const bool ascii =
        std::ranges::all_of(word, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (word.empty()) {
        of_any_ |= effects;
    } else if (!ascii) {
        beyond_ascii_ |= effects;
    } else {
        by_word_.emplace(word, effects);
        filter_.add(word);
    }
}

Effects NamedEffects::find(std::string_view lower_case_word) const {
    const std::string_view word = lower_case_word.substr(0, longest_word);
    if (word.empty() || !may_find(word[0], word.size() > 1 ? word[1] : ' ', word.size())) return {};
    Effects effects;
    if (beyond_ascii_.any() &&
        std::ranges::any_of(word, [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
        effects = beyond_ascii_;
    }
    const auto found = by_word_.find(word);
    return found == by_word_.end() ? effects : effects | found->second;
}

}  // namespace pgweir::protocol
