// The little cryptography that PostgreSQL's password methods need, by OpenSSL's libcrypto, and
// base64. Where OpenSSL itself fails (no memory, an algorithm that a FIPS policy forbids) these
// throw std::runtime_error: nothing that comes from the other side can bring that about.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/wire/messages.hpp"

namespace pgweir::protocol {

/// A digest or key of SHA-256: PostgreSQL's SCRAM_KEY_LEN.
using ScramKey = std::array<unsigned char, 32>;

[[nodiscard]] inline Bytes as_bytes(const ScramKey& key) {
    return {reinterpret_cast<const char*>(key.data()), key.size()};
}

[[nodiscard]] ScramKey sha256(Bytes data);
[[nodiscard]] ScramKey hmac_sha256(Bytes key, Bytes data);
/// RFC 5802's Hi(): the part of SCRAM that takes time, about a millisecond for 4096 iterations.
[[nodiscard]] ScramKey pbkdf2_sha256(Bytes password, Bytes salt, unsigned iterations);
/// As 32 lower-case hexadecimal digits.
[[nodiscard]] std::string md5_hex(Bytes data);
[[nodiscard]] std::string random_bytes(std::size_t count);

/// Whether both are the same, in a time that tells neither where they differ nor how long the
/// secret one is.
[[nodiscard]] bool equal_in_constant_time(Bytes a, Bytes b);

/// Overwrites what is secret before its memory goes back; the compiler cannot leave it out.
void wipe(std::string& secret);
void wipe(ScramKey& secret);

[[nodiscard]] std::string base64_encode(Bytes data);
/// As PostgreSQL's pg_b64_decode(): no white space, whole groups of four; not so strict about what
/// follows a padding. std::nullopt for anything else.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);
/// The same, where exactly one key has to come out.
[[nodiscard]] std::optional<ScramKey> base64_decode_key(std::string_view text);

}  // namespace pgweir::protocol
