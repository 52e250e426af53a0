// The configuration as the rest of pgweir sees it: plain values, already checked.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgweir::conf {

using std::chrono::milliseconds;

/// When a server goes back to its pool: after the client leaves, after each transaction, or after
/// each statement (PgBouncer's `pool_mode`).
enum class PoolMode : std::uint8_t { session, transaction, statement };

/// How a client proves who it is.
enum class AuthType : std::uint8_t { trust };

enum class LogLevel : std::uint8_t { trace, debug, info, warning, error };

/// Where clients (or, for `http`, scrapers) connect to.
struct ListenAddress {
    /// A host name or numeric address, `*` for all, or a folder (starting with `/`) that will hold
    /// the Unix socket `.s.PGSQL.<port>`.
    std::string host;
    std::uint16_t port = 0;

    [[nodiscard]] bool is_unix() const { return host.starts_with('/'); }
    friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

/// What governs one pool and its clients. The most specific value wins: user, database, global.
/// In every duration 0 means "no limit".
struct PoolOptions {
    PoolMode pool_mode = PoolMode::transaction;
    unsigned default_pool_size = 20;    ///< servers per pool; 0: no limit
    unsigned min_pool_size = 0;         ///< servers kept open per pool
    unsigned max_db_connections = 0;    ///< servers per database over all its pools; 0: no limit
    unsigned max_user_connections = 0;  ///< servers per user over all its pools
    unsigned max_db_client_connections = 0;    ///< clients per database
    unsigned max_user_client_connections = 0;  ///< clients per user
    std::string server_reset_query = "DISCARD ALL";
    milliseconds client_idle_timeout{0};
    milliseconds query_timeout{0};
    milliseconds idle_transaction_timeout{0};
    milliseconds transaction_timeout{0};
    milliseconds query_wait_timeout{120'000};
    milliseconds server_connect_timeout{15'000};
    milliseconds server_login_retry{15'000};
    milliseconds server_idle_timeout{600'000};
    milliseconds server_lifetime{3'600'000};
    milliseconds cancel_wait_timeout{10'000};

    friend bool operator==(const PoolOptions&, const PoolOptions&) = default;
};

/// A libpq connection keyword with its value, secrets already resolved.
using ConnectionKeyword = std::pair<std::string, std::string>;

/// One entry of `databases`.
struct Database {
    std::string name;  ///< what a client asks for; `*` stands for any other name
    /// libpq keywords without duplicates. For `*` without `dbname`, the name asked for is added
    /// when a connection is made, as is the client's user where there is no `user`.
    std::vector<ConnectionKeyword> connection;
    PoolOptions options;  ///< global values with this database's own on top

    [[nodiscard]] bool is_fallback() const { return name == "*"; }
    /// The value of a libpq keyword, or nullptr.
    [[nodiscard]] const std::string* keyword(std::string_view key) const;
    friend bool operator==(const Database&, const Database&) = default;
};

/// One entry of `users`: only what differs from the database's values.
struct User {
    std::string name;
    std::optional<PoolMode> pool_mode;
    std::optional<unsigned> pool_size;
    std::optional<unsigned> max_user_connections;
    std::optional<unsigned> max_user_client_connections;
    std::optional<milliseconds> client_idle_timeout;
    std::optional<milliseconds> query_timeout;
    std::optional<milliseconds> idle_transaction_timeout;
    std::optional<milliseconds> transaction_timeout;
    std::optional<milliseconds> query_wait_timeout;

    friend bool operator==(const User&, const User&) = default;
};

/// The whole of a valid configuration file. Immutable once loaded and shared between threads as
/// `std::shared_ptr<const Config>`.
struct Config {
    std::vector<ListenAddress> listen;
    unsigned workers = 0;  ///< threads that carry clients; 0 (`auto`): one per core
    AuthType auth_type = AuthType::trust;
    std::optional<ListenAddress> http;
    LogLevel log_level = LogLevel::info;
    bool log_connections = true;
    bool log_disconnections = true;
    unsigned max_client_conn = 100;
    milliseconds client_login_timeout{60'000};
    milliseconds shutdown_timeout{30'000};  ///< how long SIGTERM waits for work to end
    PoolOptions pool;                       ///< the global values
    std::vector<Database> databases;
    std::vector<User> users;

    /// The entry for a database name a client asked for: its own, else `*`, else nullptr.
    [[nodiscard]] const Database* find_database(std::string_view name) const;
    /// What governs the pool of this database and user: the database's values with the user's on
    /// top.
    [[nodiscard]] PoolOptions pool_options(const Database& database, std::string_view user) const;
    friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace pgweir::conf
