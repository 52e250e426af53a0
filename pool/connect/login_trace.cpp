#include "pool/connect/login_trace.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "protocol/wire/message_writer.hpp"

namespace pgweir::pool {

namespace {

// Takes a number as printf's %d writes it.
std::optional<std::uint32_t> take_int(std::string_view& text) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return static_cast<std::uint32_t>(number);
}

std::optional<unsigned> hex_digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
    return std::nullopt;
}

// The byte that `\xHH` at the beginning of the text stands for. libpq writes bytes so that are not
// printable; a printable one after `\x` is text that the bytes themselves were.
std::optional<char> escaped_byte(std::string_view text) {
    if (text.size() < 4 || !text.starts_with("\\x")) return std::nullopt;
    const auto high = hex_digit(text[2]);
    const auto low = hex_digit(text[3]);
    if (!high || !low) return std::nullopt;
    const unsigned byte = *high * 16 + *low;
    if (byte >= 0x20 && byte <= 0x7e) return std::nullopt;
    return static_cast<char>(byte);
}

// A backslash is written as it is, so that four bytes of a key may look like one that was escaped.
// The size tells whether none or all of what looks so was escaped; no two of them overlap. Some of
// them alone is possible for keys of more than four bytes, and cannot be told apart.
std::optional<std::string> unescape(std::string_view text, std::size_t size) {
    if (text.size() == size) return std::string(text);
    std::string bytes;
    while (!text.empty()) {
        const auto escaped = escaped_byte(text);
        bytes.push_back(escaped.value_or(text.front()));
        text.remove_prefix(escaped ? 4 : 1);
    }
    if (bytes.size() != size) return std::nullopt;
    return bytes;
}

// Takes one `"name" "value"` behind the name of a ParameterStatus message of `length` bytes.
// Strings are written without any escaping, but the length says where the value ends. Returns the
// end of the value; nullptr where the text is not that.
const char* take_parameter(std::string_view text, std::size_t length, LoginFacts& facts) {
    const std::size_t name_end = text.find("\" \"");
    if (name_end == std::string_view::npos || length < 4 + name_end + 2) return nullptr;
    const std::size_t value_size = length - 4 - name_end - 2;
    const std::string_view value = text.substr(name_end + 3);
    if (value.size() < value_size) return nullptr;
    facts.reported.emplace_back(text.substr(0, name_end), value.substr(0, value_size));
    return value.data() + value_size;
}

}  // namespace

std::optional<protocol::CancelKey> parse_traced_key(std::string_view text, std::size_t length) {
    constexpr std::size_t fixed_size = 8;  // the length field and the process id
    const auto pid = take_int(text);
    if (!pid || !text.starts_with(' ') || length <= fixed_size) return std::nullopt;
    text.remove_prefix(1);
    const std::size_t size = length - fixed_size;
    if (size > protocol::longest_cancel_secret) return std::nullopt;
    protocol::CancelKey key{.pid = *pid};
    if (text.size() >= 2 && text.starts_with('\'') && text.ends_with('\'')) {
        auto secret = unescape(text.substr(1, text.size() - 2), size);
        if (!secret) return std::nullopt;
        key.secret = *std::move(secret);
        return key;
    }
    const auto secret = take_int(text);
    if (!secret || !text.empty() || size != sizeof *secret) return std::nullopt;
    protocol::append_uint32(key.secret, *secret);
    return key;
}

// Lines are "B\t<length>\tParameterStatus\t \"name\" \"value\"" and
// "B\t<length>\tBackendKeyData\t pid key".
LoginFacts parse_login_trace(std::string_view trace) {
    LoginFacts facts;
    constexpr std::string_view key_data = "\tBackendKeyData\t ";
    constexpr std::string_view status = "\tParameterStatus\t \"";
    for (std::size_t at = 0; at < trace.size();) {
        std::string_view rest = trace.substr(at);
        const std::size_t line_end = rest.find('\n');
        at += line_end == std::string_view::npos ? rest.size() : line_end + 1;
        if (!rest.starts_with("B\t")) continue;
        rest.remove_prefix(2);
        const std::size_t length =
            std::strtoul(std::string(rest.substr(0, 10)).c_str(), nullptr, 10);
        rest.remove_prefix(std::min(rest.find('\t'), rest.size()));
        if (rest.starts_with(key_data) && line_end != std::string_view::npos) {
            rest = rest.substr(key_data.size());
            facts.cancel_key = parse_traced_key(rest.substr(0, rest.find('\n')), length);
        } else if (rest.starts_with(status)) {
            const char* const end = take_parameter(rest.substr(status.size()), length, facts);
            // A value may hold a line break: what follows it inside the value is not a line.
            if (end != nullptr) at = std::max(at, static_cast<std::size_t>(end - trace.data()));
        }
    }
    return facts;
}

}  // namespace pgweir::pool
