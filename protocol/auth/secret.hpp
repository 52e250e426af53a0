// What is stored of a password (pg_authid.rolpassword, a user list): plain, MD5, SCRAM verifier.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/auth/crypto.hpp"

namespace pgweir::protocol {

/// PostgreSQL's SCRAM_DEFAULT_ITERATIONS and SCRAM_DEFAULT_SALT_LEN.
inline constexpr unsigned scram_default_iterations = 4096;
inline constexpr std::size_t scram_salt_length = 16;

/// What a SCRAM client needs in place of the password; it also opens every server that has a
/// verifier of the same password, salt and iterations.
struct ScramKeys {
    ScramKey client_key{};
    ScramKey server_key{};
    friend bool operator==(const ScramKeys&, const ScramKeys&) = default;
};

/// What a SCRAM server stores: enough to check a password, not enough to log in elsewhere.
struct ScramVerifier {
    /// 0 where the text had a count below 1 or above PostgreSQL's INT_MAX: PostgreSQL takes that
    /// for a verifier, too, and nobody can log in with it.
    unsigned iterations = scram_default_iterations;
    std::string salt;  ///< as bytes
    ScramKey stored_key{};
    ScramKey server_key{};
    friend bool operator==(const ScramVerifier&, const ScramVerifier&) = default;
};

/// PostgreSQL's MD5 form: "md5" and the 32 digits of md5(password, user name).
struct Md5Hash {
    std::string text;
    friend bool operator==(const Md5Hash&, const Md5Hash&) = default;
};

struct PlainPassword {
    std::string text;
    friend bool operator==(const PlainPassword&, const PlainPassword&) = default;
};

using Secret = std::variant<PlainPassword, Md5Hash, ScramVerifier>;

/// Overwrite the keys and passwords; what is left must not be used.
void wipe(ScramKeys& keys);
void wipe(Secret& secret);

/// Tells the forms apart as PostgreSQL's get_password_type() does: what is not quite an MD5 hash or
/// a verifier is a plain password. An empty one is no password: nothing matches it.
[[nodiscard]] Secret parse_secret(std::string_view text);

/// `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`, read as PostgreSQL's
/// parse_scram_secret() reads it.
[[nodiscard]] std::optional<ScramVerifier> parse_scram_verifier(std::string_view text);
[[nodiscard]] std::string print_scram_verifier(const ScramVerifier& verifier);
[[nodiscard]] ScramVerifier make_scram_verifier(std::string_view password, std::string_view salt,
                                                unsigned iterations);

/// SaltedPassword of RFC 5802, and the two keys made of it.
[[nodiscard]] ScramKeys derive_scram_keys(std::string_view password, std::string_view salt,
                                          unsigned iterations);

/// Whether a password that came in clear is the one of the secret. Takes the time of a PBKDF2 where
/// that is a verifier.
[[nodiscard]] bool matches_password(const Secret& secret, std::string_view user,
                                    std::string_view password);

using Md5Salt = std::array<char, 4>;

/// "md5" and 32 digits: what PostgreSQL stores.
[[nodiscard]] std::string md5_password_hash(std::string_view user, std::string_view password);
/// What a client answers to AuthenticationMD5Password; `hash` is of the form above.
[[nodiscard]] std::string md5_response(std::string_view hash, const Md5Salt& salt);
/// Whether that answer is right. False for every verifier: MD5 cannot be checked against one.
[[nodiscard]] bool matches_md5_response(const Secret& secret, std::string_view user,
                                        const Md5Salt& salt, std::string_view response);

}  // namespace pgweir::protocol
