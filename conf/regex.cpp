#include "conf/regex.hpp"

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

}  // namespace

Result<Regex> Regex::compile(const std::string& pattern) {
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
