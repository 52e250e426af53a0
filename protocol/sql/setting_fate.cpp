#include "protocol/sql/setting_fate.hpp"

#include <algorithm>

#include "protocol/sql/characters.hpp"
#include "protocol/sql/sql_reader.hpp"
#include "protocol/sql/sql_values.hpp"

namespace pgweir::protocol {

namespace {

constexpr std::string_view role = "role";
constexpr std::string_view session_authorization = "session_authorization";

// Key words that are no name of a setting where they stand, but may also be the first part of one.
bool take_key_word(SqlReader& reader, std::string_view word) {
    SqlReader behind = reader;
    if (!behind.take_word(word) || behind.ahead().is_sign(".")) return false;
    reader = behind;
    return true;
}

std::optional<std::string> take_name(SqlReader& reader) {
    std::optional<std::string> name = name_of(reader.ahead());
    if (name) reader.take();
    return name;
}

// The setting that SET or RESET is about, by its own name. Names of settings are found in any case.
// Nothing where the name is not certain.
std::optional<std::string> take_setting(SqlReader& reader) {
    if (take_key_word(reader, "time")) {
        return reader.take_word("zone") ? "timezone" : "time";
    }
    if (take_key_word(reader, "session")) {
        return std::string(reader.take_word("authorization") ? session_authorization : "session");
    }
    if (take_key_word(reader, "names")) return "client_encoding";
    if (take_key_word(reader, "schema")) return "search_path";
    std::optional<std::string> name = take_name(reader);
    while (name && reader.take_sign(".")) {
        const std::optional<std::string> part = take_name(reader);
        if (!part) return std::nullopt;
        *name += '.' + *part;
    }
    if (name) std::ranges::transform(*name, name->begin(), lower);
    return name;
}

bool is_identity(std::string_view name) {
    return name == role || name == session_authorization;
}

}  // namespace

SettingFates::SettingFates(std::string_view sql) {
    const StandardConformingStrings strings = reading_of(sql);
    if (strings == StandardConformingStrings::unknown) return;
    SqlReader reader(sql, strings);
    while (!reader.ahead().at_end()) {
        take_statement(reader);
        reader.skip_statement();
    }
}

void SettingFates::take_statement(SqlReader& reader) {
    if (reader.take_word("reset")) {
        take_reset(reader);
    } else if (reader.take_word("set")) {
        take_set(reader);
    } else if (reader.take_word("discard") && reader.take_word("all")) {
        resets_all_ = resets_identity_ = true;
        by_name_.clear();
    }
}

void SettingFates::take_reset(SqlReader& reader) {
    if (!take_key_word(reader, "all")) {
        note(take_setting(reader), SettingFate::reset);
        return;
    }
    resets_all_ = true;
    std::erase_if(by_name_, [](const auto& fate) { return !is_identity(fate.first); });
}

void SettingFates::take_set(SqlReader& reader) {
    take_key_word(reader, "local");
    std::optional<std::string> setting = take_setting(reader);
    if (setting == "session" && !reader.ahead().is_sign("=") && !reader.ahead().is_word("to"))
        setting = take_setting(reader);
    if (!reader.take_word("to")) reader.take_sign("=");
    // SET TIME ZONE LOCAL; a SET NAMES without a name.
    const bool resets = reader.at_end_of_statement() || reader.take_any_word({"default", "local"});
    note(setting, resets ? SettingFate::reset : SettingFate::set);
}

void SettingFates::note(const std::optional<std::string>& setting, SettingFate fate) {
    if (!setting) return;
    by_name_.insert_or_assign(*setting, fate);
    if (*setting == session_authorization) by_name_.insert_or_assign(std::string(role), fate);
}

SettingFate SettingFates::of(std::string_view name) const {
    const auto named = by_name_.find(name);
    if (named != by_name_.end()) return named->second;
    const bool resets = is_identity(name) ? resets_identity_ : resets_all_;
    return resets ? SettingFate::reset : SettingFate::untouched;
}

SettingFate fate_of_setting(std::string_view sql, std::string_view name) {
    return SettingFates(sql).of(name);
}

SettingScope scope_of_setting(std::string_view sql) {
    SqlReader reader(sql);
    reader.skip_empty_statements();
    if (!reader.is_in_last_statement()) return SettingScope::unknown;
    if (reader.take_word("reset")) return SettingScope::session;
    if (!reader.take_word("set")) return SettingScope::unknown;
    return take_key_word(reader, "local") ? SettingScope::transaction : SettingScope::session;
}

bool chains(std::string_view sql) {
    SqlReader reader(sql);
    reader.skip_empty_statements();
    if (!reader.is_in_last_statement()) return false;
    if (!reader.take_any_word({"rollback", "abort", "commit", "end"})) return false;
    reader.take_any_word({"work", "transaction"});
    return reader.take_word("and") && reader.take_word("chain");
}

}  // namespace pgweir::protocol
