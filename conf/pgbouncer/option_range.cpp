#include "conf/pgbouncer/option_range.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace pgweir::conf::pgbouncer {
namespace {

/// A count, or the milliseconds of a duration.
std::optional<std::int64_t> number_in(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size()) return number;
    const Result<std::chrono::milliseconds> duration = parse_duration(text);
    return duration ? std::optional<std::int64_t>{duration->count()} : std::nullopt;
}

}  // namespace

Converted within_range(const Option& option, Converted value) {
    if (option.range.max == 0 || parse_value(option, value.text)) return value;
    const std::optional<std::int64_t> number = number_in(value.text);
    if (!number) return value;
    const auto least = static_cast<std::int64_t>(option.range.min);
    const auto most = static_cast<std::int64_t>(option.range.max);
    const std::int64_t nearest = std::clamp(*number, least, most);
    const bool is_duration = type_in_words(option) == "duration";
    const std::string text =
        is_duration ? format_duration(std::chrono::milliseconds{nearest}) : std::to_string(nearest);
    return {text, value.text + " is out of pgweir's range, " + range_in_words(option)};
}

}  // namespace pgweir::conf::pgbouncer
