#include "conf/file/wording.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace pgweir::conf {
namespace {

constexpr std::size_t longest_quoted = 60;

/// Longer words are not compared: no option has such a name, and the comparison is quadratic.
constexpr std::size_t longest_compared = 64;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Edit distance with swaps of neighbours (optimal string alignment), without regard to case.
std::size_t distance(std::string_view a, std::string_view b) {
    using Row = std::array<std::size_t, longest_compared + 1>;
    Row before_last{};
    Row last{};
    Row row{};
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = lower(a[i - 1]) == lower(b[j - 1]);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
            const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                                 lower(a[i - 2]) == lower(b[j - 1]);
            if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
        before_last = last;
        last = row;
    }
    return last[b.size()];
}

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

}  // namespace

std::string in_quotes(std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    bool cut = false;
    if (text.size() > longest_quoted) {
        std::size_t end = longest_quoted;
        while (end > 0 && is_continuation(text[end])) --end;
        text = text.substr(0, end);
        cut = true;
    }
    std::string result = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F) {
            result += "\\x";
            result += hex[byte >> 4U];
            result += hex[byte & 15U];
        } else {
            result += c;
        }
    }
    if (cut) result += "...";
    return result + '"';
}

std::string name_in_quotes(std::string_view key) {
    const auto end = std::ranges::find_if(key, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte <= ' ' || std::string_view{"=:,;{}[]'\"&@/?"}.find(c) != std::string_view::npos;
    });
    const std::string_view name{key.begin(), end};
    return name.size() == key.size() ? in_quotes(key) : in_quotes(std::string{name} + "...");
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
    if (word.empty() || word.size() > longest_compared) return {};
    std::string_view best;
    std::size_t fewest = 1 + std::max<std::size_t>(1, word.size() / 3);
    for (const std::string_view candidate : candidates) {
        if (candidate.size() > longest_compared) continue;
        const std::size_t edits = distance(word, candidate);
        // Replacing every letter of a short word is not a misspelling of it.
        if (edits < fewest && edits < candidate.size()) {
            fewest = edits;
            best = candidate;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
    const std::string_view meant = nearest(word, candidates);
    return meant.empty() ? std::string{} : "; did you mean " + in_quotes(meant) + "?";
}

std::string any_of(std::span<const std::string_view> words) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
        text += words[i];
    }
    return text;
}

}  // namespace pgweir::conf
