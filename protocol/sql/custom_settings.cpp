#include "protocol/sql/custom_settings.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

#include "protocol/sql/effect_words.hpp"
#include "protocol/sql/sql_reader.hpp"
#include "protocol/sql/sql_values.hpp"

namespace pgweir::protocol {

namespace {

// How much of the text is white space and comments.
std::size_t gap_size(std::string_view text) {
    SqlLexer lexer(text);
    while (lexer.at_gap()) std::ignore = lexer.next();
    return text.size() - lexer.rest().size();
}

// A part of a name or a number: nothing that ends a string or begins a comment.
bool is_plain(char c) {
    return starts_identifier(c) || is_digit(c) || c == '.';
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
    [[nodiscard]] bool at_any(std::string_view characters) const {
        return !text_.empty() && characters.find(text_.front()) != std::string_view::npos;
    }
    [[nodiscard]] bool at_plain() const { return !text_.empty() && is_plain(text_.front()); }
    // In a gap there was what may end it early in a string that is run.
    [[nodiscard]] bool passed_odd() const { return passed_odd_; }
    void skip(std::size_t count = 1) { text_.remove_prefix(count); }
    // White space and comments. What follows is looked at from there on.
    void skip_gap() {
        if (is_cut()) return;
        const std::string_view rest(text_.data(), text_.size() + beyond_);
        const std::size_t reach = std::min(rest.size(), *budget_);
        const std::size_t size = gap_size(rest.substr(0, reach));
        *budget_ -= size;
        passed_odd_ =
            passed_odd_ || rest.substr(0, size).find_first_of("'\\$") != std::string_view::npos;
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
    std::string_view take_all(std::string_view characters) {
        const std::string_view before = text_;
        skip_any(characters);
        return before.substr(0, before.size() - text_.size());
    }
    std::string_view take_plain() {
        const std::string_view before = text_;
        while (at_plain()) skip();
        return before.substr(0, before.size() - text_.size());
    }
    // The identifier that begins here, quoted or not. Another token is not taken.
    Token take_identifier() {
        const Token token = SqlLexer(text_).next();
        if (token.kind != TokenKind::identifier && token.kind != TokenKind::quoted_identifier)
            return {};
        skip(token.text.size());
        return token;
    }
    // The word that begins here, in lower case; empty if there is none.
    // In code a `$` may end a dollar quote's tag.
    std::string code_word() {
        std::string word;
        if (text_.empty() || !starts_identifier(text_.front())) return word;
        while (!text_.empty() && in_word(text_.front())) {
            word += lower(text_.front());
            skip();
        }
        return word;
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
    bool passed_odd_ = false;
    std::size_t* budget_;
};

// False if it is a name that is too long to be remembered.
bool add(std::string name, std::vector<std::string>& names) {
    if (!is_custom_setting_name(name)) return true;
    if (name.size() > longest_custom_setting || names.size() >= most_custom_settings) return false;
    std::ranges::transform(name, name.begin(), lower);
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
    return true;
}

// Up to version 13 PostgreSQL takes any name that has a dot.
bool is_known_form(std::string_view name) {
    return is_custom_setting_name(name) || name.find('.') == std::string_view::npos;
}

// Adds to `name` the identifier that is here. False if it may be another when it runs: U&"…", or
// what stands between two strings of code.
bool take_identifier(Cursor& cursor, std::string& name) {
    const std::optional<std::string> part = name_of(cursor.take_identifier());
    if (!part) return false;
    name += *part;
    return std::ranges::all_of(*part, [](char c) { return is_plain(c) || c == '$'; });
}

// What stands behind the name in SET a = 1, SET search_path TO b, UPDATE t SET a[1] = 2, or where
// the word is not SQL's.
bool may_follow_name(const Cursor& cursor) {
    if (cursor.at_end()) return !cursor.is_cut();
    return cursor.at_any("=,;:[()") || (cursor.at_plain() && !cursor.at("."));
}

// Behind SET: [SESSION | LOCAL] name { . name }. Both words may also be the first of a name. False
// if what stands there may become a name only when it runs: format('SET %I …'), 'SET ' || x,
// SET U&"…".
bool take_set(Cursor cursor, std::vector<std::string>& names) {
    cursor.skip_gap();
    Cursor behind = cursor;
    const Token scope = behind.take_identifier();
    behind.skip_gap();
    if ((scope.is_word("session") || scope.is_word("local")) && !behind.at(".")) cursor = behind;
    // The word "set" by itself.
    if (cursor.at_any("=,;.()") || (cursor.at_end() && !cursor.is_cut())) return true;
    std::string name;
    bool plain = take_identifier(cursor, name);
    bool dotted = false;
    cursor.skip_gap();
    while (cursor.take('.')) {
        dotted = true;
        cursor.skip_gap();
        name += '.';
        plain = take_identifier(cursor, name) && plain;
        cursor.skip_gap();
    }
    if (cursor.is_cut()) return false;
    const bool added = add(name, names);
    if (!plain || !added || !is_known_form(name)) return false;
    if (!dotted) {
        const bool is_identity = name == "role" || name == "authorization";
        return may_follow_name(cursor) || (is_identity && cursor.at_any("\"'"));
    }
    return cursor.at("=") || cursor.take_identifier().is_word("to");
}

// An argument that is read alike whatever stands around it: 'app.user', a variable, a number, $1.
// A string in a string has its quotes doubled.
struct Argument {
    std::string_view text;  // without quotes; empty if it is another
    bool quoted;
    [[nodiscard]] bool is_parameter() const { return text.starts_with('$'); }
};

Argument take_argument(Cursor& cursor) {
    const std::size_t quotes = cursor.take_all("'").size();
    if (quotes == 0 && cursor.at("$")) {
        const std::string_view begin = cursor.rest();
        cursor.skip();
        const std::size_t digits = cursor.take_all("0123456789").size();
        return {.text = digits == 0 ? "" : begin.substr(0, 1 + digits), .quoted = false};
    }
    const std::string_view text = cursor.take_plain();
    const bool closed = cursor.take_all("'").size() == quotes && (quotes & (quotes - 1)) == 0;
    return {.text = closed ? text : "", .quoted = quotes > 0};
}

// Whether it is `( 'name' , …`, with this and nothing else as the first argument, or a parameter
// whose value is seen in the Bind.
bool tells_name(Cursor cursor, bool bound) {
    const Argument name = take_argument(cursor);
    if (name.text.empty() || !is_known_form(name.text)) return false;
    if (!name.quoted && !(name.is_parameter() && bound)) return false;
    // As the catalogue shows it.
    constexpr std::string_view cast = "::text";
    if (name.quoted && cursor.at(cast)) cursor.skip(cast.size());
    cursor.skip_gap();
    return cursor.at(",") && !cursor.passed_odd();
}

// Whether set_config() is told that the value is for the transaction: `( x , y , true )`.
bool is_local(Cursor cursor) {
    for (int i = 0; i < 2; ++i) {
        if (take_argument(cursor).text.empty()) return false;
        cursor.skip_gap();
        if (!cursor.take(',')) return false;
        cursor.skip_gap();
    }
    std::string local(take_argument(cursor).text);
    std::ranges::transform(local, local.begin(), lower);
    cursor.skip_gap();
    return local == "true" && cursor.at(")") && !cursor.passed_odd();
}

// Behind set_config. In dynamic SQL the quotes are doubled. False where the name cannot be read:
// all but the plainest of calls. `bound`: a parameter's value is seen in the Bind.
bool take_set_config(Cursor cursor, std::vector<std::string>& names, bool bound) {
    std::ignore = cursor.take('"');  // of "set_config"
    cursor.skip_gap();
    if (!cursor.take('(')) return false;
    cursor.skip_gap();
    const Cursor arguments = cursor;
    while (cursor.take('(')) cursor.skip_gap();
    std::ignore = cursor.take('E') || cursor.take('e');
    cursor.skip_any("'\\");
    const bool added = add(std::string(cursor.up_to("'\\")), names);
    return (added && tells_name(arguments, bound)) || is_local(arguments);
}

// Up to where a parameter in the text of a Parse is one that is bound: not in a string that may be
// run, and not in PREPARE, DO or CREATE FUNCTION, whose parameters are others.
std::size_t end_of_bound(std::string_view sql) {
    SqlReader reader(sql);
    reader.skip_empty_statements();
    if (!reader.take_any_word({"select", "with", "insert", "update", "delete"})) return 0;
    Token token = reader.take();
    while (!token.at_end() && !token.is_string()) token = reader.take();
    return static_cast<std::size_t>(token.text.data() - sql.data());
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

NamesSeen collect_custom_settings(std::string_view sql, std::vector<std::string>& names,
                                  Parameters parameters) {
    NamesSeen seen;
    std::size_t budget = 4 * sql.size();  // enough for each, as they are read here
    const std::size_t bound = parameters == Parameters::bound ? end_of_bound(sql) : 0;
    Cursor cursor(sql, budget);
    while (!cursor.at_end()) {
        if (names.size() >= most_custom_settings) {
            seen.of_set_config = false;
            return seen;
        }
        const std::size_t at = sql.size() - cursor.rest().size();
        const std::string word = cursor.code_word();
        if (word.empty()) {
            cursor.skip();
        } else if (word == "set") {
            seen.of_set = take_set(cursor.ahead(), names) && seen.of_set;
        } else if (word == "set_config") {
            seen.of_set_config =
                take_set_config(cursor.ahead(), names, at < bound) && seen.of_set_config;
        }
    }
    return seen;
}

void collect_settings_read(std::string_view sql, std::vector<std::string>& names) {
    std::size_t budget = 0;
    Cursor cursor(sql, budget);
    while (!cursor.at_end()) {
        const std::string word = cursor.code_word();
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
    const auto take = [&](std::string name) {
        all = (names.size() >= most_custom_settings || add(std::move(name), names)) && all;
    };
    SqlReader reader(sql);
    for (Token token = reader.take(); !token.at_end(); token = reader.take()) {
        if (std::optional<std::string> value = value_of(token)) take(std::move(*value));
    }
    // In a string of code, whose quotes may be doubled, and where it is not certain which quote
    // begins a string and which one ends it.
    std::size_t begin = sql.find('\'');
    while (begin != std::string_view::npos && names.size() < most_custom_settings) {
        const std::size_t end = sql.find('\'', ++begin);
        if (end == std::string_view::npos) break;
        take(std::string(sql.substr(begin, end - begin)));
        begin = end;
    }
    return all;
}

}  // namespace pgweir::protocol
