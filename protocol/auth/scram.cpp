#include "protocol/auth/scram.hpp"

#include <algorithm>

namespace pgweir::protocol {

namespace {

constexpr std::size_t raw_nonce_length = 18;  // PostgreSQL's SCRAM_RAW_NONCE_LEN

bool is_visible(char c) {
    return c >= 0x21 && c <= 0x7e;
}

bool is_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

}  // namespace

std::string make_scram_nonce() {
    return base64_encode(random_bytes(raw_nonce_length));
}

bool is_scram_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return is_visible(c) && c != ','; });
}

ErrorReport malformed_scram(std::string detail) {
    ErrorReport report =
        ErrorReport::fatal(sqlstate::protocol_violation, "malformed SCRAM message");
    report.detail = std::move(detail);
    return report;
}

std::string show_byte(char byte) {
    constexpr std::string_view digits = "0123456789abcdef";
    if (is_visible(byte)) return {'\'', byte, '\''};
    const auto value = static_cast<unsigned char>(byte);
    return {'0', 'x', digits[value >> 4U], digits[value & 15U]};
}

ScramKey xor_signature(const ScramKey& key, Bytes message, const ScramKey& other) {
    ScramKey result = hmac_sha256(as_bytes(key), message);
    for (std::size_t i = 0; i < result.size(); ++i) result[i] ^= other[i];
    return result;
}

bool ScramReader::read(char attribute, Bytes& value) {
    if (peek() != attribute) {
        detail_ = std::string("Expected attribute \"") + attribute + "\" but found \"" +
                  show_byte(peek()) + "\".";
        return false;
    }
    return read_value(attribute, value);
}

bool ScramReader::read_any(char& attribute, Bytes& value) {
    if (rest_.empty()) {
        detail_ = "Attribute expected, but found end of string.";
        return false;
    }
    attribute = peek();
    if (!is_letter(attribute)) {
        detail_ =
            "Attribute expected, but found invalid character \"" + show_byte(attribute) + "\".";
        return false;
    }
    return read_value(attribute, value);
}

bool ScramReader::read_value(char attribute, Bytes& value) {
    skip();
    if (peek() != '=') {
        detail_ = std::string(R"(Expected character "=" for attribute ")") + attribute + R"(".)";
        return false;
    }
    skip();
    const std::size_t end = std::min(rest_.find(','), rest_.size());
    value = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return true;
}

}  // namespace pgweir::protocol
