// What pgweir logs in to a server with, where the configuration does not say it.
#pragma once

#include <openssl/crypto.h>

#include <optional>
#include <string>

#include "protocol/auth/secret.hpp"

namespace pgweir::pool {

/// The secret of the server's user in one form at least. Wiped when it is gone; never logged.
struct ServerCredentials {
    ServerCredentials() = default;
    ServerCredentials(const ServerCredentials&) = delete;
    ServerCredentials& operator=(const ServerCredentials&) = delete;
    ~ServerCredentials() {
        protocol::wipe(password);
        protocol::wipe(md5_hash);
        if (scram) {
            protocol::wipe(scram->client_key);
            protocol::wipe(scram->server_key);
        }
    }

    friend bool operator==(const ServerCredentials&, const ServerCredentials&) = default;

    std::string password;
    std::string md5_hash;  ///< "md5..." as PostgreSQL stores it
    /// What a client has shown in its own login: it opens a server that has the same verifier.
    std::optional<protocol::ScramKeys> scram;
};

}  // namespace pgweir::pool
