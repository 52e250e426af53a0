#include "conf/access/regex.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

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

// What PostgreSQL refuses, and regcomp() would try: it copies what is repeated, and copies of
// copies, so that a few quantifiers in a row, or one around another, take all time and memory.
//
// PostgreSQL manual, "Regular Expression Details": a quantifier cannot immediately follow another
// quantifier, and cannot begin an expression or subexpression or follow ^ or |.
class Quantifiers {
  public:
    // What is wrong with them; empty: nothing.
    [[nodiscard]] static std::string_view problem(std::string_view pattern) {
        Quantifiers seen;
        for (std::size_t i = 0; i < pattern.size() && seen.problem_.empty(); ++i) {
            i = std::min(seen.take(pattern, i), pattern.size());
        }
        return seen.problem_;
    }

  private:
    // Far more than anybody writes, far less than what takes a second.
    static constexpr unsigned deepest = 4;

    enum class Before : std::uint8_t { nothing, atom, quantifier, lazy_quantifier };

    // Takes what begins at `i`; returns its last character's place, npos where that is missing.
    std::size_t take(std::string_view pattern, std::size_t i) {
        switch (pattern[i]) {
            case '\\':
                atom(0);
                return i + 1;
            case '[':
                atom(0);
                // A bracket right at the start is one of those in it.
                return pattern.find(']', i + (pattern.substr(i + 1, 1) == "^" ? 3 : 2));
            case '(':
                outer_.push_back(depth_);
                depth_ = 0;
                before_ = Before::nothing;
                return i;
            case ')':
                close_group();
                return i;
            case '^':
            case '|':
                before_ = Before::nothing;
                return i;
            case '{':
                quantifier(false);
                return pattern.find('}', i);
            case '*':
            case '+':
            case '?':
                quantifier(pattern[i] == '?');
                return i;
            default:
                atom(0);
                return i;
        }
    }

    // `depth`: how many repetitions are around one another in it.
    void atom(unsigned depth) {
        before_ = Before::atom;
        repeated_ = depth;
        depth_ = std::max(depth_, depth);
    }

    void close_group() {
        if (outer_.empty()) return;
        const unsigned inner = depth_;
        depth_ = outer_.back();
        outer_.pop_back();
        atom(inner);
    }

    void quantifier(bool question_mark) {
        if (question_mark && before_ == Before::quantifier) {  // not greedy
            before_ = Before::lazy_quantifier;
            return;
        }
        if (before_ != Before::atom) problem_ = "quantifier operand invalid";
        before_ = Before::quantifier;
        depth_ = std::max(depth_, ++repeated_);
        if (depth_ > deepest) problem_ = "quantifiers are nested too deeply";
    }

    std::vector<unsigned> outer_;  // depth_ of each open parenthesis' surroundings
    unsigned depth_ = 0;           // the greatest since the last open parenthesis
    unsigned repeated_ = 0;        // that of what a quantifier here would repeat
    Before before_ = Before::nothing;
    std::string_view problem_;
};

}  // namespace

Result<Regex> Regex::compile(const std::string& pattern) {
    const std::string_view problem = Quantifiers::problem(pattern);
    if (!problem.empty()) return Refusal{std::string(problem)};
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
