#include "conf/options/difference.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

#include "conf/file/connection_keywords.hpp"
#include "conf/options/option_table.hpp"

namespace pgweir::conf {
namespace {

constexpr std::string_view unset = "(unset)";

std::string change(std::string_view name, std::string_view before, std::string_view after) {
    std::string text{name};
    text += ": ";
    text += before;
    text += " -> ";
    text += after;
    return text;
}

/// Calls `f` with the elements of both lists by name, nullptr where one has none.
template <class T, class Key, class F>
void for_each_pair(const std::vector<T>& before, const std::vector<T>& after, Key key, F f) {
    std::map<std::string_view, std::pair<const T*, const T*>> pairs;
    for (const T& element : before) pairs[element.*key].first = &element;
    for (const T& element : after) pairs[element.*key].second = &element;
    for (const auto& [name, pair] : pairs) f(name, pair.first, pair.second);
}

/// The rules of a file as they are written, with what the texts do not show.
std::vector<std::pair<std::string, LdapOptions>> written(const Hba* hba) {
    std::vector<std::pair<std::string, LdapOptions>> lines;
    if (hba == nullptr) return lines;
    for (const HbaRule& rule : hba->rules()) lines.emplace_back(rule.text, rule.ldap);
    return lines;
}

class Comparison {
  public:
    Comparison(const Config& before, const Config& after) : before_{before}, after_{after} {}

    Difference run() {
        compare_globals();
        if (before_.userlist != after_.userlist) {
            result_.changes.emplace_back("auth.auth_file: its content has changed");
        }
        if (written(before_.hba.get()) != written(after_.hba.get())) {
            result_.changes.emplace_back("auth.auth_hba_file: its rules have changed");
        }
        if (before_.ident_maps->lines() != after_.ident_maps->lines()) {
            result_.changes.emplace_back("auth.auth_ident_file: its maps have changed");
        }
        for_each_pair(before_.databases, after_.databases, &Database::name,
                      [&](auto name, const Database* before, const Database* after) {
                          const std::string path = "databases." + std::string{name};
                          if (both(path, before, after)) compare(path, *before, *after);
                      });
        for_each_pair(before_.users, after_.users, &User::name,
                      [&](auto name, const User* before, const User* after) {
                          const std::string path = "users." + std::string{name};
                          if (both(path, before, after)) compare(path, *before, *after);
                      });
        return std::move(result_);
    }

  private:
    void compare_globals() {
        for (const Option& option : options()) {
            const Value before = get(option, before_);
            const Value after = get(option, after_);
            if (before == after) continue;
            result_.changes.push_back(
                change(option.path, format_value(option, before), format_value(option, after)));
            if (option.reload == Reload::needs_restart) {
                result_.needs_restart.push_back(result_.changes.back());
            }
        }
    }

    /// True if there are both; else notes that there is one.
    bool both(const std::string& path, const void* before, const void* after) {
        if (before != nullptr && after != nullptr) return true;
        result_.changes.push_back(path + (before == nullptr ? ": added" : ": removed"));
        return false;
    }

    void compare(const std::string& path, const Database& before, const Database& after) {
        for_each_pair(before.connection, after.connection, &ConnectionKeyword::first,
                      [&](auto name, const ConnectionKeyword* old, const ConnectionKeyword* now) {
                          if (old != nullptr && now != nullptr && *old == *now) return;
                          const auto shown = [](const ConnectionKeyword* keyword) {
                              if (keyword == nullptr) return std::string{unset};
                              return is_secret_keyword(keyword->first) ? std::string{"(secret)"}
                                                                       : keyword->second;
                          };
                          const std::string full = path + '.' + std::string{name};
                          result_.changes.push_back(change(full, shown(old), shown(now)));
                      });
        for (const Option& option : options()) {
            if (!option.per_database) continue;
            const Value old = get(option, before.options);
            const Value now = get(option, after.options);
            const bool follows = old == get(option, before_) && now == get(option, after_);
            if (old == now || follows) continue;
            result_.changes.push_back(change(path + '.' + std::string{option.name_in_entry()},
                                             format_value(option, old), format_value(option, now)));
        }
    }

    void compare(const std::string& path, const User& before, const User& after) {
        if (before.passwords != after.passwords) {
            result_.changes.push_back(change(path + ".password", "(secret)", "(secret)"));
        }
        for (const Option& option : options()) {
            const std::optional<Value> old = get(option, before);
            const std::optional<Value> now = get(option, after);
            if (old == now) continue;
            const auto shown = [&](const std::optional<Value>& value) {
                return value ? format_value(option, *value) : std::string{unset};
            };
            result_.changes.push_back(
                change(path + '.' + std::string{option.name_in_entry()}, shown(old), shown(now)));
        }
    }

    const Config& before_;
    const Config& after_;
    Difference result_;
};

}  // namespace

bool Difference::needs_restart_for(std::string_view change) const {
    return std::ranges::find(needs_restart, change) != needs_restart.end();
}

Difference difference(const Config& before, const Config& after) {
    return Comparison{before, after}.run();
}

}  // namespace pgweir::conf
