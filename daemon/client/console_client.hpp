// A client that has come for the console.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "daemon/client/client_limits.hpp"
#include "daemon/console/console.hpp"
#include "daemon/console/conversation.hpp"

namespace pgweir::daemon {

class ClientSession;

/// Answers the messages of a client of the console, which gets no server. Commands are carried out
/// on the main thread.
///
/// Owned by the client's login, in whose coroutine it runs, on the client's worker.
class ConsoleClient final : private console::Host {
  public:
    /// `place`: of ClientLimits, for the console. `startup`: the settings of its StartupMessage.
    ConsoleClient(ClientSession& client, ClientLimits::Place place, console::Role role,
                  const std::vector<protocol::Parameter>& startup);

    /// Tells the client, behind `opening`, that it may begin. Suspends. False: the session ends.
    Task<bool> greet(std::string opening, std::uint32_t version);
    /// Answers one message after the other, until the session ends. Suspends.
    Task<> serve();
    /// The client takes back the command that it waits for, if there is one.
    void withdraw();

  private:
    Task<console::Answer> carry_out(const console::Command& command) override;
    [[nodiscard]] console::Asker asker() const override;

    void count_question();

    ClientSession& client_;
    ClientLimits::Place place_;
    bool has_asked_ = false;
    console::Conversation conversation_;
    std::shared_ptr<console::Order> order_;  ///< while the client waits for what it has said
};

}  // namespace pgweir::daemon
