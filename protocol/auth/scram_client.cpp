#include "protocol/auth/scram_client.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace pgweir::protocol {

namespace {

ErrorReport refused(std::string message) {
    return ErrorReport::fatal(sqlstate::invalid_authorization, std::move(message));
}

ErrorReport wrong_state() {
    return ErrorReport::fatal(sqlstate::internal_error, "invalid SCRAM exchange state");
}

std::optional<unsigned> parse_count(Bytes text) {
    unsigned count = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (count < 1 || count > unsigned{std::numeric_limits<int>::max()}) return std::nullopt;
    return count;
}

}  // namespace

ScramClient::ScramClient(ScramClientOptions options) : options_(std::move(options)) {
    if (options_.nonce.empty()) options_.nonce = make_scram_nonce();
}

ScramClient::~ScramClient() {
    if (auto* const password = std::get_if<std::string>(&options_.credentials)) {
        wipe(*password);
    } else if (auto* const keys = std::get_if<ScramKeys>(&options_.credentials)) {
        wipe(*keys);
    }
    wipe(server_signature_);
}

std::variant<SaslInitialResponse, ErrorReport> ScramClient::start(
    std::span<const std::string> mechanisms) {
    if (std::exchange(state_, State::failed) != State::initial) return wrong_state();
    const auto offers = [mechanisms](std::string_view mechanism) {
        return std::ranges::find(mechanisms, mechanism) != mechanisms.end();
    };
    const bool offers_plus = offers(scram_sha_256_plus);
    std::string_view mechanism = scram_sha_256;
    if (offers_plus && options_.channel_binding) {
        mechanism = scram_sha_256_plus;
        gs2_header_ = scram_plus_header;
    } else if (options_.require_channel_binding) {
        return refused(
            offers_plus
                ? "channel binding is required, but the connection to the server has none"
                : "channel binding is required, but server did not offer an authentication method "
                  "that supports channel binding");
    } else if (!offers(scram_sha_256)) {
        return ErrorReport::fatal(
            sqlstate::feature_not_supported,
            "none of the server's SASL authentication mechanisms are supported");
    } else {
        // 'y' tells a server that did offer it that somebody took it out of its list.
        gs2_header_ = options_.channel_binding ? "y,," : "n,,";
    }
    // PostgreSQL takes the name from the StartupMessage.
    client_first_bare_ = "n=,r=" + options_.nonce;
    state_ = State::server_first;
    return SaslInitialResponse{.mechanism = std::string(mechanism),
                               .response = gs2_header_ + client_first_bare_};
}

std::optional<ErrorReport> ScramClient::parse_server_first(Bytes message,
                                                           ServerFirst& parsed) const {
    ScramReader reader(message);
    Bytes salt;
    Bytes iterations;
    if (!reader.read('r', parsed.nonce)) return malformed_scram(reader.detail());
    if (parsed.nonce.size() <= options_.nonce.size() ||
        parsed.nonce.size() > scram_max_nonce + options_.nonce.size() ||
        !parsed.nonce.starts_with(options_.nonce) || !is_scram_printable(parsed.nonce)) {
        return malformed_scram("The server's nonce is not the client's with more behind it.");
    }
    if (!reader.read('s', salt)) return malformed_scram(reader.detail());
    auto salt_bytes = base64_decode(salt);
    if (!salt_bytes || salt_bytes->empty() || salt_bytes->size() > scram_max_salt) {
        return malformed_scram("The salt is not one to " + std::to_string(scram_max_salt) +
                               " bytes in base64.");
    }
    parsed.salt = *std::move(salt_bytes);
    if (!reader.read('i', iterations)) return malformed_scram(reader.detail());
    const auto count = parse_count(iterations);
    if (!count) return malformed_scram("The iteration count is no positive number.");
    parsed.iterations = *count;
    if (!reader.at_end()) {
        return malformed_scram("Garbage found at the end of server-first-message.");
    }
    return std::nullopt;
}

ScramKeys ScramClient::keys_for(const ServerFirst& message) const {
    if (const auto* const keys = std::get_if<ScramKeys>(&options_.credentials)) return *keys;
    return derive_scram_keys(std::get<std::string>(options_.credentials), message.salt,
                             message.iterations);
}

std::variant<std::string, ErrorReport> ScramClient::proceed(Bytes server_first) {
    if (std::exchange(state_, State::failed) != State::server_first) return wrong_state();
    ServerFirst parsed;
    if (auto problem = parse_server_first(server_first, parsed)) return *std::move(problem);
    if (std::holds_alternative<std::string>(options_.credentials) &&
        parsed.iterations > options_.max_iterations) {
        ErrorReport report = ErrorReport::fatal(sqlstate::program_limit_exceeded,
                                                "server asks for too many SCRAM iterations");
        report.detail = "It asks for " + std::to_string(parsed.iterations) + ", the most is " +
                        std::to_string(options_.max_iterations) + ".";
        return report;
    }

    std::string bound = gs2_header_;
    if (gs2_header_ == scram_plus_header) bound += options_.channel_binding.value_or("");
    std::string client_final = "c=" + base64_encode(bound) + ",r=";
    client_final += parsed.nonce;
    std::string auth_message = client_first_bare_ + ",";
    auth_message += server_first;
    auth_message += "," + client_final;

    ScramKeys keys = keys_for(parsed);
    ScramKey stored_key = sha256(as_bytes(keys.client_key));
    const ScramKey proof = xor_signature(stored_key, auth_message, keys.client_key);
    server_signature_ = hmac_sha256(as_bytes(keys.server_key), auth_message);
    wipe(keys);
    wipe(stored_key);
    state_ = State::server_final;
    return client_final + ",p=" + base64_encode(as_bytes(proof));
}

std::optional<ErrorReport> ScramClient::finish(Bytes server_final) {
    if (std::exchange(state_, State::failed) != State::server_final) return wrong_state();
    ScramReader reader(server_final);
    Bytes value;
    if (reader.peek() == 'e') {
        if (!reader.read('e', value)) return malformed_scram(reader.detail());
        std::string text(value.substr(0, 100));
        std::ranges::replace_if(
            text, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
        return refused("error received from server in SCRAM exchange: " + text);
    }
    if (!reader.read('v', value)) return malformed_scram(reader.detail());
    const auto signature = base64_decode_key(value);
    if (!signature || !reader.at_end()) {
        return malformed_scram("The server's signature is malformed.");
    }
    if (CRYPTO_memcmp(signature->data(), server_signature_.data(), signature->size()) != 0) {
        ErrorReport report = refused("incorrect server signature");
        report.detail = "The server did not prove that it knows the password.";
        return report;
    }
    state_ = State::finished;
    return std::nullopt;
}

}  // namespace pgweir::protocol
