#include "protocol/auth/scram_server.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <utility>

namespace pgweir::protocol {

namespace {

constexpr std::string_view binding_type = "tls-server-end-point";

// "biws" is "n,,", "eSws" is "y,,".
constexpr std::string_view unbound_n = "biws";
constexpr std::string_view unbound_y = "eSws";

ErrorReport violation(std::string message) {
    return ErrorReport::fatal(sqlstate::protocol_violation, std::move(message));
}

// PostgreSQL's sanitize_str().
std::string show_text(Bytes text) {
    constexpr std::size_t longest = 30;
    std::string shown(text.substr(0, longest));
    std::ranges::replace_if(
        shown, [](char c) { return c < 0x21 || c > 0x7e; }, '?');
    return shown;
}

std::string salt_for(std::string_view user) {
    static const std::string key = random_bytes(sizeof(ScramKey));
    return std::string(as_bytes(hmac_sha256(key, user)).substr(0, scram_salt_length));
}

bool is_usable(const Secret& secret) {
    if (const auto* const verifier = std::get_if<ScramVerifier>(&secret)) {
        return verifier->iterations > 0;
    }
    const auto* const plain = std::get_if<PlainPassword>(&secret);
    return plain != nullptr && !plain->text.empty();
}

}  // namespace

ScramServer::ScramServer(ScramServerOptions options) : options_(std::move(options)) {
    if (options_.nonce.empty()) options_.nonce = make_scram_nonce();
    choose_salt();
}

ScramServer::~ScramServer() {
    for (Secret& secret : options_.secrets) wipe(secret);
}

void ScramServer::choose_salt() {
    for (const Secret& secret : options_.secrets) {
        const auto* const verifier = std::get_if<ScramVerifier>(&secret);
        if (verifier != nullptr && is_usable(secret)) {
            salt_ = verifier->salt;
            iterations_ = verifier->iterations;
            return;
        }
    }
    salt_ = salt_for(options_.user);
}

std::span<const std::string_view> ScramServer::mechanisms() const {
    // The stronger first, as PostgreSQL lists them.
    static constexpr std::array<std::string_view, 2> all{scram_sha_256_plus, scram_sha_256};
    return std::span(all).subspan(options_.channel_binding ? 0 : 1);
}

ScramReply ScramServer::start(const SaslInitialResponse& initial) {
    if (state_ != State::initial) return dispatch({});
    if (std::ranges::find(mechanisms(), initial.mechanism) == mechanisms().end()) {
        state_ = State::done;
        return violation("client selected an invalid SASL authentication mechanism");
    }
    binds_channel_ = initial.mechanism == scram_sha_256_plus;
    state_ = State::client_first;
    // A client that said nothing yet is asked to, by an empty challenge (RFC 4422).
    if (!initial.response) return ScramContinue{};
    return dispatch(*initial.response);
}

ScramReply ScramServer::proceed(Bytes response) {
    return dispatch(response);
}

ScramReply ScramServer::dispatch(Bytes message) {
    const State state = std::exchange(state_, State::done);
    if (state == State::initial || state == State::done) {
        return ErrorReport::fatal(sqlstate::internal_error, "invalid SCRAM exchange state");
    }
    if (message.empty()) return malformed_scram("The message is empty.");
    if (message.find('\0') != Bytes::npos) {
        return malformed_scram("Message length does not match input length.");
    }
    return state == State::client_first ? read_client_first(message) : read_client_final(message);
}

ScramReply ScramServer::read_client_first(Bytes message) {
    ScramReader reader(message);
    if (auto problem = read_gs2_header(reader)) return *std::move(problem);

    client_first_bare_ = reader.rest();
    if (reader.peek() == 'm') {
        return ErrorReport::fatal(sqlstate::feature_not_supported,
                                  "client requires an unsupported SCRAM extension");
    }
    Bytes user;
    Bytes nonce;
    if (!reader.read('n', user) || !reader.read('r', nonce)) {
        return malformed_scram(reader.detail());
    }
    if (!is_scram_printable(nonce)) return violation("non-printable characters in SCRAM nonce");
    while (!reader.at_end()) {  // optional extensions: we know none
        char attribute = 0;
        Bytes value;
        if (!reader.read_any(attribute, value)) return malformed_scram(reader.detail());
    }

    nonce_ = std::string(nonce) + options_.nonce;
    server_first_ =
        "r=" + nonce_ + ",s=" + base64_encode(salt_) + ",i=" + std::to_string(iterations_);
    state_ = State::client_final;
    return ScramContinue{server_first_};
}

// The order of the checks is that of PostgreSQL's read_client_first_message().
std::optional<ErrorReport> ScramServer::read_gs2_header(ScramReader& reader) {
    binding_flag_ = reader.peek();
    if (binding_flag_ == 'n' || binding_flag_ == 'y') {
        if (binds_channel_) {
            return malformed_scram(
                "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include "
                "channel binding data.");
        }
        // Somebody took the mechanism that we offered out of our list.
        if (binding_flag_ == 'y' && options_.channel_binding) {
            ErrorReport report = ErrorReport::fatal(sqlstate::invalid_authorization,
                                                    "SCRAM channel binding negotiation error");
            report.detail =
                "The client supports SCRAM channel binding but thinks the server does not.  "
                "However, this server does support channel binding.";
            return report;
        }
        reader.skip();
        if (reader.peek() != ',') {
            return malformed_scram("Comma expected, but found character \"" +
                                   show_byte(reader.peek()) + "\".");
        }
        reader.skip();
    } else if (binding_flag_ == 'p') {
        if (!binds_channel_) {
            return malformed_scram(
                "The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message "
                "includes channel binding data.");
        }
        Bytes type;
        if (!reader.read('p', type)) return malformed_scram(reader.detail());
        if (type != binding_type) {
            return violation("unsupported SCRAM channel-binding type \"" + show_text(type) + "\"");
        }
    } else {
        return malformed_scram("Unexpected channel-binding flag \"" + show_byte(binding_flag_) +
                               "\".");
    }
    if (reader.peek() == 'a') {
        return ErrorReport::fatal(sqlstate::feature_not_supported,
                                  "client uses authorization identity, but it is not supported");
    }
    if (reader.peek() != ',') {
        return malformed_scram("Unexpected attribute \"" + show_byte(reader.peek()) +
                               "\" in client-first-message.");
    }
    reader.skip();
    return std::nullopt;
}

std::optional<ErrorReport> ScramServer::check_binding(Bytes value) const {
    if (binds_channel_) {
        const std::string expected =
            base64_encode(std::string(scram_plus_header) + options_.channel_binding.value_or(""));
        if (value == expected) return std::nullopt;
        return ErrorReport::fatal(sqlstate::invalid_authorization,
                                  "SCRAM channel binding check failed");
    }
    if (value == (binding_flag_ == 'y' ? unbound_y : unbound_n)) return std::nullopt;
    return violation("unexpected SCRAM channel-binding attribute in client-final-message");
}

std::optional<ErrorReport> ScramServer::parse_client_final(Bytes message,
                                                           ClientFinal& parsed) const {
    ScramReader reader(message);
    Bytes binding;
    if (!reader.read('c', binding)) return malformed_scram(reader.detail());
    if (auto problem = check_binding(binding)) return problem;
    if (!reader.read('r', parsed.nonce)) return malformed_scram(reader.detail());

    char attribute = 0;
    Bytes value;
    do {  // optional extensions, up to the proof
        // All up to the comma before this attribute.
        parsed.without_proof = message.substr(0, message.size() - reader.rest().size() - 1);
        if (!reader.read_any(attribute, value)) return malformed_scram(reader.detail());
    } while (attribute != 'p');

    const auto proof = base64_decode_key(value);
    if (!proof) return malformed_scram("Malformed proof in client-final-message.");
    parsed.proof = *proof;
    if (!reader.at_end()) {
        return malformed_scram("Garbage found at the end of client-final-message.");
    }
    return std::nullopt;
}

ScramReply ScramServer::read_client_final(Bytes message) {
    ClientFinal parsed;
    if (auto problem = parse_client_final(message, parsed)) return *std::move(problem);
    if (parsed.nonce != nonce_) {
        ErrorReport report = violation("invalid SCRAM response");
        report.detail = "Nonce does not match.";
        return report;
    }
    return verify(parsed);
}

std::vector<ScramServer::Candidate> ScramServer::make_candidates() const {
    std::vector<Candidate> candidates;
    candidates.reserve(options_.secrets.size());  // one that grew would leave keys behind
    for (std::size_t i = 0; i < options_.secrets.size(); ++i) {
        const Secret& secret = options_.secrets[i];
        if (!is_usable(secret)) continue;
        if (const auto* const plain = std::get_if<PlainPassword>(&secret)) {
            ScramKeys keys = derive_scram_keys(plain->text, salt_, iterations_);
            candidates.push_back({.secret = i,
                                  .stored_key = sha256(as_bytes(keys.client_key)),
                                  .server_key = keys.server_key});
            wipe(keys);
        } else if (const auto* const verifier = std::get_if<ScramVerifier>(&secret);
                   verifier != nullptr && verifier->salt == salt_ &&
                   verifier->iterations == iterations_) {
            candidates.push_back({.secret = i,
                                  .stored_key = verifier->stored_key,
                                  .server_key = verifier->server_key});
        }
    }
    return candidates;
}

ScramReply ScramServer::verify(const ClientFinal& message) const {
    std::vector<Candidate> candidates = make_candidates();
    const bool is_mock = candidates.empty();
    if (is_mock) {
        Candidate nobody;
        if (options_.mock_plain) {
            nobody.server_key = derive_scram_keys(options_.nonce, salt_, iterations_).server_key;
        }
        candidates.push_back(nobody);
    }

    std::string auth_message = client_first_bare_ + "," + server_first_ + ",";
    auth_message += message.without_proof;
    ScramReply reply = ScramWrongPassword{};
    bool found = false;
    for (Candidate& candidate : candidates) {
        ScramKey client_key = xor_signature(candidate.stored_key, auth_message, message.proof);
        ScramKey stored_key = sha256(as_bytes(client_key));
        const bool equal =
            CRYPTO_memcmp(stored_key.data(), candidate.stored_key.data(), stored_key.size()) == 0;
        if (equal && !is_mock && !std::exchange(found, true)) {
            const ScramKey signature = hmac_sha256(as_bytes(candidate.server_key), auth_message);
            reply = ScramSuccess{
                .data = "v=" + base64_encode(as_bytes(signature)),
                .secret = candidate.secret,
                .keys = {.client_key = client_key, .server_key = candidate.server_key}};
        }
        wipe(client_key);
        wipe(stored_key);
        wipe(candidate.stored_key);
        wipe(candidate.server_key);
    }
    return reply;
}

}  // namespace pgweir::protocol
