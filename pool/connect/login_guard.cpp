#include "pool/connect/login_guard.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "protocol/auth/authentication.hpp"
#include "protocol/auth/scram_client.hpp"

namespace pgweir::pool {

namespace {

using Kind = LoginVerdict::Kind;
using protocol::Bytes;

constexpr char authentication = 'R';
// libpq's own bound for a request to authenticate.
constexpr std::uint32_t longest_request = 2000;

// The number behind `i=` in a server-first-message, where it is one.
bool asks_too_much(Bytes data) {
    const std::size_t at = data.find(",i=");
    if (at == Bytes::npos) return false;  // libpq says what is wrong with it
    const Bytes digits =
        data.substr(at + 3, std::min(data.find(',', at + 3), data.size()) - at - 3);
    unsigned count = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
    if (error == std::errc::result_out_of_range) return true;
    return error == std::errc{} && count > protocol::scram_max_iterations;
}

LoginVerdict refuse(std::string problem) {
    return {.kind = Kind::refuse, .problem = std::move(problem)};
}

}  // namespace

LoginVerdict check_login_messages(Bytes bytes) {
    while (!bytes.empty()) {
        if (bytes.size() < header_size) return {.kind = Kind::incomplete};
        const std::uint32_t length = protocol::read_uint32(bytes.substr(1));
        // What is no message of a login at all (PostgreSQL before 7.4 answered with text) is
        // libpq's to judge: it computes nothing for it.
        if (bytes.front() != authentication && (length < 4 || length > longest_login_message))
            return {};
        if (length < 4 || length > longest_login_message ||
            (bytes.front() == authentication && length > longest_request)) {
            return refuse("the server sent a login message of impossible length");
        }
        if (bytes.size() < 1 + length) return {.kind = Kind::incomplete};
        if (bytes.front() == authentication) {
            const auto request =
                protocol::parse_authentication(bytes.substr(header_size, length - 4));
            // libpq takes no request to authenticate any more: what follows is harmless, and may be
            // longer than what was peeked at.
            if (std::holds_alternative<protocol::AuthenticationOk>(request)) return {};
            const auto* more = std::get_if<protocol::AuthenticationSaslContinue>(&request);
            if (more != nullptr && asks_too_much(more->data)) {
                return refuse("the server asks for more than " +
                              std::to_string(protocol::scram_max_iterations) + " SCRAM iterations");
            }
        }
        bytes.remove_prefix(1 + length);
    }
    return {};
}

}  // namespace pgweir::pool
