#include "protocol/saslprep.hpp"

#include <idn-free.h>
#include <openssl/crypto.h>
#include <stringprep.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace pgweir::protocol {

namespace {

// The most that compatibility decomposition makes of one character (U+FDFA).
constexpr std::size_t max_expansion = 18;

struct IdnFree {
    void operator()(void* memory) const { idn_free(memory); }
};

bool is_plain_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// libidn's stringprep_profile() guesses the room for the result and starts again with 50 bytes more
// until it fits; here the first guess always does.
std::optional<std::string> prepare(std::string_view password) {
    std::size_t length = 0;
    const std::unique_ptr<std::uint32_t, IdnFree> decoded(
        stringprep_utf8_to_ucs4(password.data(), static_cast<ssize_t>(password.size()), &length));
    if (!decoded) return std::nullopt;
    std::vector<std::uint32_t> text(length * max_expansion + 1);
    std::copy_n(decoded.get(), length, text.begin());
    OPENSSL_cleanse(decoded.get(), length * sizeof(std::uint32_t));

    const int code = stringprep_4i(text.data(), &length, text.size(), STRINGPREP_NO_UNASSIGNED,
                                   stringprep_saslprep);
    std::optional<std::string> prepared;
    if (code == STRINGPREP_OK && length > 0) {
        std::size_t written = 0;
        const std::unique_ptr<char, IdnFree> encoded(
            stringprep_ucs4_to_utf8(text.data(), static_cast<ssize_t>(length), nullptr, &written));
        if (encoded) {
            prepared.emplace(encoded.get(), written);
            OPENSSL_cleanse(encoded.get(), written);
        }
    }
    OPENSSL_cleanse(text.data(), text.size() * sizeof(std::uint32_t));
    return prepared;
}

}  // namespace

std::string saslprep(std::string_view password) {
    if (is_plain_ascii(password) || password.size() > max_saslprep_length) {
        return std::string(password);
    }
    auto prepared = prepare(password);
    return prepared ? *std::move(prepared) : std::string(password);
}

}  // namespace pgweir::protocol
