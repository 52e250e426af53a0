// How a client proves who it is: the connection's part.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/auth/authentication.hpp"

namespace pgweir::daemon {

class ClientConnection;
class ClientSession;

/// What `connection` shows of the client: where it is, and its certificate. The rest of `facts` is
/// left as it is.
void describe_connection(const ClientConnection& connection, ClientFacts& facts);

/// Carries the messages of one authentication. What is asked, and what the answers prove, is
/// decided by Authentication.
///
/// Lives in its login's coroutine, on the client's worker.
class ClientAuthentication final : private AuthConversation {
  public:
    ClientAuthentication(ClientSession& client, ClientFacts facts);

    /// Suspends. True: the client is who it says. False: the session ends, and knows why.
    Task<bool> run();

    /// How the client has proved who it is, or was to.
    [[nodiscard]] std::string_view method() const { return decision_.method(); }
    /// With what pgweir can log in to the server as this client. Null: with nothing.
    [[nodiscard]] pool::CredentialsPtr credentials() const { return decision_.credentials(); }

  private:
    Task<bool> say(std::string_view messages) override;
    Task<std::optional<std::string>> hear(Reply wanted) override;
    Task<AuthAnswer> look_up(AuthQuerySource source, std::string user) override;
    [[nodiscard]] bool is_disabled(const std::string& database) const override;
    Task<std::optional<PasswordChecker::Answer>> compare(
        std::string password, std::vector<protocol::ScramVerifier> verifiers) override;
    Task<std::optional<OutsideAnswer>> judge(OutsideQuestion question,
                                             std::chrono::milliseconds limit) override;
    Task<bool> pause(std::chrono::milliseconds time) override;

    using Timer = asio::basic_waitable_timer<pool::Clock, asio::wait_traits<pool::Clock>, Executor>;
    void wake_after(Timer& timer);
    void refuse(protocol::ErrorReport report);

    ClientSession& client_;
    Authentication decision_;
};

}  // namespace pgweir::daemon
