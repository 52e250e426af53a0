// Regular expressions of an operator's files.
#pragma once

#include <regex.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "conf/result.hpp"

namespace pgweir::conf {

/// A POSIX extended regular expression, with `\d` and `\D` as PostgreSQL's own have them (`\w` and
/// `\s` the C library knows). Immutable; may be shared between threads.
class Regex {
  public:
    /// Errors: what regcomp() says; quantifiers that PostgreSQL refuses, or more than four around
    /// one another.
    [[nodiscard]] static Result<Regex> compile(const std::string& pattern);

    /// Whether it matches anywhere in `text`.
    [[nodiscard]] bool matches(const std::string& text) const;
    /// The whole match and the first group in parentheses (empty without one); nothing: no match.
    [[nodiscard]] std::vector<std::string> groups(const std::string& text) const;

  private:
    struct Free {
        void operator()(regex_t* compiled) const {
            regfree(compiled);
            delete compiled;  // NOLINT(cppcoreguidelines-owning-memory): the deleter of a pointer
        }
    };
    explicit Regex(std::shared_ptr<const regex_t> compiled) : compiled_{std::move(compiled)} {}

    std::shared_ptr<const regex_t> compiled_;
};

}  // namespace pgweir::conf
