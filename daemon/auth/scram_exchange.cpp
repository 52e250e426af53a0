// The method `scram-sha-256`, and `md5` for who has no MD5 hash: SCRAM, with each verifier of the
// user.
#include <cstdint>
#include <utility>

#include "daemon/auth/authentication.hpp"
#include "daemon/auth/credentials.hpp"
#include "protocol/auth/authentication.hpp"
#include "protocol/auth/scram_server.hpp"

namespace pgweir::daemon {

using conf::AuthType;
using protocol::ErrorReport;

Task<Authentication::Outcome> Authentication::exchange_scram() {
    protocol::ScramServerOptions options{
        .user = facts_.user, .secrets = shared_.prepared.verifiers(facts_.user, secrets_)};
    if (!facts_.end_point_hash.empty()) options.channel_binding = facts_.end_point_hash;
    protocol::ScramServer server(std::move(options));
    std::string message;
    protocol::append_authentication_sasl(message, server.mechanisms());
    bool first = true;
    while (true) {
        const bool said = co_await client_.say(message);
        if (!said) co_return Outcome::gone;
        const auto body = co_await client_.hear(AuthConversation::Reply::sasl);
        if (!body) co_return Outcome::gone;
        if (body->size() > protocol::max_sasl_message) {
            co_return co_await fail_scram("a SASL message that is too long");
        }
        protocol::ScramReply reply = protocol::ScramWrongPassword{};
        if (std::exchange(first, false)) {
            const auto initial = protocol::parse_sasl_initial_response(*body);
            if (const auto* problem = std::get_if<ErrorReport>(&initial)) {
                reply = *problem;
            } else {
                reply = server.start(std::get<protocol::SaslInitialResponse>(initial));
            }
        } else {
            reply = server.proceed(*body);
        }
        message.clear();
        if (const auto* more = std::get_if<protocol::ScramContinue>(&reply)) {
            protocol::append_authentication_sasl_continue(message, more->data);
            continue;
        }
        if (auto* success = std::get_if<protocol::ScramSuccess>(&reply)) {
            protocol::append_authentication_sasl_final(message, success->data);
            const bool told = co_await client_.say(message);
            if (!told) co_return Outcome::gone;
            // A plain password opens every server; keys only those with the same verifier.
            credentials_ = credentials_of(secrets_.at(success->secret));
            if (!credentials_) {
                auto credentials = std::make_shared<pool::ServerCredentials>();
                credentials->scram = success->keys;
                credentials_ = std::move(credentials);
            }
            protocol::wipe(success->keys.client_key);
            protocol::wipe(success->keys.server_key);
            co_return let_in();
        }
        if (auto* problem = std::get_if<ErrorReport>(&reply)) {
            report_ = std::move(*problem);
            reason_ = "the SCRAM exchange failed";
            co_return Outcome::refused;
        }
        co_return co_await fail_scram("wrong password");
    }
}

Task<Authentication::Outcome> Authentication::fail_scram(std::string reason) {
    const Outcome outcome = co_await fail_secret(std::move(reason));
    // PgBouncer's words, as its log has them, for who has the log in its form. For md5 it asks
    // who is unknown for an MD5 hash, where we speak SCRAM. Else the client hears what PostgreSQL
    // says.
    if (config_->log_format == conf::LogFormat::pgbouncer &&
        method_ == conf::name(AuthType::scram_sha_256)) {
        report_.detail = "SASL authentication failed";
    }
    co_return outcome;
}

}  // namespace pgweir::daemon
