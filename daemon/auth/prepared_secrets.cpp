#include "daemon/auth/prepared_secrets.hpp"

#include <algorithm>

#include "protocol/auth/crypto.hpp"

namespace pgweir::daemon {

std::vector<protocol::Secret> PreparedSecrets::verifiers(
    const std::string& user, const std::vector<protocol::Secret>& secrets) {
    const bool has_plain = std::ranges::any_of(secrets, [](const protocol::Secret& secret) {
        return std::holds_alternative<protocol::PlainPassword>(secret);
    });
    if (!has_plain) return secrets;
    {
        const std::lock_guard lock(mutex_);
        const auto known = known_.find(user);
        if (known != known_.end() && known->second.from == secrets) return known->second.made;
    }
    // One exchange has one salt: that of a stored verifier, where there is one.
    std::string salt = protocol::random_bytes(protocol::scram_salt_length);
    unsigned iterations = protocol::scram_default_iterations;
    for (const protocol::Secret& secret : secrets) {
        if (const auto* stored = std::get_if<protocol::ScramVerifier>(&secret)) {
            salt = stored->salt;
            iterations = stored->iterations;
            break;
        }
    }
    std::vector<protocol::Secret> made = secrets;
    for (protocol::Secret& secret : made) {
        if (const auto* plain = std::get_if<protocol::PlainPassword>(&secret)) {
            secret = protocol::make_scram_verifier(plain->text, salt, iterations);
        }
    }
    const std::lock_guard lock(mutex_);
    if (known_.size() >= max_known) known_.clear();
    known_[user] = {.from = secrets, .made = made};
    return made;
}

}  // namespace pgweir::daemon
