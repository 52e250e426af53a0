// How a client comes in: the first packets, who it is, and the greeting.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/auth/authentication.hpp"
#include "daemon/client/client_encryption.hpp"
#include "daemon/client/client_limits.hpp"
#include "daemon/client/login_room.hpp"
#include "daemon/console/command_table.hpp"
#include "pool/connect/credential_choice.hpp"
#include "pool/io/asio.hpp"
#include "pool/lending/greetings.hpp"
#include "protocol/wire/error_report.hpp"
#include "protocol/wire/startup.hpp"

namespace pgweir::daemon {

class ClientSession;
class ConsoleClient;
struct Exchange;

/// Takes a connection to a client that is logged in: reads its first packets, lets it prove who it
/// is, finds its pool and its place there, and greets it. A client of the console is served here to
/// its end.
///
/// Owned by its ClientSession until the client is logged in, on its worker. Its coroutine is the
/// session's only one, and keeps the session alive.
class ClientLogin {
  public:
    explicit ClientLogin(ClientSession& client);
    ClientLogin(const ClientLogin&) = delete;
    ClientLogin& operator=(const ClientLogin&) = delete;
    ~ClientLogin();

    /// Takes its place among those that are not logged in, until it is. Others may make room.
    void enter_room();
    /// Suspends. True: the client is logged in. False: the session ends, and knows why.
    Task<bool> run();

    /// As the StartupMessage says; empty before it has come.
    [[nodiscard]] const std::string& database() const { return database_; }
    [[nodiscard]] const std::string& user() const { return user_; }
    /// Null: it has not come for the console, or was not let in.
    [[nodiscard]] ConsoleClient* console() const { return console_.get(); }

    // What the server that was borrowed says.
    /// Its answer to the client's start-up settings: an error if it has refused them.
    void set_up_finished(const std::optional<protocol::ErrorReport>& error);
    /// Null: the settings were accepted, or not answered yet.
    [[nodiscard]] const protocol::ErrorReport* set_up_error() const { return set_up_error_.get(); }
    /// It has answered a question. True if the login waits for that.
    [[nodiscard]] bool end_confirmation();

  private:
    // client_login.cpp
    Task<std::optional<protocol::StartupMessage>> negotiate();
    Task<bool> read_packet(protocol::FirstPacket& packet);
    Task<> carry_cancel(protocol::CancelKey key);
    Task<bool> authenticate(pool::CredentialsPtr& credentials);
    [[nodiscard]] ClientFacts facts() const;
    [[nodiscard]] bool is_own_user() const;
    Task<> enter_console(const protocol::StartupMessage& startup);
    [[nodiscard]] std::optional<protocol::ErrorReport> take_console_place(
        console::Role role, ClientLimits::Place& place) const;
    void log_login() const;

    // client_pool_entry.cpp
    Task<bool> enter_pool(const pool::CredentialsPtr& credentials,
                          const protocol::StartupMessage& startup);
    Task<bool> greet(std::string opening);
    [[nodiscard]] std::optional<protocol::ErrorReport> enter(
        const pool::CredentialsPtr& credentials);
    void offer_credentials(const conf::Database& entry, const pool::CredentialsPtr& credentials);
    void begin_session(const protocol::StartupMessage& startup);
    Task<pool::Greeting> obtain_greeting();
    Task<bool> borrow_server();
    Task<bool> queue_for_server();
    Task<bool> confirm_server();
    Task<bool> set_up_server();

    void refuse(protocol::ErrorReport report);
    [[nodiscard]] Exchange& exchange() const;

    ClientSession& client_;
    ClientEncryption encryption_;
    std::string database_;
    std::string user_;
    protocol::Replication replication_ = protocol::Replication::none;
    std::uint32_t version_ = 0;  ///< of the protocol, as it is spoken to the client
    std::string_view method_;    ///< how it proved who it is
    std::unique_ptr<const protocol::ErrorReport> set_up_error_;
    LoginRoom::Ticket ticket_;  ///< until it has its place, or is let into the console
    bool confirming_ = false;   ///< waits for its server's answer to a question
    std::unique_ptr<ConsoleClient> console_;
};

}  // namespace pgweir::daemon
