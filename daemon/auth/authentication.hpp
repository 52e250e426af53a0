// Whether a client may come in: which method applies, what it is asked, and what its answer proves.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "conf/access/hba.hpp"
#include "conf/config.hpp"
#include "daemon/auth/auth_query.hpp"
#include "daemon/auth/login_brake.hpp"
#include "daemon/auth/outside_checker.hpp"
#include "daemon/auth/password_checker.hpp"
#include "daemon/auth/prepared_secrets.hpp"
#include "pool/connect/credential_choice.hpp"
#include "pool/io/asio.hpp"
#include "protocol/auth/secret.hpp"
#include "protocol/wire/error_report.hpp"

namespace pgweir::daemon {

/// What is known of a client before it is asked anything. `user` and `database` are those of its
/// first and only StartupMessage.
struct ClientFacts {
    std::string user;
    std::string database;
    bool is_physical_replication = false;  ///< `database` then names an entry, and no database
    std::string address;                   ///< without the port; "local" for a Unix socket
    conf::IpAddress ip;
    bool is_unix = false;
    std::optional<std::uint32_t> uid;  ///< of the process behind a Unix socket
    bool is_tls = false;
    bool certificate_verified = false;  ///< it presented one that our CA has signed
    std::string certificate_cn;
    std::string certificate_dn;
    /// Hash of pgweir's own certificate, for SCRAM-SHA-256-PLUS; empty where there is none.
    std::string end_point_hash;
};

/// The client's side of an authentication, as its session offers it.
class AuthConversation {
  public:
    virtual ~AuthConversation() = default;
    AuthConversation() = default;
    AuthConversation(const AuthConversation&) = delete;
    AuthConversation& operator=(const AuthConversation&) = delete;

    /// False: the session ends.
    virtual Task<bool> say(std::string_view messages) = 0;
    enum class Reply : std::uint8_t { password, sasl };
    /// The body of the client's next password message, which is to be `wanted`. Nothing: the
    /// session ends.
    virtual Task<std::optional<std::string>> hear(Reply wanted) = 0;
    /// Asks auth_query.
    virtual Task<AuthAnswer> look_up(AuthQuerySource source, std::string user) = 0;
    /// Whether somebody has said DISABLE of this database.
    [[nodiscard]] virtual bool is_disabled(const std::string& database) const = 0;
    /// Compares a password that came in clear. Nothing: the session ends.
    virtual Task<std::optional<PasswordChecker::Answer>> compare(
        std::string password, std::vector<protocol::ScramVerifier> verifiers) = 0;
    /// Has a password judged outside of pgweir; where that takes longer than `limit` (0: none)
    /// the answer is that nobody knows. Nothing: the session ends.
    virtual Task<std::optional<OutsideAnswer>> judge(OutsideQuestion question,
                                                     std::chrono::milliseconds limit) = 0;
    /// Lets time pass. False: the session ends.
    virtual Task<bool> pause(std::chrono::milliseconds time) = 0;
};

/// What all authentications of the process share. Thread-safe.
struct AuthShared {
    AuthQuery& query;
    LoginBrake brake;
    PreparedSecrets prepared;
    PasswordChecker passwords;
    OutsideChecker outside;
};

/// One client's authentication; lives in its login. Every outcome is worded as PostgreSQL words it,
/// and an unknown user is told what a wrong password is told.
class Authentication {
  public:
    Authentication(AuthConversation& client, AuthShared& shared,
                   std::shared_ptr<const conf::Config> config, ClientFacts facts)
        : client_(client), shared_(shared), config_(std::move(config)), facts_(std::move(facts)) {}

    enum class Outcome : std::uint8_t {
        let_in,
        refused,  ///< report() says what the client is to be told
        gone,     ///< the session ends
    };
    /// Suspends.
    Task<Outcome> run();

    [[nodiscard]] const protocol::ErrorReport& report() const { return report_; }
    /// For the log: why it was refused or let in, the rule's place included. Never a secret.
    [[nodiscard]] const std::string& reason() const { return reason_; }
    [[nodiscard]] std::string_view method() const { return method_; }
    /// Whether the last failure has shut the door (LoginBrake).
    [[nodiscard]] bool blocked() const { return blocked_; }
    /// With what pgweir can log in to the server as this client. Null: with nothing.
    [[nodiscard]] std::shared_ptr<const pool::ServerCredentials> credentials() const {
        return credentials_;
    }

  private:
    [[nodiscard]] std::optional<conf::AuthType> choose_method();
    [[nodiscard]] Outcome refuse_host();
    [[nodiscard]] Outcome check_certificate(bool names_user);
    [[nodiscard]] Outcome check_peer();
    [[nodiscard]] std::string_view map() const;
    Task<Outcome> require_known(std::string how);
    [[nodiscard]] std::string auth_database_problem() const;
    [[nodiscard]] std::optional<Outcome> braked();
    Task<Outcome> check_secret(conf::AuthType method);
    Task<bool> find_secrets();
    Task<bool> renew_secrets();
    Task<std::variant<std::string, Outcome>> ask(std::string request);
    Task<Outcome> exchange_password();
    Task<std::optional<bool>> is_right(const std::string& password);
    [[nodiscard]] std::string brake_address() const;
    Task<Outcome> exchange_md5();
    Task<Outcome> exchange_scram();
    [[nodiscard]] std::optional<OutsideQuestion> outside_question(conf::AuthType method);
    Task<Outcome> exchange_outside(conf::AuthType method);
    [[nodiscard]] Outcome let_in();
    Task<Outcome> fail_secret(std::string reason);
    Task<Outcome> fail(std::string_view code, std::string how, std::string reason,
                       std::chrono::milliseconds at_least = std::chrono::milliseconds::zero());
    Task<Outcome> fail_scram(std::string reason);
    [[nodiscard]] Outcome refuse(std::string_view code, std::string message, std::string reason);

    AuthConversation& client_;
    AuthShared& shared_;
    std::shared_ptr<const conf::Config> config_;
    ClientFacts facts_;
    const conf::HbaRule* rule_ = nullptr;  ///< part of the configuration
    std::vector<protocol::Secret> secrets_;
    std::optional<AuthQuerySource> asked_;  ///< where the secrets came from, if not from a file
    bool is_found_ = false;                 ///< there is such a user there
    bool remembered_ = false;               ///< they came from there some time ago
    protocol::ErrorReport report_;
    std::string reason_;
    std::string_view method_ = "trust";
    bool blocked_ = false;
    std::shared_ptr<const pool::ServerCredentials> credentials_;
};

}  // namespace pgweir::daemon
