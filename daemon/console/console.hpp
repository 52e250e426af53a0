// Carries out the commands of all console sessions, on the main thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/console/answer.hpp"
#include "daemon/console/averages.hpp"
#include "daemon/console/command_table.hpp"
#include "daemon/console/operations.hpp"
#include "daemon/console/snapshot.hpp"
#include "pool/io/asio.hpp"

namespace pgweir::daemon::console {

/// The names of the virtual database; no database of the configuration can have them.
[[nodiscard]] bool is_console(std::string_view database);

/// Who may do what; nothing: this user may not come in.
[[nodiscard]] std::optional<Role> role_of(const conf::Config& config, std::string_view user);

/// A command on its way, shared by the session that waits for the answer and by the console.
struct Order {
    Command command;
    std::string user;          ///< who has said it
    std::uint64_t client = 0;  ///< ... and the number of his client
    bool is_private = false;   ///< ... who has come by a Unix socket or over TLS
    /// Its client has cancelled it or is gone: what waits, waits no longer.
    std::atomic<bool> withdrawn{false};
    Answer answer;  ///< set before `done` is called
};

class Console {
  public:
    Console(asio::io_context& io, Operations& operations);

    /// Any thread. `done` is called on the main thread when there is an answer.
    void submit(std::shared_ptr<Order> order, std::function<void()> done);
    /// To be called about once a second.
    void keep_house();

  private:
    Task<> serve(std::shared_ptr<Order> order, std::function<void()> done);
    Task<Answer> show(const Show& show);
    Task<Snapshot> take_snapshot(bool sockets, bool statements);

    // console_commands.cpp
    Task<Answer> carry_out(const Order& order);
    Task<> wait_a_moment();
    [[nodiscard]] std::optional<Answer> unknown_database(const std::string& name) const;
    Task<Answer> pause(const Order& order);
    [[nodiscard]] Answer suspend();
    [[nodiscard]] Answer resume(const std::string& name);
    [[nodiscard]] Answer reconnect(const std::string& name);
    [[nodiscard]] Answer kill(const std::string& name);
    Task<Answer> kill_client(const std::string& number);
    Task<Answer> wait_close(const Order& order);
    [[nodiscard]] Answer set(const Order& order);
    [[nodiscard]] Answer shut_down(const std::string& way);

    asio::io_context& io_;
    Operations& operations_;
    Averages averages_;
};

}  // namespace pgweir::daemon::console
