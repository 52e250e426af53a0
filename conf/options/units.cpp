#include "conf/options/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "conf/file/wording.hpp"

namespace pgweir::conf {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;  ///< in the smallest unit of the family
};

/// One kind of measured value: what it is called, its units, and the one to suggest.
struct Family {
    std::string_view article_and_noun;
    std::span<const Unit> units;  ///< rising; the first of two equal ones is used for output
    std::string_view suggested;
    std::string_view example;
};

constexpr std::array duration_units{Unit{"us", 1},
                                    Unit{"ms", 1'000},
                                    Unit{"s", 1'000'000},
                                    Unit{"min", 60'000'000},
                                    Unit{"m", 60'000'000},
                                    Unit{"h", 3'600'000'000},
                                    Unit{"d", 86'400'000'000}};
constexpr Family durations{"a duration", duration_units, "s", "500ms, 30s, 5min, 2h or 1d"};

constexpr std::array size_units{Unit{"B", 1},
                                Unit{"kB", 1ULL << 10U},
                                Unit{"KB", 1ULL << 10U},
                                Unit{"MB", 1ULL << 20U},
                                Unit{"GB", 1ULL << 30U},
                                Unit{"TB", 1ULL << 40U}};
constexpr Family sizes{"a size", size_units, "kB", "512B, 8kB, 64MB or 1GB"};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

Refusal not_one(const Family& family, std::string_view text) {
    return {in_quotes(text) + " is not " + std::string{family.article_and_noun} + " such as " +
            std::string{family.example}};
}

Refusal unknown_unit(const Family& family, std::string_view name) {
    std::vector<std::string_view> names;
    for (const Unit& unit : family.units) names.push_back(unit.name);
    return {"unknown unit " + in_quotes(name) + ": use " + any_of(names)};
}

/// The value in the smallest unit of the family.
Result<std::uint64_t> parse_measured(const Family& family, std::string_view text) {
    const auto number_end = std::ranges::find_if_not(text, is_digit);
    const std::string_view number{text.begin(), number_end};
    std::string_view name{number_end, text.end()};
    if (number.empty()) return not_one(family, text);
    while (name.starts_with(' ')) name.remove_prefix(1);
    const bool letters_only = std::ranges::all_of(
        name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
    if (!letters_only) return not_one(family, text);

    const Result<std::uint64_t> count = parse_count(number);
    if (!count) return count.error();
    if (name.empty()) {
        if (*count == 0) return std::uint64_t{0};
        return Refusal{in_quotes(text) + " needs a unit, as in " +
                       in_quotes(std::string{number} + std::string{family.suggested})};
    }
    const auto unit = std::ranges::find(family.units, name, &Unit::name);
    if (unit == family.units.end()) return unknown_unit(family, name);
    if (*count > std::numeric_limits<std::uint64_t>::max() / unit->factor) {
        return Refusal{in_quotes(text) + " is too large"};
    }
    return *count * unit->factor;
}

std::string format_measured(const Family& family, std::uint64_t value) {
    if (value == 0) return "0";
    const Unit* best = &family.units.front();
    for (const Unit& unit : family.units) {
        if (value % unit.factor == 0 && unit.factor > best->factor) best = &unit;
    }
    return std::to_string(value / best->factor) + std::string{best->name};
}

}  // namespace

Result<std::uint64_t> parse_count(std::string_view text) {
    std::uint64_t value = 0;
    const bool digits = !text.empty() && std::ranges::all_of(text, is_digit);
    // YAML 1.1 reads 010 as eight and 1.2 as ten: refusing it is safer than choosing.
    if (!digits || (text.size() > 1 && text.front() == '0')) {
        return Refusal{in_quotes(text) + " is not a whole number"};
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return Refusal{in_quotes(text) + " is too large"};
    return value;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
    const Result<std::uint64_t> us = parse_measured(durations, text);
    if (!us) return us.error();
    if (*us % 1'000 != 0) {
        return Refusal{in_quotes(text) + " is not a whole number of milliseconds"};
    }
    return std::chrono::milliseconds{static_cast<std::int64_t>(*us / 1'000)};
}

Result<Bytes> parse_size(std::string_view text) {
    const Result<std::uint64_t> count = parse_measured(sizes, text);
    if (!count) return count.error();
    return Bytes{*count};
}

std::string format_duration(std::chrono::milliseconds value) {
    return format_measured(durations, static_cast<std::uint64_t>(value.count()) * 1'000);
}

std::string format_size(Bytes value) {
    return format_measured(sizes, value.count);
}

}  // namespace pgweir::conf
