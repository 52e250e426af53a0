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
    [[nodiscard]] std::string_view rest() const { return text_; }
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
    if (!is_custom_setting_name(name) || names.size() >= most_custom_settings) return;
    std::ranges::transform(name, name.begin(), lower);
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
}

// Behind SET: [SESSION | LOCAL] name { . name }. Both words may also be the first of a name. False
// if what stands there may become a name only when it runs: format('SET %I …'), 'SET ' || x,
// SET U&"…".
bool take_set(Cursor cursor, std::vector<std::string>& names) {
    cursor.skip_gap();
    Cursor behind = cursor;
    const std::string scope = behind.word();
    behind.skip_gap();
    if ((scope == "session" || scope == "local") && !behind.at(".")) cursor = behind;
    if (cursor.at("%") || cursor.at("'") || cursor.at("|") || cursor.at("$") || cursor.at("\\"))
        return false;
    std::string name = cursor.name();
    if (name == "u" && cursor.at("&")) return false;
    cursor.skip_gap();
    while (cursor.take('.')) {
        cursor.skip_gap();
        const std::string part = cursor.name();
        if (part.empty() || (part == "u" && cursor.at("&"))) return false;
        name += '.' + part;
        cursor.skip_gap();
    }
    if (cursor.at("%") || cursor.at("||")) return false;
    add(std::move(name), names);
    return true;
}

// The arguments up to the parenthesis that closes, so far as that can be told.
std::string_view arguments(std::string_view text) {
    std::size_t depth = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '(') ++depth;
        if (text[at] == ')' && --depth == 0) return text.substr(0, at);
    }
    return {};
}

// Whether set_config() is told that the value is for the transaction: `…, true)`.
bool is_local(std::string_view call) {
    std::string_view told = arguments(call);
    while (!told.empty() && is_space(told.back())) told.remove_suffix(1);
    if (!told.ends_with("true") && !told.ends_with("TRUE")) return false;
    told.remove_suffix(std::string_view("true").size());
    while (!told.empty() && is_space(told.back())) told.remove_suffix(1);
    return told.ends_with(',');
}

// Behind set_config: ( 'name'. In dynamic SQL the quotes are doubled. A parameter's value is seen
// in the Bind. False where the name cannot be read.
bool take_set_config(Cursor cursor, std::vector<std::string>& names) {
    std::ignore = cursor.take('"');  // of "set_config"
    cursor.skip_gap();
    if (cursor.at(")") || cursor.at(",") || cursor.at("'")) return true;  // it is no call
    if (!cursor.at("(")) return !cursor.at_end() && !cursor.at("/") && !cursor.at("-");
    const std::string_view call = cursor.rest();
    while (cursor.take('(')) cursor.skip_gap();
    if (cursor.at("$")) return !cursor.at("$$");
    std::ignore = cursor.take('E') || cursor.take('e');
    if (!cursor.at("'") && !cursor.at("\\'")) return is_local(call);
    cursor.skip_any("'\\");
    const std::string_view name = cursor.up_to("'\\");
    cursor = Cursor(cursor.rest().substr(name.size()));
    const bool ends = cursor.at_end() || cursor.at("'") || cursor.at("\\'");
    if (!ends) return is_local(call);
    cursor.skip_any("'\\");
    cursor.skip_gap();
    // The catalogue shows an expression with its casts: 'app.user'::text.
    if (cursor.take(':') && cursor.take(':')) std::ignore = cursor.word();
    cursor.skip_gap();
    while (cursor.take(')')) cursor.skip_gap();
    if (!cursor.at_end() && !cursor.at(",")) return is_local(call);
    add(std::string(name), names);
    return true;
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

NamesSeen collect_custom_settings(std::string_view sql, std::vector<std::string>& names) {
    NamesSeen seen;
    Cursor cursor(sql);
    while (!cursor.at_end()) {
        if (names.size() >= most_custom_settings) {
            seen.of_set_config = false;
            return seen;
        }
        const std::string word = cursor.word();
        if (word.empty()) {
            cursor.skip();
        } else if (word == "set") {
            seen.of_set = take_set(cursor.ahead(), names) && seen.of_set;
        } else if (word == "set_config") {
            seen.of_set_config = take_set_config(cursor.ahead(), names) && seen.of_set_config;
        }
    }
    return seen;
}

void collect_settings_read(std::string_view sql, std::vector<std::string>& names) {
    Cursor cursor(sql);
    while (!cursor.at_end()) {
        const std::string word = cursor.word();
        if (word.empty()) {
            cursor.skip();
        } else if (word == "current_setting") {
            Cursor call = cursor.ahead();
            call.skip_any(" (E'\\");
            add(std::string(call.up_to("'\\")), names);
        }
    }
}

void collect_quoted_names(std::string_view sql, std::vector<std::string>& names) {
    for (std::size_t at = sql.find('\''); at != std::string_view::npos; at = sql.find('\'', at)) {
        if (names.size() >= most_custom_settings) return;
        const std::size_t end = sql.find('\'', ++at);
        if (end == std::string_view::npos) return;
        add(std::string(sql.substr(at, end - at)), names);
        at = end;
    }
}

}  // namespace pgweir::protocol
