#include "protocol/auth/crypto.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <utility>

namespace pgweir::protocol {

namespace {

constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr signed char no_digit = -1;

// What each character stands for.
constexpr std::array<signed char, 256> base64_values = [] {
    std::array<signed char, 256> values{};
    values.fill(no_digit);
    for (std::size_t i = 0; i < base64_digits.size(); ++i) {
        values[static_cast<unsigned char>(base64_digits[i])] = static_cast<signed char>(i);
    }
    return values;
}();

const unsigned char* data_of(Bytes bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

// Of what OpenSSL returns, 1 is success.
void check(bool success, const char* what) {
    if (!success) throw std::runtime_error(std::string("OpenSSL cannot do ") + what);
}

struct FreeDigest {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Of the parts one behind the other. OpenSSL looks an algorithm up by its name wherever it is given
// EVP_sha256(), which takes longer than what a login has to digest: that is done once here.
ScramKey sha256_of(std::initializer_list<Bytes> parts) {
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
    bool done = algorithm != nullptr && context &&
                EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1;
    for (const Bytes part : parts) {
        done = done && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
    }
    ScramKey digest;
    check(done && EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1, "SHA-256");
    return digest;
}

}  // namespace

ScramKey sha256(Bytes data) {
    return sha256_of({data});
}

// RFC 2104. HMAC() takes three times as long as the four blocks that it digests here, for looking
// algorithms up (see above).
ScramKey hmac_sha256(Bytes key, Bytes data) {
    constexpr std::size_t block_size = 64;
    constexpr char inner_pad = 0x36;
    constexpr char outer_pad = 0x5c;
    ScramKey short_key;
    if (key.size() > block_size) {
        short_key = sha256(key);
        key = as_bytes(short_key);
    }
    std::string block(block_size, inner_pad);
    for (std::size_t i = 0; i < key.size(); ++i) block[i] = static_cast<char>(block[i] ^ key[i]);
    const ScramKey inner = sha256_of({block, data});
    for (char& byte : block) byte = static_cast<char>(byte ^ inner_pad ^ outer_pad);
    const ScramKey digest = sha256_of({block, as_bytes(inner)});
    wipe(block);
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
    // A few cost OpenSSL as much as many, and logins want a few.
    static thread_local std::string stock;
    constexpr std::size_t stock_size = 1024;
    if (stock.size() < count) {
        std::string fresh(std::max(stock_size, count), '\0');
        check(RAND_bytes(reinterpret_cast<unsigned char*>(fresh.data()),
                         static_cast<int>(fresh.size())) == 1,
              "random numbers");
        stock = std::move(fresh);
    }
    const std::size_t rest = stock.size() - count;
    std::string bytes(stock, rest);
    OPENSSL_cleanse(&stock[rest], count);
    stock.resize(rest);
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
            const signed char value = base64_values[static_cast<unsigned char>(c)];
            if (value == no_digit) return std::nullopt;
            digit = static_cast<unsigned char>(value);
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
