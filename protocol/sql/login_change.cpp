#include "protocol/sql/login_change.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "protocol/sql/sql_reader.hpp"
#include "protocol/sql/sql_values.hpp"

namespace pgweir::protocol {

namespace {

// The name of a role or database; nothing where there is none, or where it stands for another.
std::optional<std::string> take_login_name(SqlReader& reader) {
    static constexpr std::array<std::string_view, 5> not_names{
        "all", "current_role", "current_user", "session_user", "user"};
    const Token token = reader.take();
    const auto is = [&](std::string_view word) { return token.is_word(word); };
    if (std::ranges::any_of(not_names, is)) return std::nullopt;
    // Its escape may be another than the backslash.
    if (reader.ahead().is_word("uescape")) return std::nullopt;
    return name_of(token);
}

}  // namespace

bool changes_logins(std::string_view tag) {
    return tag == "ALTER ROLE" || tag == "ALTER DATABASE" || tag == "CREATE ROLE" ||
           tag == "DROP ROLE";
}

LoginChange login_change(std::string_view sql) {
    SqlReader reader(sql);
    reader.skip_empty_statements();
    if (!reader.is_in_last_statement()) return {};
    const bool drops = reader.take_word("drop");
    if (!drops && !reader.take_any_word({"alter", "create"})) return {};
    const bool is_role = reader.take_any_word({"role", "user"});
    if (!is_role && !reader.take_word("database")) return {};
    if (drops) {
        SqlReader behind = reader;
        if (behind.take_word("if") && behind.take_word("exists")) reader = behind;
    }
    std::optional<std::string> name = take_login_name(reader);
    if (!name || reader.ahead().is_sign(",")) return {};
    return is_role ? LoginChange{.role = std::move(name), .database = {}}
                   : LoginChange{.role = {}, .database = std::move(name)};
}

}  // namespace pgweir::protocol
