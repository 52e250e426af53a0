// The one table of options. Parsing, checks, defaults, the example, the reference, differences of
// two configurations and SHOW CONFIG all come from its rows: a new option is a row here and a
// member of Config, PoolOptions or User.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "conf/config.hpp"
#include "conf/options/units.hpp"
#include "conf/result.hpp"

namespace pgweir::conf {

/// Every type an option's member may have. The type of the member decides how the option is
/// written, so the two cannot disagree.
using Value = std::variant<bool, unsigned, milliseconds, Bytes, PoolMode, SessionState, AuthType,
                           TlsMode, LogLevel, LogFormat, LoadBalanceHosts, std::string,
                           std::optional<ListenAddress>, std::vector<ListenAddress>>;

namespace detail {
template <class Owner, class Types>
struct Members;
template <class Owner, class... Types>
struct Members<Owner, std::variant<Types...>> {
    using Plain = std::variant<Types Owner::*...>;
};
}  // namespace detail

/// A pointer to a member of the whole configuration.
using ConfigMember = detail::Members<Config, Value>::Plain;
/// A pointer to a member of what a database may have different.
using PoolMember = detail::Members<PoolOptions, Value>::Plain;
/// A pointer to a member of what a user may have different; monostate: nothing.
using UserMember =
    std::variant<std::monostate, std::optional<PoolMode> User::*, std::optional<unsigned> User::*,
                 std::optional<milliseconds> User::*, std::optional<SessionState> User::*>;

/// Smallest and largest value, both allowed: of a count itself, of a duration in milliseconds, of
/// a size in bytes. Without meaning for other types.
struct Range {
    std::uint64_t min = 0;
    std::uint64_t max = 0;
};

/// Whether a reload of the file applies a new value.
enum class Reload : std::uint8_t { applies, needs_restart };

struct Option {
    std::string_view path;  ///< in the file: `timeouts.query_timeout`, or one name without section
    std::variant<ConfigMember, PoolMember> member;
    bool per_database =
        false;                 ///< may stand in an entry of `databases`; its member is a PoolMember
    UserMember user_member{};  ///< set if it may stand in an entry of `users`
    std::string_view entry_name{};  ///< its name in these entries, if not leaf()
    /// As written in the file, empty for an empty text; equal to the member's own default.
    std::string_view default_text{};
    Range range{};
    std::string_view zero_name{};  ///< the only way to write 0 or "none", if not "0"
    Reload reload = Reload::applies;
    bool secret = false;  ///< its value is shown to nobody
    std::string_view sentence{};

    /// The name in its section: `query_timeout`.
    [[nodiscard]] std::string_view leaf() const;
    /// The section: `timeouts`; empty for an option that stands at the top.
    [[nodiscard]] std::string_view section() const;
    /// The name in an entry of `databases` or `users`.
    [[nodiscard]] std::string_view name_in_entry() const;
    [[nodiscard]] bool per_user() const { return user_member.index() != 0; }
    [[nodiscard]] bool is_list() const;
};

/// All options, those of one section together, in the order of the example and the reference.
[[nodiscard]] std::span<const Option> options();

/// The option with this path, or nullptr.
[[nodiscard]] const Option* find_option(std::string_view path);
/// The option with this name in an entry of `databases`, or nullptr.
[[nodiscard]] const Option* find_database_option(std::string_view name);
/// The option with this name in an entry of `users`, or nullptr.
[[nodiscard]] const Option* find_user_option(std::string_view name);

/// What an option's text means. Of a list, the text is one address and the result a list of one.
/// Errors: not of the option's type, out of its range. Messages show the text unless the option is
/// secret.
[[nodiscard]] Result<Value> parse_value(const Option& option, std::string_view text);

/// The text of a value as the file would have it; `(secret)` for a secret option, if
/// it is set.
[[nodiscard]] std::string format_value(const Option& option, const Value& value);

/// The current value. The second form is for options whose member is a PoolMember.
[[nodiscard]] Value get(const Option& option, const Config& config);
[[nodiscard]] Value get(const Option& option, const PoolOptions& pool);
/// The user's own value, if any. For options with per_user().
[[nodiscard]] std::optional<Value> get(const Option& option, const User& user);

/// Stores a value that parse_value() gave for the same option.
void set(const Option& option, Config& config, Value value);
void set(const Option& option, PoolOptions& pool, Value value);
void set(const Option& option, User& user, Value value);

/// The type in words: "duration", "one of session, transaction or statement".
[[nodiscard]] std::string type_in_words(const Option& option);
/// The range in words: "0 to 365d"; empty where there is none.
[[nodiscard]] std::string range_in_words(const Option& option);

}  // namespace pgweir::conf
