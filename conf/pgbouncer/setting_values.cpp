#include "conf/pgbouncer/setting_values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "conf/file/wording.hpp"
#include "conf/options/units.hpp"

namespace pgweir::conf::pgbouncer {
namespace {

/// The longest duration that options take (see option_table.cpp).
constexpr double longest_seconds = 365.0 * 24 * 3'600;

/// What 0 becomes for a lifetime: a connection that is used once.
constexpr std::string_view shortest_lifetime = "1ms";

constexpr std::string_view no_old_versions =
    "TLS 1.0 and 1.1 are not spoken: they are no longer safe";

std::string lower(std::string_view text) {
    std::string result{text};
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

/// What C's strtol() reads with base 0, if it is all of the text.
std::optional<std::int64_t> parse_integer(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    int base = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        base = 16;
        text.remove_prefix(2);
    } else if (text.size() > 1 && text.starts_with('0')) {
        base = 8;
        text.remove_prefix(1);
    }
    std::uint32_t magnitude = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), magnitude, base);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    const auto value = static_cast<std::int64_t>(magnitude);
    return negative ? -value : value;
}

/// What C's strtod() reads, if it is all of the text: decimal or 0xhex.
std::optional<double> parse_seconds(std::string_view text) {
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    if (hex) text.remove_prefix(2);
    double value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value,
                        hex ? std::chars_format::hex : std::chars_format::general);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    if (text.empty() || !whole || !std::isfinite(value) || value < 0) return std::nullopt;
    return value;
}

