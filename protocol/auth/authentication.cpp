#include "protocol/auth/authentication.hpp"

#include <algorithm>
#include <cstdint>

#include "protocol/wire/message_writer.hpp"

namespace pgweir::protocol {

namespace {

// The codes of the manual's "Message Formats", PostgreSQL's AUTH_REQ_*.
enum class AuthRequest : std::uint32_t {
    ok = 0,
    cleartext_password = 3,
    md5_password = 5,
    sasl = 10,
    sasl_continue = 11,
    sasl_final = 12,
};

constexpr std::uint32_t no_response = 0xffffffff;  // -1, the length of a response that is absent

ErrorReport violation(std::string message) {
    return ErrorReport::fatal(sqlstate::protocol_violation, std::move(message));
}

// Takes the text up to the next zero byte, and that byte, off the front.
std::optional<Bytes> take_cstring(Bytes& rest) {
    const std::size_t end = rest.find('\0');
    if (end == Bytes::npos) return std::nullopt;
    const Bytes text = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return text;
}

// The mechanisms, and an empty name behind them.
Authentication parse_mechanisms(Bytes rest) {
    AuthenticationSasl request;
    while (const auto name = take_cstring(rest)) {
        if (!name->empty()) {
            request.mechanisms.emplace_back(*name);
        } else if (rest.empty()) {
            return request;
        } else {
            break;
        }
    }
    return violation("malformed AuthenticationSASL message from the server");
}

void append_request(std::string& out, AuthRequest code, Bytes data) {
    const Message message(out, Backend::authentication);
    append_uint32(out, static_cast<std::uint32_t>(code));
    out.append(data);
}

void append_until_zero(std::string& out, std::string_view text) {
    append_cstring(out, text.substr(0, text.find('\0')));
}

}  // namespace

Authentication parse_authentication(Bytes body) {
    constexpr std::size_t code_size = 4;
    const auto malformed = [] {
        return violation("malformed Authentication message from the server");
    };
    if (body.size() < code_size) return malformed();
    const std::uint32_t code = read_uint32(body);
    body.remove_prefix(code_size);
    switch (static_cast<AuthRequest>(code)) {
        case AuthRequest::ok:
            if (!body.empty()) return malformed();
            return AuthenticationOk{};
        case AuthRequest::cleartext_password:
            if (!body.empty()) return malformed();
            return AuthenticationCleartextPassword{};
        case AuthRequest::md5_password: {
            AuthenticationMd5Password request;
            if (body.size() != request.salt.size()) return malformed();
            std::ranges::copy(body, request.salt.begin());
            return request;
        }
        case AuthRequest::sasl:
            return parse_mechanisms(body);
        case AuthRequest::sasl_continue:
            return AuthenticationSaslContinue{body};
        case AuthRequest::sasl_final:
            return AuthenticationSaslFinal{body};
    }
    return AuthenticationUnsupported{code};
}

void append_authentication_cleartext_password(std::string& out) {
    append_request(out, AuthRequest::cleartext_password, {});
}

void append_authentication_md5_password(std::string& out, const Md5Salt& salt) {
    append_request(out, AuthRequest::md5_password, Bytes(salt.data(), salt.size()));
}

void append_authentication_sasl(std::string& out, std::span<const std::string_view> mechanisms) {
    const Message message(out, Backend::authentication);
    append_uint32(out, static_cast<std::uint32_t>(AuthRequest::sasl));
    for (const std::string_view mechanism : mechanisms) append_cstring(out, mechanism);
    out.push_back('\0');
}

void append_authentication_sasl_continue(std::string& out, Bytes data) {
    append_request(out, AuthRequest::sasl_continue, data);
}

void append_authentication_sasl_final(std::string& out, Bytes data) {
    append_request(out, AuthRequest::sasl_final, data);
}

std::variant<std::string_view, ErrorReport> parse_password_message(Bytes body) {
    const auto password = take_cstring(body);
    if (!password || !body.empty()) return violation("invalid password packet size");
    if (password->empty()) {
        return ErrorReport::fatal(sqlstate::invalid_password, "empty password returned by client");
    }
    return *password;
}

std::variant<SaslInitialResponse, ErrorReport> parse_sasl_initial_response(Bytes body) {
    const auto mechanism = take_cstring(body);
    if (!mechanism) return violation("invalid string in message");
    if (body.size() < 4) return violation("insufficient data left in message");
    const std::uint32_t length = read_uint32(body);
    body.remove_prefix(4);
    SaslInitialResponse initial{.mechanism = std::string(*mechanism)};
    if (length != no_response) {
        if (length > body.size()) return violation("insufficient data left in message");
        initial.response.emplace(body.substr(0, length));
        body.remove_prefix(length);
    }
    if (!body.empty()) return violation("invalid message format");
    return initial;
}

void append_password_message(std::string& out, std::string_view password) {
    const Message message(out, Frontend::password);
    append_until_zero(out, password);
}

void append_sasl_initial_response(std::string& out, const SaslInitialResponse& response) {
    const Message message(out, Frontend::password);
    append_until_zero(out, response.mechanism);
    if (response.response) {
        append_uint32(out, static_cast<std::uint32_t>(response.response->size()));
        out.append(*response.response);
    } else {
        append_uint32(out, no_response);
    }
}

void append_sasl_response(std::string& out, Bytes data) {
    const Message message(out, Frontend::password);
    out.append(data);
}

void append_startup_message(std::string& out, std::uint32_t version,
                            std::span<const Parameter> parameters) {
    const LengthField length(out);
    append_uint32(out, version);
    for (const auto& [name, value] : parameters) {
        append_until_zero(out, name);
        append_until_zero(out, value);
    }
    out.push_back('\0');
}

void append_ssl_request(std::string& out) {
    const LengthField length(out);
    append_uint32(out, ssl_request_code);
}

}  // namespace pgweir::protocol
