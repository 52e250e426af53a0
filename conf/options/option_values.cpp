// Values of options: their text, and how they reach the members that the table names.
#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <type_traits>

#include "conf/file/addresses.hpp"
#include "conf/file/wording.hpp"
#include "conf/options/option_table.hpp"

namespace pgweir::conf {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 3> pool_modes{"session", "transaction", "statement"};
constexpr std::array<std::string_view, 3> session_states{"track", "strict", "off"};
constexpr std::array<std::string_view, 10> auth_types{
    "trust", "reject", "password", "md5", "scram-sha-256", "cert", "peer", "ldap", "pam", "hba"};
constexpr std::array<std::string_view, 6> tls_modes{"disable", "allow",     "prefer",
                                                    "require", "verify-ca", "verify-full"};
constexpr std::array<std::string_view, 5> log_levels{"trace", "debug", "info", "warning", "error"};
constexpr std::array<std::string_view, 3> host_orders{"disable", "round-robin", "random"};
constexpr std::array<std::string_view, 2> log_formats{"logfmt", "pgbouncer"};

/// The names of an enum's values, in their order.
template <class Enum>
constexpr Names names_of() {
    if constexpr (std::same_as<Enum, PoolMode>) return pool_modes;
    if constexpr (std::same_as<Enum, SessionState>) return session_states;
    if constexpr (std::same_as<Enum, AuthType>) return auth_types;
    if constexpr (std::same_as<Enum, TlsMode>) return tls_modes;
    if constexpr (std::same_as<Enum, LogLevel>) return log_levels;
    if constexpr (std::same_as<Enum, LogFormat>) return log_formats;
    if constexpr (std::same_as<Enum, LoadBalanceHosts>) return host_orders;
}

/// Calls `f` with an empty value of the option's type.
template <class F>
auto with_type(const Option& option, F f) {
    const auto by_member = [&](const auto& members) {
        return std::visit(
            [&]<class V, class Owner>(V Owner::*) { return f(std::type_identity<V>{}); }, members);
    };
    return std::visit(by_member, option.member);
}

/// `text`, which stands for `number`, unless the number is out of the option's range.
Result<std::uint64_t> in_range(const Option& option, std::string_view text, std::uint64_t number) {
    if (number < option.range.min || number > option.range.max) {
        return Refusal{in_quotes(text) + " is out of range: expected " + range_in_words(option)};
    }
    return number;
}

Refusal not_a_number(const Option& option, std::string_view text) {
    return {in_quotes(text) + " is not " +
            (option.zero_name.empty() ? "" : in_quotes(option.zero_name) + " or ") +
            "a number: expected " + range_in_words(option)};
}

Result<Value> parse_as(std::type_identity<bool>, const Option&, std::string_view text) {
    constexpr std::array<std::string_view, 3> yes{"true", "yes", "on"};
    constexpr std::array<std::string_view, 3> no{"false", "no", "off"};
    if (std::ranges::find(yes, text) != yes.end()) return Value{true};
    if (std::ranges::find(no, text) != no.end()) return Value{false};
    return Refusal{in_quotes(text) + " is neither true nor false"};
}

Result<Value> parse_as(std::type_identity<unsigned>, const Option& option, std::string_view text) {
    if (!option.zero_name.empty() && text == option.zero_name) return Value{0U};
    // A negative number is a number: it is out of range, not misspelt.
    const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
    if (!parse_count(digits)) {
        const bool huge = !digits.empty() &&
                          digits.find_first_not_of("0123456789") == std::string_view::npos &&
                          digits.front() != '0';
        if (!huge) return not_a_number(option, text);
        return Refusal{in_quotes(text) + " is out of range: expected " + range_in_words(option)};
    }
    if (text.starts_with('-')) {
        return Refusal{in_quotes(text) + " is out of range: expected " + range_in_words(option)};
    }
    const Result<std::uint64_t> number = in_range(option, text, *parse_count(text));
    if (!number) return number.error();
    return Value{static_cast<unsigned>(*number)};
}

Result<Value> parse_as(std::type_identity<milliseconds>, const Option& option,
                       std::string_view text) {
    const Result<milliseconds> duration = parse_duration(text);
    if (!duration) return duration.error();
    const auto number = in_range(option, text, static_cast<std::uint64_t>(duration->count()));
    if (!number) return number.error();
    return Value{*duration};
}

Result<Value> parse_as(std::type_identity<Bytes>, const Option& option, std::string_view text) {
    const Result<Bytes> size = parse_size(text);
    if (!size) return size.error();
    const auto number = in_range(option, text, size->count);
    if (!number) return number.error();
    return Value{*size};
}

template <class Enum>
requires std::is_enum_v<Enum> Result<Value> parse_as(std::type_identity<Enum>, const Option&,
                                                     std::string_view text) {
    constexpr Names names = names_of<Enum>();
    const auto found = std::ranges::find(names, text);
    if (found == names.end()) {
        return Refusal{in_quotes(text) + " is not " + any_of(names) + did_you_mean(text, names)};
    }
    return Value{static_cast<Enum>(found - names.begin())};
}

Result<Value> parse_as(std::type_identity<std::string>, const Option&, std::string_view text) {
    return Value{std::string{text}};
}

Result<Value> parse_as(std::type_identity<std::optional<ListenAddress>>, const Option& option,
                       std::string_view text) {
    if (text == option.zero_name) return Value{std::optional<ListenAddress>{}};
    const Result<ListenAddress> address = parse_address(text);
    if (!address) return address.error();
    if (address->is_unix())
        return Refusal{in_quotes(text) + " is a folder: a TCP address is needed"};
    if (address->port == 0) return Refusal{in_quotes(text) + " has no port"};
    return Value{std::optional{*address}};
}

Result<Value> parse_as(std::type_identity<std::vector<ListenAddress>>, const Option&,
                       std::string_view text) {
    Result<ListenAddress> address = parse_address(text);
    if (!address) return address.error();
    // A folder's port is known only when all addresses are.
    if (!address->is_unix() && address->port == 0) address->port = default_port;
    return Value{std::vector{*address}};
}

std::string format_one(const Option&, bool value) {
    return value ? "true" : "false";
}
std::string format_one(const Option& option, unsigned value) {
    if (value == 0 && !option.zero_name.empty()) return std::string{option.zero_name};
    return std::to_string(value);
}
std::string format_one(const Option&, milliseconds value) {
    return format_duration(value);
}
std::string format_one(const Option&, Bytes value) {
    return format_size(value);
}
std::string format_one(const Option&, const std::string& value) {
    return value;
}
std::string format_one(const Option& option, const std::optional<ListenAddress>& value) {
    return value ? format_address(*value) : std::string{option.zero_name};
}
std::string format_one(const Option&, const std::vector<ListenAddress>& value) {
    std::string text;
    for (const ListenAddress& address : value) {
        if (!text.empty()) text += ", ";
        text += format_address(address);
    }
    return text;
}
template <class Enum>
requires std::is_enum_v<Enum> std::string format_one(const Option&, Enum value) {
    return std::string{names_of<Enum>()[static_cast<std::size_t>(value)]};
}

std::string number_in_words(const Option& option, std::uint64_t number) {
    return with_type(option, [&]<class V>(std::type_identity<V>) {
        if constexpr (std::same_as<V, milliseconds>) {
            return format_duration(milliseconds{static_cast<std::int64_t>(number)});
        } else if constexpr (std::same_as<V, Bytes>) {
            return format_size(Bytes{number});
        } else {
            return std::to_string(number);
        }
    });
}

const PoolMember& pool_member(const Option& option) {
    return std::get<PoolMember>(option.member);
}

}  // namespace

