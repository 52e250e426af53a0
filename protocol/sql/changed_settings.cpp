#include "protocol/sql/changed_settings.hpp"

#include <algorithm>
#include <cctype>

#include "protocol/sql/named_effects.hpp"
#include "protocol/sql/session_effects.hpp"
#include "protocol/sql/setting_fate.hpp"
#include "protocol/sql/sql_reader.hpp"
#include "protocol/sql/sql_values.hpp"

namespace pgweir::protocol {

namespace {

using Names = std::vector<std::string>;

std::string in_lower_case(std::string name) {
    std::ranges::transform(name, name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return name;
}

// Behind the word set_config. False where the name is not a constant by itself.
bool take_set_config(SqlReader& reader, Names& names) {
    if (!reader.take_sign("(") || !reader.ahead().is_string()) return false;
    const std::optional<std::string> name = value_of(reader.take());
    if (!name || !reader.ahead().is_sign(",")) return false;
    names.push_back(in_lower_case(*name));
    return true;
}

// A statement that is neither SET nor RESET. False where it may change what it does not name.
bool take_other_statement(SqlReader& reader, const NamedEffects& effects, Names& names) {
    while (!reader.at_end_of_statement()) {
        const Token token = reader.take();
        if (token.is_open()) return false;
        const bool quoted = token.is_quoted_identifier();
        if (token.kind != TokenKind::identifier && !quoted) continue;
        const std::optional<std::string> word = name_of(token);
        // An UPDATE of the view is a SET; set_limit is pg_trgm's.
        if (!word || *word == "pg_settings" || *word == "set_limit") return false;
        if (effects.find(*word).any()) return false;
        if (*word == "set_config" && (quoted || !take_set_config(reader, names))) return false;
    }
    return true;
}

}  // namespace

std::optional<Names> changed_settings(std::string_view sql, const NamedEffects* effects) {
    constexpr Effects unseen =
        Effect::runs_unseen | Effect::names_statement | Effect::changes_catalogue | Effect::sticky;
    if (effects == nullptr || effects->of_any_statement().any()) return std::nullopt;
    if (look_at(sql, effects).only(unseen).any()) return std::nullopt;
    const SettingFates fates(sql);
    if (fates.touches_all()) return std::nullopt;
    Names names;
    fates.for_each_named([&](const std::string& name) { names.push_back(name); });
    SqlReader reader(sql);
    for (reader.skip_empty_statements(); !reader.ahead().at_end(); reader.skip_empty_statements()) {
        if (reader.take_any_word({"discard", "do"})) return std::nullopt;
        if (reader.take_any_word({"set", "reset"})) {
            while (!reader.at_end_of_statement())
                if (reader.take().is_open()) return std::nullopt;
        } else if (!take_other_statement(reader, *effects, names)) {
            return std::nullopt;
        }
    }
    return names;
}

}  // namespace pgweir::protocol
