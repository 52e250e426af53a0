// The messages of a login: what a server asks ('R'), what a client answers ('p'), and the packets
// that a client opens with.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/auth/secret.hpp"
#include "protocol/wire/error_report.hpp"
#include "protocol/wire/messages.hpp"
#include "protocol/wire/startup.hpp"

namespace pgweir::protocol {

/// PostgreSQL's PG_MAX_AUTH_TOKEN_LENGTH and PG_MAX_SASL_MESSAGE_LENGTH: the greatest length field
/// that it takes in answer to a request for a password, and the longest body of a SASL message.
inline constexpr std::uint32_t max_password_message = 65535;
inline constexpr std::uint32_t max_sasl_message = 1024;

// What a server asks. AuthenticationOk's builder is append_authentication_ok().
struct AuthenticationOk {};
struct AuthenticationCleartextPassword {};
struct AuthenticationMd5Password {
    Md5Salt salt{};
};
struct AuthenticationSasl {
    std::vector<std::string> mechanisms;
};
struct AuthenticationSaslContinue {
    Bytes data;  ///< a view into the body
};
struct AuthenticationSaslFinal {
    Bytes data;  ///< a view into the body
};
/// Kerberos, GSSAPI, SSPI, and what we do not know.
struct AuthenticationUnsupported {
    std::uint32_t code = 0;
};

using Authentication =
    std::variant<AuthenticationOk, AuthenticationCleartextPassword, AuthenticationMd5Password,
                 AuthenticationSasl, AuthenticationSaslContinue, AuthenticationSaslFinal,
                 AuthenticationUnsupported, ErrorReport>;

/// Takes apart the body of an 'R' message. Total: what the manual does not allow comes back as a
/// protocol violation.
[[nodiscard]] Authentication parse_authentication(Bytes body);

void append_authentication_cleartext_password(std::string& out);
void append_authentication_md5_password(std::string& out, const Md5Salt& salt);
void append_authentication_sasl(std::string& out, std::span<const std::string_view> mechanisms);
void append_authentication_sasl_continue(std::string& out, Bytes data);
void append_authentication_sasl_final(std::string& out, Bytes data);

// What a client answers. The body of a SASLResponse is the response, whole: it needs no parser.

struct SaslInitialResponse {
    std::string mechanism;
    std::optional<std::string> response;  ///< a client may leave it for the next message
    friend bool operator==(const SaslInitialResponse&, const SaslInitialResponse&) = default;
};

/// The password of a PasswordMessage's body (a view into it), or the error to send in PostgreSQL's
/// words: the body is not one zero-terminated string, or the password is empty.
[[nodiscard]] std::variant<std::string_view, ErrorReport> parse_password_message(Bytes body);
/// Takes apart the body of a SASLInitialResponse; the error to send where it is none.
[[nodiscard]] std::variant<SaslInitialResponse, ErrorReport> parse_sasl_initial_response(
    Bytes body);

// Of what is written as a zero-terminated string only what comes before a zero byte is sent.
void append_password_message(std::string& out, std::string_view password);
void append_sasl_initial_response(std::string& out, const SaslInitialResponse& response);
void append_sasl_response(std::string& out, Bytes data);
/// Protocol 3.0. The name of a parameter must not be empty: that is the end of the packet.
void append_startup_message(std::string& out, std::uint32_t version,
                            std::span<const Parameter> parameters);
void append_ssl_request(std::string& out);

}  // namespace pgweir::protocol
