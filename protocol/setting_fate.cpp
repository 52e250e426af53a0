#include "protocol/setting_fate.hpp"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <tuple>

#include "protocol/effect_words.hpp"
#include "protocol/normalised_text.hpp"

namespace pgweir::protocol {

namespace {

constexpr std::string_view role = "role";
constexpr std::string_view session_authorization = "session_authorization";

// In lower case, and without the quotes of identifiers: settings are found in any case.
std::string plain_text(std::string_view sql) {
    std::string text = normalised_text(sql, sql.size() + 1);
    std::erase(text, '"');
    std::ranges::transform(text, text.begin(), lower);
    return text;
}

// Reads a statement word by word; `=` is a word too.
class Words {
  public:
    explicit Words(std::string_view statement) : rest_(statement) {}

    // Empty at the end.
    std::string_view next() {
        const std::string_view word = ahead();
        skip_spaces();
        rest_.remove_prefix(word.size());
        return word;
    }
    bool take_any(std::initializer_list<std::string_view> words) {
        return std::ranges::any_of(words, [this](std::string_view word) { return take(word); });
    }
    bool take(std::string_view word) {
        if (ahead() != word) return false;
        next();
        return true;
    }

  private:
    [[nodiscard]] std::string_view ahead() {
        skip_spaces();
        if (rest_.starts_with('=')) return rest_.substr(0, 1);
        return rest_.substr(0, rest_.find_first_of(" ="));
    }
    void skip_spaces() {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
    }

    std::string_view rest_;
};

// The setting that SET or RESET is about, by its own name.
std::string_view setting_of(Words& words) {
    const std::string_view name = words.next();
    if (name == "time" && words.take("zone")) return "timezone";
    if (name == "session" && words.take("authorization")) return session_authorization;
    if (name == "names") return "client_encoding";
    return name == "schema" ? "search_path" : name;
}

bool is_identity(std::string_view name) {
    return name == role || name == session_authorization;
}

// The one statement of a text; nothing, if there are several.
std::optional<std::string_view> only_statement(std::string_view text) {
    const std::size_t end = text.find(';');
    const bool more = end < text.size() && text.find_first_not_of("; ", end) < text.size();
    return more ? std::nullopt : std::optional(text.substr(0, end));
}

}  // namespace

SettingFates::SettingFates(std::string_view sql) {
    const std::string text = plain_text(sql);
    for (std::string_view rest = text; !rest.empty();) {
        const std::string_view statement = rest.substr(0, rest.find(';'));
        rest.remove_prefix(std::min(statement.size() + 1, rest.size()));
        take_statement(statement);
    }
}

void SettingFates::take_statement(std::string_view statement) {
    Words words(statement);
    if (words.take("reset")) {
        const std::string_view setting = setting_of(words);
        if (setting != "all") {
            note(setting, SettingFate::reset);
            return;
        }
        resets_all_ = true;
        std::erase_if(by_name_, [](const auto& fate) { return !is_identity(fate.first); });
    } else if (words.take("set")) {
        std::ignore = words.take("local");
        std::string_view setting = setting_of(words);
        if (setting == "session") setting = setting_of(words);
        std::ignore = words.take("to") || words.take("=");
        // SET TIME ZONE LOCAL; a SET NAMES without a name.
        const std::string_view value = words.next();
        const bool resets = value == "default" || value == "local" || value.empty();
        note(setting, resets ? SettingFate::reset : SettingFate::set);
    } else if (words.take("discard") && words.take("all")) {
        resets_all_ = resets_identity_ = true;
        by_name_.clear();
    }
}

void SettingFates::note(std::string_view setting, SettingFate fate) {
    by_name_.insert_or_assign(std::string(setting), fate);
    if (setting == session_authorization) by_name_.insert_or_assign(std::string(role), fate);
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
    const std::string text = plain_text(sql);
    Words words(only_statement(text).value_or(""));
    if (words.take("reset")) return SettingScope::session;
    if (!words.take("set")) return SettingScope::unknown;
    return words.take("local") ? SettingScope::transaction : SettingScope::session;
}

bool chains(std::string_view sql) {
    const std::string text = plain_text(sql);
    Words words(only_statement(text).value_or(""));
    if (!words.take_any({"rollback", "abort", "commit", "end"})) return false;
    words.take_any({"work", "transaction"});
    return words.take("and") && words.take("chain");
}

}  // namespace pgweir::protocol
