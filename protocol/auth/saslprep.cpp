#include "protocol/auth/saslprep.hpp"

#include <idn-free.h>
#include <openssl/crypto.h>
#include <stringprep.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace pgweir::protocol {

namespace {

// The most that compatibility decomposition makes of one character (U+FDFA).
constexpr std::size_t max_expansion = 18;

// Five ideographs whose decomposition in Unicode 3.2, which libidn has, was a mistake (Unicode's
// Corrigendum 4).
constexpr std::array<std::pair<std::uint32_t, std::uint32_t>, 5> corrected{{{0x2f868, 0x36fc},
                                                                            {0x2f874, 0x5f53},
                                                                            {0x2f91f, 0x243ab},
                                                                            {0x2f95f, 0x7aee},
                                                                            {0x2f9bf, 0x45d7}}};

struct IdnFree {
    void operator()(void* memory) const { idn_free(memory); }
};

bool is_plain_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// libidn's SASLprep with normalization as the last step. PostgreSQL looks for what is prohibited
// before it, RFC 3454 after it; that differs for some accents and for right-to-left letters that
// normalization takes apart.
const std::vector<Stringprep_profile>& profile() {
    static const std::vector<Stringprep_profile> steps = [] {
        std::vector<Stringprep_profile> all;
        const Stringprep_profile* step = stringprep_saslprep;
        for (; step->operation != 0; ++step) all.push_back(*step);
        // Not of std::ranges: clang 14 cannot parse what that returns.
        std::stable_partition(all.begin(), all.end(), [](const Stringprep_profile& s) {
            return s.operation != STRINGPREP_NFKC;
        });
        all.push_back(*step);
        return all;
    }();
    return steps;
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
    for (const auto& [wrong, right] : corrected) std::ranges::replace(text, wrong, right);

    const int code = stringprep_4i(text.data(), &length, text.size(), STRINGPREP_NO_UNASSIGNED,
                                   profile().data());
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
    // A zero byte would end the text for libidn; no password that PostgreSQL can have holds one.
    if (is_plain_ascii(password) || password.size() > max_saslprep_length ||
        password.find('\0') != std::string_view::npos) {
        return std::string(password);
    }
    auto prepared = prepare(password);
    return prepared ? *std::move(prepared) : std::string(password);
}

}  // namespace pgweir::protocol
