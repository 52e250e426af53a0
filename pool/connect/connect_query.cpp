#include "pool/connect/connect_query.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace pgweir::pool {
namespace {

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '$';
}

/// Words that follow SET and are no settings, or settings that a login may not have.
constexpr std::array<std::string_view, 9> no_settings{
    "local",   "time", "transaction",          "names", "constraints", "role",
    "session", "xml",  "session_authorization"};

/// Reads one statement after the other; whatever is not `SET name = constant` ends it.
class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    std::optional<std::string> read() {
        std::string options;
        while (true) {
            while (take(';')) {
            }
            if (at_end()) return options.empty() ? std::nullopt : std::optional(options);
            if (!read_assignment(options)) return std::nullopt;
            if (!take(';') && !at_end()) return std::nullopt;
        }
    }

  private:
    bool read_assignment(std::string& options) {
        if (word() != "set") return false;
        std::string name = word();
        // SET SESSION name; of SET SESSION AUTHORIZATION and the like nothing is left behind it.
        if (name == "session") name = word();
        if (name.empty() || std::ranges::find(no_settings, name) != no_settings.end()) return false;
        if (!take('=') && word() != "to") return false;
        const std::optional<std::string> value = constant();
        if (!value) return false;
        options += (options.empty() ? "-c " : " -c ") + name + '=';
        for (const char c : *value) {
            if (c == '\\' || std::isspace(static_cast<unsigned char>(c)) != 0) options += '\\';
            options += c;
        }
        return true;
    }

    std::optional<std::string> constant() {
        skip_blanks();
        if (text_.empty()) return std::nullopt;
        if (text_.front() != '\'') {
            const std::size_t sign = text_.front() == '-' || text_.front() == '+' ? 1 : 0;
            std::size_t end = sign;
            while (end < text_.size() && is_word(text_[end])) ++end;
            const std::string value(text_.substr(0, end));
            text_.remove_prefix(end);
            // DEFAULT and E'..' are no constants.
            skip_blanks();
            const bool goes_on = !text_.empty() && text_.front() != ';';
            if (end == sign || goes_on || lower(value) == "default") return std::nullopt;
            return value;
        }
        std::string value;
        for (std::size_t at = 1; at < text_.size(); ++at) {
            if (text_[at] != '\'') {
                value += text_[at];
            } else if (at + 1 < text_.size() && text_[at + 1] == '\'') {
                value += text_[at++];
            } else {
                text_.remove_prefix(at + 1);
                return value;
            }
        }
        return std::nullopt;
    }

    static std::string lower(std::string text) {
        std::ranges::transform(text, text.begin(), [](char c) {
            return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        });
        return text;
    }
    std::string word() {
        skip_blanks();
        const auto end = std::ranges::find_if_not(text_, is_word);
        const auto size = static_cast<std::size_t>(end - text_.begin());
        std::string found = lower(std::string(text_.substr(0, size)));
        text_.remove_prefix(size);
        return found;
    }
    bool take(char wanted) {
        skip_blanks();
        if (text_.empty() || text_.front() != wanted) return false;
        text_.remove_prefix(1);
        return true;
    }
    bool at_end() {
        skip_blanks();
        return text_.empty();
    }
    void skip_blanks() {
        while (!text_.empty() && std::isspace(static_cast<unsigned char>(text_.front())) != 0)
            text_.remove_prefix(1);
    }

    std::string_view text_;
};

}  // namespace

std::optional<std::string> as_options(std::string_view query) {
    return Reader(query).read();
}

}  // namespace pgweir::pool
