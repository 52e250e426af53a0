// A server's side of a login: the first byte chooses what the client has, then come the bodies of
// 'R' messages with 0xfe bytes between them. Any bytes also go through SASLprep.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "protocol/auth/authentication.hpp"
#include "protocol/auth/saslprep.hpp"
#include "protocol/auth/scram_client.hpp"

namespace {

using namespace pgweir::protocol;

constexpr char separator = '\xfe';

void require(bool condition) {
    if (!condition) std::abort();
}

Bytes next_part(Bytes& rest) {
    const Bytes part = rest.substr(0, rest.find(separator));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    return part;
}

void check_error(const ErrorReport& report) {
    require(report.severity == "FATAL" && report.code.size() == 5 && !report.message.empty());
    require(report.message.size() + report.detail.size() < 300);
}

ScramClientOptions make_options(unsigned flags) {
    ScramClientOptions options{.credentials = "pencil",
                               .require_channel_binding = (flags & 1U) != 0,
                               .max_iterations = 10,
                               .nonce = "abc"};
    if ((flags & 2U) != 0) options.channel_binding = std::string(32, 'h');
    if ((flags & 4U) != 0) options.credentials = derive_scram_keys("pencil", "salt", 1);
    return options;
}

void answer(ScramClient& client, const Authentication& request) {
    if (const auto* const sasl = std::get_if<AuthenticationSasl>(&request)) {
        const auto initial = client.start(sasl->mechanisms);
        if (const auto* const report = std::get_if<ErrorReport>(&initial)) check_error(*report);
    } else if (const auto* const next = std::get_if<AuthenticationSaslContinue>(&request)) {
        const auto response = client.proceed(next->data);
        if (const auto* const report = std::get_if<ErrorReport>(&response)) {
            check_error(*report);
        } else {
            require(std::get<std::string>(response).starts_with("c="));
        }
    } else if (const auto* const last = std::get_if<AuthenticationSaslFinal>(&request)) {
        const auto problem = client.finish(last->data);
        if (problem) check_error(*problem);
        require(client.finished() == !problem);
    } else if (const auto* const report = std::get_if<ErrorReport>(&request)) {
        check_error(*report);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    Bytes rest(reinterpret_cast<const char*>(data), size);
    const unsigned flags = data[0];
    rest.remove_prefix(1);

    const std::string prepared = saslprep(rest);
    require(prepared.size() <= std::max(rest.size(), 18 * max_saslprep_length));
    require(rest.empty() || !prepared.empty());

    ScramClient client(make_options(flags));
    for (int messages = 0; messages < 4; ++messages) {
        answer(client, parse_authentication(next_part(rest)));
    }
    return 0;
}
