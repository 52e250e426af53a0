#include "conf/regex.hpp"

#include <algorithm>
#include <array>

namespace pgweir::conf {

namespace {

std::string with_digits(std::string_view pattern) {
    std::string result;
    bool in_brackets = false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
        if (c == '\\' && (next == 'd' || (next == 'D' && !in_brackets))) {
            result += in_brackets ? "0-9" : next == 'd' ? "[0-9]" : "[^0-9]";
            ++i;
            continue;
        }
        if (c == '\\' && next != '\0' && !in_brackets) {
            result += {c, next};
            ++i;
            continue;
        }
        if (c == '[') in_brackets = true;
        if (c == ']') in_brackets = false;
        result += c;
    }
    return result;
}

// regcomp() copies what a `+` or a bound repeats, and copies of copies where they are nested: a
// short pattern can take all memory.
class Expansion {
  public:
    static constexpr std::size_t most = 2'000;

    // Whether the pattern, written out, has more parts than that.
    [[nodiscard]] static bool is_too_large(std::string_view pattern) {
        Expansion expansion;
        for (std::size_t i = 0; i < pattern.size(); ++i) i = expansion.take(pattern, i);
        return expansion.too_large_;
    }

  private:
    // Takes what begins at `i`; returns where it ends.
    std::size_t take(std::string_view pattern, std::size_t i) {
        switch (pattern[i]) {
            case '\\':
                add(1);
                return i + 1;
            case '[':
                add(1);
                return std::min(pattern.find(']', i + 2), pattern.size());
            case '(':
                outer_.push_back(size_);
                size_ = 0;
                return i;
            case ')':
                if (outer_.empty()) return i;
                last_ = size_ + 1;
                size_ = outer_.back();
                outer_.pop_back();
                add(last_);
                return i;
            case '+':
                repeat(2);
                return i;
            case '{':
                return take_bound(pattern, i);
            default:
                add(1);
                return i;
        }
    }

    std::size_t take_bound(std::string_view pattern, std::size_t i) {
        std::size_t times = 0;
        std::size_t largest = 1;
        for (++i; i < pattern.size() && pattern[i] != '}'; ++i) {
            const bool digit = pattern[i] >= '0' && pattern[i] <= '9';
            times =
                digit ? std::min(times * 10 + static_cast<std::size_t>(pattern[i] - '0'), most) : 0;
            largest = std::max(largest, times);
        }
        repeat(largest + 1);
        return i;
    }

    void add(std::size_t size) {
        last_ = size;
        size_ += size;
        too_large_ = too_large_ || size_ > most;
    }

    void repeat(std::size_t times) {
        const std::size_t more = std::min(last_ * (times - 1), most + 1);
        last_ = std::min(last_ + more, most + 1);
        size_ = std::min(size_ + more, most + 1);
        too_large_ = too_large_ || size_ > most;
    }

    std::vector<std::size_t> outer_;  // sizes of what stands before each open parenthesis
    std::size_t size_ = 0;
    std::size_t last_ = 0;  // of the part that a repetition would repeat
    bool too_large_ = false;
};

}  // namespace

Result<Regex> Regex::compile(const std::string& pattern) {
    if (Expansion::is_too_large(pattern)) return Refusal{"regular expression is too complex"};
    auto compiled = std::make_unique<regex_t>();
    const int code = regcomp(compiled.get(), with_digits(pattern).c_str(), REG_EXTENDED);
    if (code != 0) {
        std::array<char, 200> text{};
        regerror(code, compiled.get(), text.data(), text.size());
        return Refusal{text.data()};
    }
    return Regex{std::shared_ptr<regex_t>{compiled.release(), Free{}}};
}

bool Regex::matches(const std::string& text) const {
    return regexec(compiled_.get(), text.c_str(), 0, nullptr, 0) == 0;
}

std::vector<std::string> Regex::groups(const std::string& text) const {
    std::array<regmatch_t, 2> found{};
    if (regexec(compiled_.get(), text.c_str(), found.size(), found.data(), 0) != 0) return {};
    std::vector<std::string> groups;
    groups.reserve(found.size());
    for (const regmatch_t& group : found) {
        groups.push_back(group.rm_so < 0
                             ? std::string{}
                             : text.substr(static_cast<std::size_t>(group.rm_so),
                                           static_cast<std::size_t>(group.rm_eo - group.rm_so)));
    }
    return groups;
}

}  // namespace pgweir::conf