Converted duration(double seconds) {
    if (seconds > longest_seconds) return {"365d", "365d is the longest that pgweir takes"};
    // What is little must not become nothing, which is no limit.
    const double shown = seconds > 0 ? std::max(1.0, std::round(seconds * 1'000)) : 0.0;
    return {format_duration(std::chrono::milliseconds{static_cast<std::int64_t>(shown)})};
}

/// A duration of pgweir's as a number of seconds, with a fraction where it has one.
std::string seconds_of(std::string_view value) {
    const Result<std::chrono::milliseconds> duration = parse_duration(value);
    if (!duration) return std::string{value};
    std::string text = std::to_string(duration->count() / 1'000);
    const auto rest = duration->count() % 1'000;
    if (rest == 0) return text;
    text += '.' + std::to_string(1'000 + rest).substr(1);
    text.erase(text.find_last_not_of('0') + 1);
    return text;
}

Result<Converted> convert_lifetime(double seconds) {
    if (seconds > 0) return duration(seconds);
    return Converted{std::string{shortest_lifetime},
                     "0 means in PgBouncer that a connection is used once; in pgweir it would mean "
                     "no limit"};
}

Result<Converted> convert_number(Kind kind, std::int64_t number) {
    switch (kind) {
        case Kind::flag:
            return Converted{number != 0 ? "true" : "false"};
        case Kind::zero_or_one:
            return Converted{number != 0 ? "1" : "0"};
        case Kind::verbosity:
            return Converted{number <= 0 ? "info" : number == 1 ? "debug" : "trace"};
        default:
            return Converted{std::to_string(number)};
    }
}

Result<Converted> convert_auth_type(std::string_view value, std::string_view shown) {
    constexpr std::array<std::string_view, 9> known{"any", "trust", "plain", "md5",          "cert",
                                                    "hba", "ldap",  "pam",   "scram-sha-256"};
    const std::string type = lower(value);
    if (std::ranges::find(known, type) == known.end()) {
        return Refusal{std::string{shown} + " is not " + any_of(known) + did_you_mean(type, known)};
    }
    if (type == "plain") return Converted{"password"};
    if (type == "any") {
        return Converted{"trust",
                         "user names are not ignored: an entry of databases without user= logs in "
                         "to the server under the name that the client gives"};
    }
    return Converted{type};
}

/// The words of a list with commas (or colons, as PgBouncer's TLS library takes).
std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(",:"), text.size());
        std::string_view word = text.substr(0, end);
        while (word.starts_with(' ')) word.remove_prefix(1);
        while (word.ends_with(' ')) word.remove_suffix(1);
        if (!word.empty()) words.push_back(lower(word));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

/// Old versions are left out; a list of nothing else is refused when the option is read.
Result<Converted> convert_tls_versions(std::string_view value) {
    const std::vector<std::string> words = split(value);
    if (words.size() == 1 && (words[0] == "all" || words[0] == "legacy")) {
        return Converted{"all", std::string{no_old_versions}};
    }
    std::string kept;
    bool dropped = false;
    for (const std::string& word : words) {
        if (word == "tlsv1.0" || word == "tlsv1.1") {
            dropped = true;
        } else {
            kept += (kept.empty() ? "" : ",") + word;
        }
    }
    if (kept.empty()) return Converted{lower(value)};
    return Converted{kept, dropped ? std::string{no_old_versions} : std::string{}};
}

Result<Converted> convert_ciphers(std::string_view value) {
    for (const std::string_view word : {"default", "secure", "fast", "normal"}) {
        if (lower(value) == word) return Converted{"default"};
    }
    return Converted{lower(value) == "all" ? "ALL" : std::string{value}};
}

}  // namespace

std::optional<bool> wants_known_users(std::string_view auth_type) {
    const std::string type = lower(auth_type);
    if (type == "any") return false;
    if (type == "trust" || type == "cert" || type == "hba") return true;
    return std::nullopt;
}

Result<Converted> convert(Kind kind, std::string_view value, bool hidden) {
    const std::string shown = hidden ? "the value" : in_quotes(value);
    switch (kind) {
        case Kind::number:
        case Kind::flag:
        case Kind::zero_or_one:
        case Kind::verbosity:
        case Kind::listen_port: {
            const auto number = parse_integer(value);
            if (number) return convert_number(kind, *number);
            const bool is_flag = kind == Kind::flag || kind == Kind::zero_or_one;
            return Refusal{shown + (is_flag ? " is neither 0 nor 1" : " is not a whole number")};
        }
        case Kind::seconds:
        case Kind::lifetime: {
            const auto seconds = parse_seconds(value);
            if (!seconds) return Refusal{shown + " is not a number of seconds"};
            return kind == Kind::lifetime ? convert_lifetime(*seconds) : duration(*seconds);
        }
        case Kind::word:
            return Converted{lower(value)};
        case Kind::auth_type:
            return convert_auth_type(value, shown);
        case Kind::tls_versions:
            return convert_tls_versions(value);
        case Kind::ciphers:
            return convert_ciphers(value);
        default:
            return Converted{std::string{value}};
    }
}

std::string in_pgbouncer_notation(Kind kind, std::string_view value) {
    switch (kind) {
        case Kind::flag:
            return value == "true" ? "1" : "0";
        case Kind::verbosity:
            return value == "trace" ? "2" : value == "debug" ? "1" : "0";
        case Kind::lifetime:
            if (value == shortest_lifetime) return "0";
            [[fallthrough]];
        case Kind::seconds:
            return seconds_of(value);
        case Kind::auth_type:
            return std::string{value == "password" ? "plain" : value};
        default:
            return std::string{value};
    }
}

Result<VersionRange> server_tls_versions(std::string_view value) {
    // libpq's names, by PgBouncer's.
    constexpr std::array<std::pair<std::string_view, std::string_view>, 4> versions{
        {{"tlsv1.0", "TLSv1"},
         {"tlsv1.1", "TLSv1.1"},
         {"tlsv1.2", "TLSv1.2"},
         {"tlsv1.3", "TLSv1.3"}}};
    std::array<bool, versions.size()> wanted{};
    for (const std::string& word : split(value)) {
        const auto known = std::ranges::find(versions, word,
                                             &std::pair<std::string_view, std::string_view>::first);
        if (known != versions.end()) {
            wanted.at(static_cast<std::size_t>(known - versions.begin())) = true;
        } else if (word == "all" || word == "legacy") {
            wanted.fill(true);
        } else if (word == "secure" || word == "default") {
            wanted[2] = wanted[3] = true;
        } else {
            return Refusal{in_quotes(word) +
                           " is not secure, all, or a list of tlsv1.0, tlsv1.1, tlsv1.2 and "
                           "tlsv1.3"};
        }
    }
    const auto first = std::ranges::find(wanted, true);
    if (first == wanted.end()) return Refusal{"no version of TLS is named"};
    const auto lowest = static_cast<std::size_t>(first - wanted.begin());
    std::size_t highest = lowest;
    for (std::size_t i = lowest; i < wanted.size(); ++i) {
        if (wanted.at(i)) highest = i;
    }
    VersionRange range{std::string{versions.at(lowest).second}, {}};
    if (highest + 1 < versions.size()) range.highest = versions.at(highest).second;
    const auto count = static_cast<std::size_t>(std::ranges::count(wanted, true));
    if (count != highest - lowest + 1) {
        range.remark = "libpq takes a lowest and a highest version, with all between them";
    }
    return range;
}

}  // namespace pgweir::conf::pgbouncer
