// Looking up users' secrets in the database itself.
#pragma once

#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conf/config.hpp"
#include "pool/connect/server_connection.hpp"
#include "pool/io/asio.hpp"
#include "protocol/wire/error_report.hpp"

namespace pgweir::daemon {

/// Where and how to ask for one database.
struct AuthQuerySource {
    /// libpq keywords of the connection that asks, `user` being auth_user. Nothing of a client but
    /// the name of a database is ever among them.
    std::vector<conf::ConnectionKeyword> connection;
    std::string query;  ///< auth_query; $1 is the user's name
    std::chrono::milliseconds connect_timeout{0};
    std::chrono::milliseconds timeout{0};     ///< of one query; 0: none
    std::chrono::milliseconds cache_time{0};  ///< how long an answer is used again; 0: not at all

    friend bool operator==(const AuthQuerySource&, const AuthQuerySource&) = default;
};

struct AuthAnswer {
    enum class Status : std::uint8_t {
        found,
        no_user,  ///< no row, no password, or an expired one
        failed,   ///< nobody knows: `problem` says why
    };
    Status status = Status::failed;
    bool has_user = false;    ///< there is a row, be it without a secret
    bool remembered = false;  ///< it was asked for some time ago
    std::string secret;
    std::string problem;  ///< one line for the log, without secrets
    /// What the server said, where it was the server that refused the connection.
    std::optional<protocol::ErrorReport> from_server;
};

/// Runs auth_query over one connection for each source. Clients that ask for the same user while
/// the connection is busy cost one query, which runs after all of them have asked: a password that
/// was changed before counts. An answer is remembered where AuthQuerySource says so.
///
/// Lives on one worker's io_context, not on the main thread's: a look-up of a host name makes Asio
/// start a thread, which would take the signals that the main thread alone is to take. All public
/// functions may be called from any thread.
class AuthQuery {
  public:
    using Done = std::function<void(const AuthAnswer&)>;

    explicit AuthQuery(asio::io_context& io) : io_(io) {}
    AuthQuery(const AuthQuery&) = delete;
    AuthQuery& operator=(const AuthQuery&) = delete;
    ~AuthQuery() = default;

    /// `done` is called once, on that worker.
    void ask(AuthQuerySource source, std::string user, Done done);
    /// The answer for this user has not let somebody in: ask anew next time.
    void forget(const AuthQuerySource& source, const std::string& user);
    /// Housekeeping: closes connections that were not used for a while and drops answers that are
    /// out of date.
    void sweep();

  private:
    using Clock = pool::Clock;
    struct Remembered {
        AuthAnswer answer;
        Clock::time_point until;
    };
    // One source: its connection, who waits for it and what it has answered.
    struct Link {
        explicit Link(AuthQuerySource described) : source(std::move(described)) {}
        AuthQuerySource source;
        std::map<std::string, std::vector<Done>> asked;  ///< by user
        std::deque<std::string> queue;                   ///< of `asked`, in the order of arrival
        std::map<std::string, Remembered> remembered;    ///< by user
        pool::ConnectionPtr connection;
        Clock::time_point used_at;
        bool busy = false;  ///< a coroutine works on the queue
    };

    /// Answers that are kept for one source; more are asked for each time.
    static constexpr std::size_t max_remembered = 10'000;
    static constexpr std::chrono::seconds keep_connection{60};

    [[nodiscard]] static std::optional<AuthAnswer> recall(const Link& link,
                                                          const std::string& user);
    void sweep_now(Clock::time_point now);
    void take(AuthQuerySource source, const std::string& user, Done done);
    Task<> work(std::shared_ptr<Link> link);
    Task<AuthAnswer> look_up(Link& link, const std::string& user);
    Task<AuthAnswer> connect(Link& link);
    Link* find(const AuthQuerySource& source);

    asio::io_context& io_;
    std::vector<std::shared_ptr<Link>> links_;
};

}  // namespace pgweir::daemon
