// What the text of a request plainly does to a setting.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pgweir::protocol {

class SqlReader;

enum class SettingFate : std::uint8_t {
    untouched,  ///< or changed by something that only running it would show, such as a function
    set,        ///< to a value
    reset,      ///< to what the session began with
};

/// What a text, of one statement or several, does to settings: the last of its RESET, SET and
/// DISCARD ALL that are about one decides. RESET ALL leaves `role` and `session_authorization`
/// alone; what changes the latter changes `role` as well ("SET SESSION AUTHORIZATION"). The text is
/// read once, however many settings are asked for. A text that standard_conforming_strings gives
/// two meanings (see reading_of) touches nothing plainly.
class SettingFates {
  public:
    explicit SettingFates(std::string_view sql);

    /// Of a setting (in lower case).
    [[nodiscard]] SettingFate of(std::string_view name) const;
    /// There are settings that it touches without naming them.
    [[nodiscard]] bool touches_all() const { return resets_all_; }
    /// Calls `act(name)` for each that is named.
    template <class Act>
    void for_each_named(Act act) const {
        for (const auto& [name, fate] : by_name_) act(name);
    }

  private:
    void take_statement(SqlReader& reader);
    void take_reset(SqlReader& reader);
    void take_set(SqlReader& reader);
    void note(const std::optional<std::string>& setting, SettingFate fate);

    std::map<std::string, SettingFate, std::less<>> by_name_;  ///< named since the last of all
    bool resets_all_ = false;
    bool resets_identity_ = false;
};

/// The same for one setting.
[[nodiscard]] SettingFate fate_of_setting(std::string_view sql, std::string_view name);

/// How far a statement that sets or resets reaches.
enum class SettingScope : std::uint8_t {
    unknown,  ///< not of one SET or RESET alone
    session,
    transaction,  ///< SET LOCAL
};

/// The scope of `sql`, if that is one SET or RESET and nothing else.
[[nodiscard]] SettingScope scope_of_setting(std::string_view sql);

/// Whether `sql` is one statement that ends a transaction and begins the next ("ROLLBACK": AND
/// CHAIN).
[[nodiscard]] bool chains(std::string_view sql);

}  // namespace pgweir::protocol
