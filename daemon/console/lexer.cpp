#include "daemon/console/lexer.hpp"

#include <algorithm>

namespace pgweir::daemon::console {

namespace {

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

// What is part of a word: names of databases may have dots and dashes, values signs and units.
bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || c == '.' || c == '-' || c == '%' || static_cast<unsigned char>(c) >= 0x80;
}

class Lexer {
  public:
    explicit Lexer(std::string_view sql) : rest_(sql) {}

    std::vector<Tokens> statements() {
        std::vector<Tokens> all;
        Tokens statement;
        const auto finish = [&] {
            if (!statement.empty()) all.push_back(std::move(statement));
            statement = {};
        };
        for (skip_space(); !rest_.empty(); skip_space()) {
            if (rest_.front() == ';') {
                rest_.remove_prefix(1);
                finish();
            } else {
                statement.push_back(take());
            }
        }
        finish();
        return all;
    }

  private:
    void skip_space() {
        while (!rest_.empty()) {
            if (is_space(rest_.front())) {
                rest_.remove_prefix(1);
            } else if (rest_.starts_with("--")) {
                rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
            } else if (rest_.starts_with("/*")) {
                const std::size_t end = rest_.find("*/", 2);
                rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 2);
            } else {
                return;
            }
        }
    }

    Token take() {
        const char first = rest_.front();
        if (first == '"') return {.kind = Token::Kind::identifier, .text = take_quoted()};
        if (first == '\'') return {.kind = Token::Kind::string, .text = take_quoted()};
        std::size_t size = 0;
        while (size < rest_.size() && is_word(rest_[size])) ++size;
        const auto kind = size == 0 ? Token::Kind::sign : Token::Kind::word;
        return {.kind = kind, .text = take_front(std::max<std::size_t>(size, 1))};
    }

    // What is between two quotes; a doubled one stands for itself.
    std::string take_quoted() {
        const char quote = rest_.front();
        rest_.remove_prefix(1);
        std::string text;
        while (!rest_.empty()) {
            const char c = rest_.front();
            rest_.remove_prefix(1);
            if (c == quote) {
                if (rest_.empty() || rest_.front() != quote) break;
                rest_.remove_prefix(1);
            }
            text.push_back(c);
        }
        return text;
    }

    std::string take_front(std::size_t size) {
        std::string text(rest_.substr(0, size));
        rest_.remove_prefix(size);
        return text;
    }

    std::string_view rest_;
};

template <class Change>
std::string each(std::string_view text, Change change) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), change);
    return result;
}

}  // namespace

bool Token::is(std::string_view keyword) const {
    return kind == Kind::word && in_upper_case(text) == keyword;
}

std::vector<Tokens> split_statements(std::string_view sql) {
    return Lexer(sql).statements();
}

std::string in_upper_case(std::string_view text) {
    return each(text,
                [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
}

std::string in_lower_case(std::string_view text) {
    return each(text,
                [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
}

}  // namespace pgweir::daemon::console
