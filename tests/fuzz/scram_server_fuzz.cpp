// A client's side of a login: the first byte chooses what the server has and offers, then come the
// body of a SASLInitialResponse and those of SASLResponses, with 0xfe bytes between them.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "protocol/auth/authentication.hpp"
#include "protocol/auth/scram_server.hpp"

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

ScramServerOptions make_options(unsigned flags) {
    static const ScramVerifier verifier = make_scram_verifier("pencil", "salt", 1);
    ScramServerOptions options{.user = "bob", .nonce = "servernonce"};
    if ((flags & 1U) != 0) options.secrets.emplace_back(PlainPassword{"pen"});
    if ((flags & 3U) != 0) options.secrets.emplace_back(verifier);
    if ((flags & 4U) != 0) options.channel_binding = std::string(32, 'h');
    return options;
}

// Whether the exchange goes on.
bool check_reply(const ScramReply& reply, unsigned flags) {
    static const ScramKeys pencil = derive_scram_keys("pencil", "salt", 1);
    static const ScramKeys pen = derive_scram_keys("pen", "salt", 1);
    if (const auto* const report = std::get_if<ErrorReport>(&reply)) check_error(*report);
    if (const auto* const success = std::get_if<ScramSuccess>(&reply)) {
        require((flags & 3U) != 0);
        require(success->data.starts_with("v=") && success->data.size() == 46);
        require(success->keys == pencil || success->keys == pen);
    }
    const auto* const next = std::get_if<ScramContinue>(&reply);
    require(next == nullptr || next->data.empty() || next->data.starts_with("r="));
    return next != nullptr;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    Bytes rest(reinterpret_cast<const char*>(data), size);
    const unsigned flags = data[0];
    rest.remove_prefix(1);

    const Secret secret = parse_secret(rest);
    if (const auto* const verifier = std::get_if<ScramVerifier>(&secret)) {
        require(parse_scram_verifier(print_scram_verifier(*verifier)).has_value());
    }
    const auto password = parse_password_message(rest);
    if (const auto* const report = std::get_if<ErrorReport>(&password)) check_error(*report);

    ScramServer server(make_options(flags));
    const auto initial = parse_sasl_initial_response(next_part(rest));
    if (const auto* const report = std::get_if<ErrorReport>(&initial)) {
        check_error(*report);
        return 0;
    }
    bool goes_on = check_reply(server.start(std::get<SaslInitialResponse>(initial)), flags);
    for (int messages = 0; messages < 4; ++messages) {
        const bool went_on = goes_on;
        const ScramReply reply = server.proceed(next_part(rest));
        goes_on = check_reply(reply, flags);
        require(went_on || std::holds_alternative<ErrorReport>(reply));
    }
    return 0;
}