std::string_view name(AuthType type) {
    return auth_types.at(static_cast<std::size_t>(type));
}

Result<Value> parse_value(const Option& option, std::string_view text) {
    Result<Value> value =
        with_type(option, [&](auto type) { return parse_as(type, option, text); });
    if (!value && option.secret) return Refusal{"not a valid value"};
    return value;
}

std::string format_value(const Option& option, const Value& value) {
    const auto* const text = std::get_if<std::string>(&value);
    if (option.secret && (text == nullptr || !text->empty())) return "(secret)";
    return std::visit([&](const auto& typed) { return format_one(option, typed); }, value);
}

Value get(const Option& option, const Config& config) {
    if (const auto* const member = std::get_if<ConfigMember>(&option.member)) {
        return std::visit([&](auto pointer) { return Value{config.*pointer}; }, *member);
    }
    return get(option, config.pool);
}

Value get(const Option& option, const PoolOptions& pool) {
    return std::visit([&](auto pointer) { return Value{pool.*pointer}; }, pool_member(option));
}

std::optional<Value> get(const Option& option, const User& user) {
    return std::visit(
        [&](auto pointer) -> std::optional<Value> {
            if constexpr (std::same_as<decltype(pointer), std::monostate>) {
                return std::nullopt;
            } else {
                if (!(user.*pointer)) return std::nullopt;
                return Value{*(user.*pointer)};
            }
        },
        option.user_member);
}

void set(const Option& option, Config& config, Value value) {
    const auto* const member = std::get_if<ConfigMember>(&option.member);
    if (member == nullptr) {
        set(option, config.pool, std::move(value));
        return;
    }
    const auto store = [&]<class V>(V Config::*pointer) {
        config.*pointer = std::get<V>(std::move(value));
    };
    std::visit(store, *member);
}

void set(const Option& option, PoolOptions& pool, Value value) {
    const auto store = [&]<class V>(V PoolOptions::*pointer) {
        pool.*pointer = std::get<V>(std::move(value));
    };
    std::visit(store, pool_member(option));
}

void set(const Option& option, User& user, Value value) {
    const auto store = [&](auto pointer) {
        if constexpr (!std::same_as<decltype(pointer), std::monostate>) {
            using V = typename std::remove_reference_t<decltype(user.*pointer)>::value_type;
            user.*pointer = std::get<V>(std::move(value));
        }
    };
    std::visit(store, option.user_member);
}

bool Option::is_list() const {
    return with_type(*this, []<class V>(std::type_identity<V>) {
        return std::same_as<V, std::vector<ListenAddress>>;
    });
}

std::string type_in_words(const Option& option) {
    return with_type(option, [&]<class V>(std::type_identity<V>) -> std::string {
        if constexpr (std::same_as<V, bool>) return "true or false";
        if constexpr (std::same_as<V, unsigned>) return "number";
        if constexpr (std::same_as<V, milliseconds>) return "duration";
        if constexpr (std::same_as<V, Bytes>) return "size";
        if constexpr (std::is_enum_v<V>) return any_of(names_of<V>());
        if constexpr (std::same_as<V, std::string>) return "text";
        if constexpr (std::same_as<V, std::optional<ListenAddress>>) return "address";
        if constexpr (std::same_as<V, std::vector<ListenAddress>>) return "list of addresses";
    });
}

std::string range_in_words(const Option& option) {
    if (option.range.max == 0) return {};
    std::string words = number_in_words(option, option.range.min) + " to " +
                        number_in_words(option, option.range.max);
    return option.zero_name.empty() ? words : std::string{option.zero_name} + " or " + words;
}

}  // namespace pgweir::conf
