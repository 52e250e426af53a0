#include "conf/file/connection_string.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "conf/file/connection_keywords.hpp"

namespace pgweir::conf {
namespace {

using Keywords = std::vector<ConnectionKeyword>;

bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

void skip_blanks(std::string_view& text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
}

/// Takes the characters before the first one of `ends`, or all.
std::string_view take_until(std::string_view& text, std::string_view ends) {
    const std::string_view taken = text.substr(0, text.find_first_of(ends));
    text.remove_prefix(taken.size());
    return taken;
}

/// Takes `c` if the text starts with it.
bool take(std::string_view& text, char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
}

void store(Keywords& keywords, std::string name, std::string value) {
    const auto found = std::ranges::find(keywords, name, &ConnectionKeyword::first);
    if (found == keywords.end()) {
        keywords.emplace_back(std::move(name), std::move(value));
    } else {
        found->second = std::move(value);
    }
}

/// Takes the value of one `key=value`.
Result<std::string> take_value(std::string_view& text) {
    const bool quoted = take(text, '\'');
    std::string value;
    while (!text.empty()) {
        const char c = text.front();
        if (quoted ? c == '\'' : is_blank(c)) break;
        text.remove_prefix(1);
        if (c != '\\') {
            value += c;
        } else if (!text.empty()) {
            value += text.front();
            text.remove_prefix(1);
        }
    }
    if (quoted && !take(text, '\'')) {
        return Refusal{"connection string: a single quote is not closed"};
    }
    return value;
}

Result<Keywords> parse_key_value(std::string_view text) {
    Keywords keywords;
    for (skip_blanks(text); !text.empty(); skip_blanks(text)) {
        const std::string_view name = take_until(text, "= \t\n\v\f\r");
        skip_blanks(text);
        if (name.empty() || !take(text, '=')) {
            // What libpq would show here may be the second half of a password with a space, and so
            // may a name before it that is none.
            const bool known = !keywords.empty() && is_connection_keyword(keywords.back().first);
            const std::string after =
                known ? " after the value of " + keywords.back().first : std::string{};
            return Refusal{"connection string: expected keyword=value" + after +
                           "; a value with spaces needs single quotes"};
        }
        skip_blanks(text);
        Result<std::string> value = take_value(text);
        if (!value) return value.error();
        store(keywords, std::string{name}, *std::move(value));
    }
    return keywords;
}

std::optional<unsigned> hex_digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
    return std::nullopt;
}

Result<std::string> percent_decode(std::string_view text) {
    std::string decoded;
    while (!text.empty()) {
        const char c = text.front();
        text.remove_prefix(1);
        if (c != '%') {
            decoded += c;
            continue;
        }
        const auto high = text.empty() ? std::nullopt : hex_digit(text[0]);
        const auto low = text.size() < 2 ? std::nullopt : hex_digit(text[1]);
        if (!high || !low) {
            return Refusal{"connection URI: \"%\" must be followed by two hexadecimal digits"};
        }
        const unsigned byte = *high * 16 + *low;
        if (byte == 0) return Refusal{"connection URI: \"%00\" is not allowed"};
        decoded += static_cast<char>(byte);
        text.remove_prefix(2);
    }
    return decoded;
}

/// Reads a `postgresql://` URI part by part; a part that is empty leaves no keyword.
class UriParser {
  public:
    explicit UriParser(std::string_view after_scheme) : rest_{after_scheme} {}

    Result<Keywords> parse() {
        parse_credentials();
        if (problem_.empty()) parse_hosts();
        if (take(rest_, '/')) store_decoded("dbname", take_until(rest_, "?"));
        if (take(rest_, '?')) parse_parameters();
        if (!problem_.empty()) return Refusal{problem_};
        return std::move(keywords_);
    }

  private:
    void fail(std::string message) {
        if (problem_.empty()) problem_ = "connection URI: " + std::move(message);
        rest_ = {};
    }

    void store_decoded(std::string name, std::string_view text) {
        if (text.empty()) return;
        Result<std::string> value = percent_decode(text);
        if (!value) {
            problem_ = value.error().message;
            rest_ = {};
        } else {
            store(keywords_, std::move(name), *std::move(value));
        }
    }

    void parse_credentials() {
        const std::size_t end = rest_.find_first_of("@/");
        if (end == std::string_view::npos || rest_[end] != '@') return;
        std::string_view credentials = rest_.substr(0, end);
        rest_.remove_prefix(end + 1);
        store_decoded("user", take_until(credentials, ":"));
        if (take(credentials, ':')) store_decoded("password", credentials);
    }

    void parse_hosts() {
        std::string hosts;
        std::string ports;
        do {
            if (take(rest_, '[')) {
                const std::string_view address = take_until(rest_, "]");
                if (address.empty() || !take(rest_, ']')) {
                    fail("an IPv6 address in brackets is empty or not closed");
                    return;
                }
                hosts += address;
                if (!rest_.empty() &&
                    std::string_view{":/?,"}.find(rest_.front()) == std::string_view::npos) {
                    fail("unexpected character after \"]\"");
                    return;
                }
            } else {
                hosts += take_until(rest_, ":/?,");
            }
            if (take(rest_, ':')) ports += take_until(rest_, "/?,");
            if (!rest_.starts_with(',')) break;
            hosts += ',';
            ports += ',';
        } while (take(rest_, ','));
        store_decoded("host", hosts);
        store_decoded("port", ports);
    }

    void parse_parameters() {
        while (!rest_.empty()) {
            std::string_view parameter = take_until(rest_, "&");
            take(rest_, '&');
            const std::string_view name = take_until(parameter, "=");
            if (name.empty() || !take(parameter, '=') ||
                parameter.find('=') != std::string_view::npos) {
                fail(R"(after "?" expected keyword=value, separated by "&")");
                return;
            }
            store_parameter(name, parameter);
        }
    }

    void store_parameter(std::string_view encoded_name, std::string_view encoded_value) {
        const Result<std::string> name = percent_decode(encoded_name);
        const Result<std::string> value = percent_decode(encoded_value);
        if (!name || !value) {
            problem_ = (name ? value : name).error().message;
            rest_ = {};
        } else if (*name == "ssl" && *value == "true") {
            // As libpq does, for URIs written for JDBC.
            store(keywords_, "sslmode", "require");
        } else {
            store(keywords_, *name, *value);
        }
    }

    std::string_view rest_;
    Keywords keywords_;
    std::string problem_;
};

}  // namespace

Result<std::vector<ConnectionKeyword>> parse_connection_string(std::string_view text) {
    for (const std::string_view scheme : {"postgresql://", "postgres://"}) {
        if (text.starts_with(scheme)) return UriParser{text.substr(scheme.size())}.parse();
    }
    return parse_key_value(text);
}

}  // namespace pgweir::conf
