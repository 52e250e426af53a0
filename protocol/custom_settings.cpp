#include "protocol/custom_settings.hpp"

#include <algorithm>
#include <tuple>

namespace pgweir::protocol {

namespace {

constexpr std::size_t longest_name = 200;

bool starts_identifier(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

bool continues_identifier(char c) {
    return starts_identifier(c) || (c >= '0' && c <= '9') || c == '$';
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

// Reads words and names from a text; never beyond its end.
class Cursor {
  public:
    explicit Cursor(std::string_view text) : text_(text) {}

    [[nodiscard]] bool at_end() const { return text_.empty(); }
    void skip() { text_.remove_prefix(1); }
    void skip_spaces() {
        while (!text_.empty() && is_space(text_.front())) skip();
    }
    void skip_all(char c) {
        while (!text_.empty() && text_.front() == c) skip();
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
    // What stands between here and the next quote.
    std::string_view up_to_quote() {
        const std::string_view inside = text_.substr(0, std::min(text_.find('\''), text_.size()));
        text_.remove_prefix(inside.size());
        return inside;
    }

  private:
    std::string_view text_;
};

void add(std::string name, std::vector<std::string>& names) {
    if (!is_custom_setting_name(name)) return;
    std::ranges::transform(name, name.begin(), lower);
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
}

// Behind SET: [SESSION | LOCAL] name { . name }
void take_set(Cursor& cursor, std::vector<std::string>& names) {
    cursor.skip_spaces();
    std::string name = cursor.name();
    if (name == "session" || name == "local") {
        cursor.skip_spaces();
        name = cursor.name();
    }
    while (cursor.take('.')) name += '.' + cursor.name();
    add(std::move(name), names);
}

// Behind set_config: ( 'name'. In dynamic SQL the quotes are doubled.
void take_set_config(Cursor& cursor, std::vector<std::string>& names) {
    cursor.skip_spaces();
    if (!cursor.take('(')) return;
    cursor.skip_spaces();
    std::ignore = cursor.take('E') || cursor.take('e');
    if (!cursor.take('\'')) return;
    cursor.skip_all('\'');
    add(std::string(cursor.up_to_quote()), names);
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
            take_set(cursor, names);
        } else if (word == "set_config") {
            take_set_config(cursor, names);
        }
    }
}

}  // namespace pgweir::protocol
