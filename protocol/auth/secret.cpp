#include "protocol/auth/secret.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "protocol/auth/saslprep.hpp"
#include "protocol/auth/scram.hpp"

namespace pgweir::protocol {

namespace {

constexpr std::string_view md5_prefix = "md5";
constexpr std::size_t md5_length = 35;  // PostgreSQL's MD5_PASSWD_LEN

bool is_md5_hash(std::string_view text) {
    return text.size() == md5_length && text.starts_with(md5_prefix) &&
           text.find_first_not_of("0123456789abcdef", md5_prefix.size()) == std::string_view::npos;
}

// The C library's strtok(): delimiters before the token are skipped, the one after it is taken.
std::string_view next_token(std::string_view& rest, char delimiter) {
    rest.remove_prefix(std::min(rest.find_first_not_of(delimiter), rest.size()));
    const std::size_t end = std::min(rest.find(delimiter), rest.size());
    const std::string_view token = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return token;
}

// The C library's strtol() with nothing behind the number; 0 for what no count can be.
std::optional<unsigned> parse_iterations(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\n\v\f\r"), text.size()));
    if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
    long count = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (count < 1 || count > std::numeric_limits<int>::max()) return 0;
    return static_cast<unsigned>(count);
}

}  // namespace

std::optional<ScramVerifier> parse_scram_verifier(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) return std::nullopt;
    const std::string_view scheme = next_token(text, '$');
    const std::string_view iterations = next_token(text, ':');
    const std::string_view salt = next_token(text, '$');
    const std::string_view stored_key = next_token(text, ':');
    const std::string_view server_key = text;
    if (scheme != scram_sha_256 || iterations.empty() || salt.empty()) return std::nullopt;
    const auto count = parse_iterations(iterations);
    auto salt_bytes = base64_decode(salt);
    const auto stored = base64_decode_key(stored_key);
    const auto server = base64_decode_key(server_key);
    if (!count || !salt_bytes || !stored || !server) return std::nullopt;
    return ScramVerifier{.iterations = *count,
                         .salt = *std::move(salt_bytes),
                         .stored_key = *stored,
                         .server_key = *server};
}

std::string print_scram_verifier(const ScramVerifier& verifier) {
    std::string text(scram_sha_256);
    text += '$' + std::to_string(verifier.iterations) + ':' + base64_encode(verifier.salt);
    text += '$' + base64_encode(as_bytes(verifier.stored_key));
    text += ':' + base64_encode(as_bytes(verifier.server_key));
    return text;
}

ScramVerifier make_scram_verifier(std::string_view password, std::string_view salt,
                                  unsigned iterations) {
    ScramKeys keys = derive_scram_keys(password, salt, iterations);
    ScramVerifier verifier{.iterations = iterations,
                           .salt = std::string(salt),
                           .stored_key = sha256(as_bytes(keys.client_key)),
                           .server_key = keys.server_key};
    wipe(keys);
    return verifier;
}

ScramKeys derive_scram_keys(std::string_view password, std::string_view salt, unsigned iterations) {
    std::string prepared = saslprep(password);
    ScramKey salted = pbkdf2_sha256(prepared, salt, iterations);
    const ScramKeys keys{.client_key = hmac_sha256(as_bytes(salted), "Client Key"),
                         .server_key = hmac_sha256(as_bytes(salted), "Server Key")};
    wipe(prepared);
    wipe(salted);
    return keys;
}

void wipe(ScramKeys& keys) {
    wipe(keys.client_key);
    wipe(keys.server_key);
}

void wipe(Secret& secret) {
    if (auto* const verifier = std::get_if<ScramVerifier>(&secret)) {
        wipe(verifier->stored_key);
        wipe(verifier->server_key);
    } else if (auto* const md5 = std::get_if<Md5Hash>(&secret)) {
        wipe(md5->text);
    } else if (auto* const plain = std::get_if<PlainPassword>(&secret)) {
        wipe(plain->text);
    }
}

Secret parse_secret(std::string_view text) {
    if (is_md5_hash(text)) return Md5Hash{std::string(text)};
    if (auto verifier = parse_scram_verifier(text)) return *std::move(verifier);
    return PlainPassword{std::string(text)};
}

bool matches_password(const Secret& secret, std::string_view user, std::string_view password) {
    if (const auto* const verifier = std::get_if<ScramVerifier>(&secret)) {
        if (verifier->iterations == 0) return false;
        ScramKeys keys = derive_scram_keys(password, verifier->salt, verifier->iterations);
        // PostgreSQL's scram_verify_plain_password() compares this key, too.
        const bool equal = CRYPTO_memcmp(keys.server_key.data(), verifier->server_key.data(),
                                         keys.server_key.size()) == 0;
        wipe(keys);
        return equal;
    }
    if (const auto* const md5 = std::get_if<Md5Hash>(&secret)) {
        return equal_in_constant_time(md5->text, md5_password_hash(user, password));
    }
    const std::string& plain = std::get<PlainPassword>(secret).text;
    return !plain.empty() && equal_in_constant_time(plain, password);
}

std::string md5_password_hash(std::string_view user, std::string_view password) {
    std::string text(password);
    text += user;
    std::string hash(md5_prefix);
    hash += md5_hex(text);
    wipe(text);
    return hash;
}

std::string md5_response(std::string_view hash, const Md5Salt& salt) {
    std::string text(hash.substr(std::min(md5_prefix.size(), hash.size())));
    text.append(salt.data(), salt.size());
    std::string response(md5_prefix);
    response += md5_hex(text);
    wipe(text);
    return response;
}

bool matches_md5_response(const Secret& secret, std::string_view user, const Md5Salt& salt,
                          std::string_view response) {
    std::string hash;
    if (const auto* const md5 = std::get_if<Md5Hash>(&secret)) {
        hash = md5->text;
    } else if (const auto* const plain = std::get_if<PlainPassword>(&secret)) {
        if (plain->text.empty()) return false;
        hash = md5_password_hash(user, plain->text);
    } else {
        return false;
    }
    const bool equal = equal_in_constant_time(md5_response(hash, salt), response);
    wipe(hash);
    return equal;
}

}  // namespace pgweir::protocol
