#include "protocol/custom_settings.hpp"

#include <algorithm>
#include <tuple>

#include "protocol/effect_words.hpp"
#include "protocol/lead_in.hpp"

namespace pgweir::protocol {

namespace {

// PostgreSQL cuts longer identifiers (NAMEDATALEN - 1).
constexpr std::size_t longest_identifier = 63;

// How much of the text is white space and comments; block comments nest.
std::size_t gap_size(std::string_view text) {
    std::size_t depth = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::string_view rest = text.substr(at);
        if (rest.starts_with("/*")) {
            ++depth;
            at += 2;
        } else if (depth > 0) {
            const bool ends = rest.starts_with("*/");
            if (ends) --depth;
            at += ends ? 2 : 1;
        } else if (rest.starts_with("--")) {
            while (at < text.size() && !is_line_end(text[at])) ++at;
        } else if (is_space(text[at])) {
            ++at;
        } else {
            break;
        }
    }
    return at;
}

// Reads words and names from a text; never beyond its end. `budget`: how much of gaps may be read,
// in all.
class Cursor {
  public:
    Cursor(std::string_view text, std::size_t& budget) : text_(text), budget_(&budget) {}

    [[nodiscard]] bool at_end() const { return text_.empty(); }
    [[nodiscard]] bool at(std::string_view what) const { return text_.starts_with(what); }
    // To look at what follows without reading it; only as far as a name can reach, so that a text
    // full of beginnings is not read once for each of them. Gaps do not count.
    [[nodiscard]] Cursor ahead() const {
        Cursor window = *this;
        window.text_ = text_.substr(0, furthest);
        window.beyond_ = text_.size() - window.text_.size();
        return window;
    }
    // The text goes on where this does not look: anything may stand there.
    [[nodiscard]] bool is_cut() const { return text_.empty() && beyond_ > 0; }
    void skip(std::size_t count = 1) { text_.remove_prefix(count); }
    // White space and comments. What follows is looked at from there on.
    void skip_gap() {
        if (is_cut()) return;
        const std::string_view rest(text_.data(), text_.size() + beyond_);
        const std::size_t reach = std::min(rest.size(), *budget_);
        const std::size_t size = gap_size(rest.substr(0, reach));
        *budget_ -= size;
        const bool ends = size < reach || reach == rest.size();
        text_ = rest.substr(size, ends ? furthest : 0);
        beyond_ = rest.size() - size - text_.size();
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

    std::string_view text_;
    std::size_t beyond_ = 0;  // how much of the text comes behind that
    std::size_t* budget_;
};

// As PostgreSQL cuts it; false where that depends on the encoding.
bool cut_identifier(std::string& identifier) {
    if (identifier.size() <= longest_identifier) return true;
    identifier.resize(longest_identifier);
    return std::ranges::all_of(identifier, [](char c) { return (c & 0x80) == 0; });
}

// False if it is a name that is too long to be remembered.
bool add(std::string name, std::vector<std::string>& names) {
    if (!is_custom_setting_name(name)) return true;
    if (name.size() > longest_custom_setting || names.size() >= most_custom_settings) return false;
    std::ranges::transform(name, name.begin(), lower);
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
    return true;
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
    bool is_plain = cut_identifier(name);
    cursor.skip_gap();
    while (cursor.take('.')) {
        cursor.skip_gap();
        std::string part = cursor.name();
        is_plain = cut_identifier(part) && is_plain;
        if (part.empty() || (part == "u" && cursor.at("&"))) return false;
        name += '.' + part;
        cursor.skip_gap();
    }
    if (cursor.at("%") || cursor.at("||") || cursor.is_cut() || !is_plain) return false;
    return add(std::move(name), names);
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
    cursor.skip(name.size());
    const bool ends = cursor.at_end() || cursor.at("'") || cursor.at("\\'");
    if (!ends) return is_local(call);
    cursor.skip_any("'\\");
    cursor.skip_gap();
    // The catalogue shows an expression with its casts: 'app.user'::text.
    if (cursor.take(':') && cursor.take(':')) std::ignore = cursor.word();
    cursor.skip_gap();
    while (cursor.take(')')) cursor.skip_gap();
    if (cursor.is_cut() || (!cursor.at_end() && !cursor.at(","))) return is_local(call);
    return add(std::string(name), names) || is_local(call);
}

}  // namespace

bool is_custom_setting_name(std::string_view text) {
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
    std::size_t budget = 4 * sql.size();  // enough for each, as they are read here
    Cursor cursor(sql, budget);
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
    std::size_t budget = 0;
    Cursor cursor(sql, budget);
    while (!cursor.at_end()) {
        const std::string word = cursor.word();
        if (word.empty()) {
            cursor.skip();
        } else if (word == "current_setting") {
            Cursor call = cursor.ahead();
            call.skip_any(" (E'\\");
            std::ignore = add(std::string(call.up_to("'\\")), names);
        }
    }
}

bool collect_quoted_names(std::string_view sql, std::vector<std::string>& names) {
    bool all = true;
    for (std::size_t at = sql.find('\''); at != std::string_view::npos; at = sql.find('\'', at)) {
        if (names.size() >= most_custom_settings) return all;
        const std::size_t end = sql.find('\'', ++at);
        if (end == std::string_view::npos) return all;
        all = add(std::string(sql.substr(at, end - at)), names) && all;
        at = end;
    }
    return all;
}

}  // namespace pgweir::protocol
