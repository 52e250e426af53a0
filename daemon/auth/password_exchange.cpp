// The method `password`: what came in clear is compared with what is known of it.
#include "daemon/auth/authentication.hpp"
#include "protocol/auth/authentication.hpp"

namespace pgweir::daemon {

Task<Authentication::Outcome> Authentication::exchange_password() {
    std::string request;
    protocol::append_authentication_cleartext_password(request);
    const auto heard = co_await ask(std::move(request));
    if (const auto* outcome = std::get_if<Outcome>(&heard)) co_return *outcome;
    const auto& password = std::get<std::string>(heard);
    std::optional<bool> right = co_await is_right(password);
    if (right && !*right) {
        const bool renewed = co_await renew_secrets();
        if (renewed) right = co_await is_right(password);
    }
    if (!right) co_return Outcome::gone;
    if (!*right) co_return co_await fail_secret("wrong password");
    auto credentials = std::make_shared<pool::ServerCredentials>();
    credentials->password = password;
    credentials_ = std::move(credentials);
    co_return let_in();
}

// Nothing: the session ends.
Task<std::optional<bool>> Authentication::is_right(const std::string& password) {
    std::vector<protocol::ScramVerifier> verifiers;
    for (const protocol::Secret& secret : secrets_) {
        if (const auto* verifier = std::get_if<protocol::ScramVerifier>(&secret)) {
            verifiers.push_back(*verifier);
        } else if (protocol::matches_password(secret, facts_.user, password)) {
            co_return true;
        }
    }
    if (shared_.passwords.recall(password, verifiers)) co_return true;
    // The work of a comparison with a verifier, so that time does not tell who is known.
    if (secrets_.empty()) verifiers.push_back({.salt = "pgweir"});
    if (verifiers.empty()) co_return false;
    const auto found = co_await client_.compare(password, std::move(verifiers));
    if (!found) co_return std::nullopt;
    co_return found->has_value() && !secrets_.empty();
}

}  // namespace pgweir::daemon
