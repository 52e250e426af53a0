#include "protocol/crypto.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>

namespace pgweir::protocol {

namespace {

constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const unsigned char* data_of(Bytes bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

// Of what OpenSSL returns, 1 is success.
void check(bool success, const char* what) {
    if (!success) throw std::runtime_error(std::string("OpenSSL cannot do ") + what);
}

}  // namespace

ScramKey sha256(Bytes data) {
    ScramKey digest;
    check(EVP_Digest(data.data(), data.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1,
          "SHA-256");
    return digest;
}

ScramKey hmac_sha256(Bytes key, Bytes data) {
    ScramKey digest;
    check(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data_of(data), data.size(),
               digest.data(), nullptr) != nullptr,
          "HMAC-SHA-256");
    return digest;
}

ScramKey pbkdf2_sha256(Bytes password, Bytes salt, unsigned iterations) {
    ScramKey key;
    // A null pointer would stand for no password at all.
    const char* const text = password.empty() ? "" : password.data();
    check(PKCS5_PBKDF2_HMAC(text, static_cast<int>(password.size()), data_of(salt),
                            static_cast<int>(salt.size()), static_cast<int>(iterations),
                            EVP_sha256(), static_cast<int>(key.size()), key.data()) == 1,
          "PBKDF2");
    return key;
}

std::string md5_hex(Bytes data) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<unsigned char, 16> digest{};
    check(EVP_Digest(data.data(), data.size(), digest.data(), nullptr, EVP_md5(), nullptr) == 1,
          "MD5");
    std::string text;
    text.reserve(2 * digest.size());
    for (const unsigned byte : digest) {
        text.push_back(digits[byte >> 4U]);
        text.push_back(digits[byte & 15U]);
    }
    return text;
}

std::string random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    check(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1,
          "random numbers");
    return bytes;
}

bool equal_in_constant_time(Bytes a, Bytes b) {
    // Digests are of one length, whatever the texts are.
    ScramKey digest_a = sha256(a);
    ScramKey digest_b = sha256(b);
    const bool equal = CRYPTO_memcmp(digest_a.data(), digest_b.data(), digest_a.size()) == 0;
    wipe(digest_a);
    wipe(digest_b);
    return equal;
}

void wipe(std::string& secret) {
    OPENSSL_cleanse(secret.data(), secret.size());
    secret.clear();
}

void wipe(ScramKey& secret) {
    OPENSSL_cleanse(secret.data(), secret.size());
}

std::string base64_encode(Bytes data) {
    std::string text;
    text.reserve((data.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < data.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, data.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            group = group << 8U | (k < count ? static_cast<unsigned char>(data[i + k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            text.push_back(k <= count ? base64_digits[group >> (18U - 6U * k) & 63U] : '=');
        }
    }
    return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
    std::string data;
    data.reserve(text.size() / 4 * 3);
    std::uint32_t group = 0;
    std::size_t position = 0;
    std::size_t padded = 0;  // the bytes that a group has from the first padding on; 0 is none yet
    for (const char c : text) {
        std::uint32_t digit = 0;
        if (c == '=') {
            if (padded == 0 && position < 2) return std::nullopt;
            if (padded == 0) padded = position - 1;
        } else {
            const std::size_t found = base64_digits.find(c);
            if (found == std::string_view::npos) return std::nullopt;
            digit = static_cast<std::uint32_t>(found);
        }
        group = group << 6U | digit;
        if (++position < 4) continue;
        const std::size_t count = padded == 0 ? 3 : padded;
        for (std::size_t k = 0; k < count; ++k) {
            data.push_back(static_cast<char>(group >> (16U - 8U * k) & 0xffU));
        }
        group = 0;
        position = 0;
    }
    if (position != 0) return std::nullopt;
    return data;
}

std::optional<ScramKey> base64_decode_key(std::string_view text) {
    const auto data = base64_decode(text);
    ScramKey key;
    if (!data || data->size() != key.size()) return std::nullopt;
    std::ranges::transform(*data, key.begin(),
                           [](char c) { return static_cast<unsigned char>(c); });
    return key;
}

}  // namespace pgweir::protocol
