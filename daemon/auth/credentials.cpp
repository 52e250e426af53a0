#include "daemon/auth/credentials.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

#include "pool/lending/registry.hpp"

namespace pgweir::daemon {

pool::CredentialsPtr credentials_of(const protocol::Secret& secret) {
    auto credentials = std::make_shared<pool::ServerCredentials>();
    if (const auto* plain = std::get_if<protocol::PlainPassword>(&secret)) {
        credentials->password = plain->text;
    } else if (const auto* hash = std::get_if<protocol::Md5Hash>(&secret)) {
        credentials->md5_hash = hash->text;
    } else {
        return nullptr;
    }
    return credentials;
}

std::optional<AuthQuerySource> auth_query_source(const conf::Config& config,
                                                 const std::string& database,
                                                 const std::string& default_dbname) {
    const conf::PoolOptions& options = config.options_of(database);
    if (options.auth_user.empty()) return std::nullopt;
    const bool elsewhere = !options.auth_dbname.empty();
    // The console is no database to ask in.
    if (!elsewhere && conf::is_reserved_database(database)) return std::nullopt;
    const conf::Database* asked = config.find_database(elsewhere ? options.auth_dbname : database);
    if (asked == nullptr) return std::nullopt;

    AuthQuerySource source{.query = options.auth_query,
                           .connect_timeout = options.server_connect_timeout,
                           .timeout = config.auth_query_timeout,
                           .cache_time = config.auth_query_cache_time};
    source.connection = pool::connection_keywords(
        *asked, elsewhere ? options.auth_dbname : default_dbname, options.auth_user);
    const std::string* own_user = asked->keyword("user");
    if (own_user == nullptr || *own_user != options.auth_user) {
        std::erase_if(source.connection, [](const conf::ConnectionKeyword& keyword) {
            return keyword.first == "user" || keyword.first == "password";
        });
        source.connection.emplace_back("user", options.auth_user);
        for (const auto& known : configured_credentials(config, options.auth_user)) {
            if (known->password.empty()) continue;
            source.connection.emplace_back("password", known->password);
            break;
        }
    }
    return source;
}

std::vector<pool::CredentialsPtr> configured_credentials(const conf::Config& config,
                                                         const std::string& user) {
    std::vector<pool::CredentialsPtr> known;
    for (const std::string& text : config.secrets_of(user)) {
        if (text.empty()) continue;
        auto credentials = credentials_of(protocol::parse_secret(text));
        if (credentials) known.push_back(std::move(credentials));
    }
    return known;
}

std::vector<pool::CredentialsPtr> stored_credentials(const std::string& password,
                                                     const std::string& user,
                                                     const pool::CredentialsPtr& shown) {
    const protocol::Secret secret = protocol::parse_secret(password);
    if (std::holds_alternative<protocol::PlainPassword>(secret)) return {};
    const auto* verifier = std::get_if<protocol::ScramVerifier>(&secret);
    if (verifier == nullptr) return {credentials_of(secret)};
    if (!shown) return {};
    const bool opens =
        shown->scram
            ? protocol::sha256(protocol::as_bytes(shown->scram->client_key)) == verifier->stored_key
            : protocol::matches_password(secret, user, shown->password);
    return opens ? std::vector{shown} : std::vector<pool::CredentialsPtr>();
}

}  // namespace pgweir::daemon
