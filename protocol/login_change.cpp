#include "protocol/login_change.hpp"

#include <algorithm>
#include <array>

namespace pgweir::protocol {

namespace {

constexpr std::string_view spaces = " \t\r\n\f\v";

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

void skip_spaces(std::string_view& sql) {
    sql.remove_prefix(std::min(sql.find_first_not_of(spaces), sql.size()));
}

// In lower case; empty where something else comes.
std::string take_word(std::string_view& sql) {
    skip_spaces(sql);
    std::string word;
    while (!sql.empty() && is_word(sql.front())) {
        word += lower(sql.front());
        sql.remove_prefix(1);
    }
    return word;
}

// A name as PostgreSQL reads it; nothing where it is no plain one.
std::optional<std::string> take_name(std::string_view& sql) {
    skip_spaces(sql);
    if (!sql.starts_with('"')) {
        static constexpr std::array<std::string_view, 5> not_names{
            "all", "current_role", "current_user", "session_user", "user"};
        std::string word = take_word(sql);
        if (word.empty() || std::ranges::find(not_names, word) != not_names.end()) return {};
        return word;
    }
    std::string name;
    for (std::size_t i = 1; i < sql.size(); ++i) {
        if (sql[i] == '"') {
            if (i + 1 == sql.size() || sql[i + 1] != '"') {
                sql.remove_prefix(i + 1);
                return name;
            }
            ++i;
        }
        name += sql[i];
    }
    return {};
}

bool is_several(std::string_view sql) {
    const std::size_t last = sql.find_last_not_of(spaces);
    const std::size_t end = sql.find(';');
    return (end != std::string_view::npos && end != last) ||
           sql.find("--") != std::string_view::npos || sql.find("/*") != std::string_view::npos;
}

}  // namespace

bool changes_logins(std::string_view tag) {
    return tag == "ALTER ROLE" || tag == "ALTER DATABASE" || tag == "CREATE ROLE" ||
           tag == "DROP ROLE";
}

LoginChange login_change(std::string_view sql) {
    if (is_several(sql)) return {};
    const std::string verb = take_word(sql);
    if (verb != "alter" && verb != "create" && verb != "drop") return {};
    const std::string kind = take_word(sql);
    const bool is_role = kind == "role" || kind == "user";
    if (!is_role && kind != "database") return {};
    if (verb == "drop") {
        std::string_view rest = sql;
        if (take_word(rest) == "if" && take_word(rest) == "exists") sql = rest;
    }
    std::optional<std::string> name = take_name(sql);
    skip_spaces(sql);
    if (!name || sql.starts_with(',')) return {};
    return is_role ? LoginChange{.role = std::move(name), .database = {}}
                   : LoginChange{.role = {}, .database = std::move(name)};
}

}  // namespace pgweir::protocol
