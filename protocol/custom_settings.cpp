#include "protocol/custom_settings.hpp"

#include <algorithm>
#include <tuple>

#include "protocol/effect_words.hpp"

namespace pgweir::protocol {

namespace {

constexpr std::size_t longest_name = 200;

// Reads words and names from a text; never beyond its end.
class Cursor {
  public:
    explicit Cursor(std::string_view text) : text_(text) {}

    [[nodiscard]] bool at_end() const { return text_.empty(); }
    [[nodiscard]] bool at(std::string_view what) const { return text_.starts_with(what); }
    // To look at what follows without reading it; only as far as a name can reach, so that a text
    // full of beginnings is not read once for each of them.
    [[nodiscard]] Cursor ahead() const { return Cursor(text_.substr(0, furthest)); }
    void skip() { text_.remove_prefix(1); }
    // White space and comments.
    void skip_gap() {
        while (!text_.empty()) {
            if (is_space(text_.front())) {
                skip();
            } else if (at("--")) {
                skip_behind("\n");
            } else if (at("/*")) {
                skip_behind("*/");
            } else {
                return;
            }
        }
    }
    void skip_any(std::string_view characters) {
        text_.remove_prefix(std::min(text_.find_first_not_of(characters), text_.size()));
    }
    [[nodiscard]] bool take(char c) {
        if (text_.empty() || text_.front() != c) return false;
        skip();
        return true;
    }
    // The identifier that begins here, in lower case; empty if there is none.
    std::string word() {
        std::string word;
        if (text_.empty() || !starts_identifier(text_.front())) return word;
        while (!text_.empty() && continues_identifier(text_.front())) {
            word += lower(text_.front());
            skip();
        }
        return word;
    }
    // An identifier, or one in double quotes.
    std::string name() {
        if (!take('"')) return word();
        std::string name;
        while (!text_.empty() && !take('"')) {
            name += lower(text_.front());
            skip();
        }
        return name;
    }
    // What stands between here and the first of these characters.
    [[nodiscard]] std::string_view up_to(std::string_view characters) const {
        return text_.substr(0, text_.find_first_of(characters));
    }

  private:
    static constexpr std::size_t furthest = 512;

    void skip_behind(std::string_view what) {
        const std::size_t found = text_.find(what, 2);
        text_.remove_prefix(found == std::string_view::npos ? text_.size() : found + what.size());
    }

    std::string_view text_;
};

void add(std::string name, std::vector<std::string>& names) {
    if (!is_custom_setting_name(name)) return;
    std::ranges::transform(name, name.begin(), lower);
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
}

// Behind SET: [SESSION | LOCAL] name { . name }. Both words may also be the first of a name.
void take_set(Cursor cursor, std::vector<std::string>& names) {
    cursor.skip_gap();
    Cursor behind = cursor;
    const std::string scope = behind.word();
    behind.skip_gap();
    if ((scope == "session" || scope == "local") && !behind.at(".")) cursor = behind;
    std::string name = cursor.name();
    cursor.skip_gap();
    while (cursor.take('.')) {
        cursor.skip_gap();
        name += '.' + cursor.name();
        cursor.skip_gap();
    }
    add(std::move(name), names);
}

// Behind set_config: ( 'name'. In dynamic SQL the quotes are doubled, or stand behind backslashes.
void take_set_config(Cursor cursor, std::vector<std::string>& names) {
    constexpr std::string_view quotes = "'\\";
    std::ignore = cursor.take('"');  // of "set_config"
    cursor.skip_gap();
    if (!cursor.at("(")) return;
    while (cursor.take('(')) cursor.skip_gap();
    std::ignore = cursor.take('E') || cursor.take('e');
    if (!cursor.at("'") && !cursor.at("\\")) return;
    cursor.skip_any(quotes);
    add(std::string(cursor.up_to(quotes)), names);
}

}  // namespace

bool is_custom_setting_name(std::string_view text) {
    if (text.size() > longest_name) return false;
    bool dotted = false;
    bool inside = false;  // of an identifier
    for (const char c : text) {
        if (c == '.') {
            if (!inside) return false;
            dotted = true;
            inside = false;
        } else if (inside ? continues_identifier(c) : starts_identifier(c)) {
            inside = true;
        } else {
            return false;
        }
    }
    return dotted && inside;
}

void collect_custom_settings(std::string_view sql, std::vector<std::string>& names) {
    Cursor cursor(sql);
    while (!cursor.at_end()) {
        const std::string word = cursor.word();
        if (word.empty()) {
            cursor.skip();
        } else if (word == "set") {
            take_set(cursor.ahead(), names);
        } else if (word == "set_config") {
            take_set_config(cursor.ahead(), names);
        }
    }
}

void collect_quoted_names(std::string_view sql, std::vector<std::string>& names) {
    for (std::size_t at = sql.find('\''); at != std::string_view::npos; at = sql.find('\'', at)) {
        const std::size_t end = sql.find('\'', ++at);
        if (end == std::string_view::npos) return;
        add(std::string(sql.substr(at, end - at)), names);
        at = end;
    }
}

}  // namespace pgweir::protocol
