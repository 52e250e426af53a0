// What pgweir itself can log in to servers with.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "conf/config.hpp"
#include "daemon/auth/auth_query.hpp"
#include "pool/connect/credential_choice.hpp"
#include "protocol/auth/secret.hpp"

namespace pgweir::daemon {

/// What a client's secret lets pgweir log in with; null for a verifier, which checks a password and
/// does not replace one.
[[nodiscard]] pool::CredentialsPtr credentials_of(const protocol::Secret& secret);

/// The connection on which auth_query is asked for a database; nothing where none is configured.
/// `default_dbname`: where, if the entry of `database` does not say it.
[[nodiscard]] std::optional<AuthQuerySource> auth_query_source(const conf::Config& config,
                                                               const std::string& database,
                                                               const std::string& default_dbname);

/// What a pool's connections can log in with, apart from what its clients bring: the secrets of the
/// server's user that the configuration knows, but for verifiers.
[[nodiscard]] std::vector<pool::CredentialsPtr> configured_credentials(const conf::Config& config,
                                                                       const std::string& user);

/// What a `password` of a database's entry that is no plain one stands for: an MD5 hash for itself,
/// a verifier for what the client has shown (`shown`, may be null), if that opens it. `user` is the
/// server's.
[[nodiscard]] std::vector<pool::CredentialsPtr> stored_credentials(
    const std::string& password, const std::string& user, const pool::CredentialsPtr& shown);

}  // namespace pgweir::daemon
