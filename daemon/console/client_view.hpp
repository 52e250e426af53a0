// A snapshot of one client for the console, taken on the client's worker.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pool/io/deadlines.hpp"
#include "pool/io/socket_names.hpp"
#include "pool/lending/server_view.hpp"
#include "pool/session/pins.hpp"
#include "protocol/wire/startup.hpp"

namespace pgweir::daemon {

struct ClientView {
    std::uint64_t id = 0;
    std::string database;
    std::string user;
    /// The one that its servers log in as; empty: it uses no pool (it logs in, or is the
    /// console's).
    std::string server_user;
    std::string_view state;  ///< login, idle, waiting or active
    bool is_console = false;
    protocol::Replication replication = protocol::Replication::none;
    pool::SocketNames socket;
    pool::Clock::time_point connected_at;
    pool::Clock::time_point request_at;  ///< the latest request; none yet: when it connected
    /// Since when it waits for a server, or for the answer to its request; nothing: it does not.
    std::optional<pool::Clock::time_point> waiting_since;
    std::uint64_t server = 0;  ///< ServerView::id of the one that it has; 0: none
    std::uint32_t pid = 0;     ///< of its process, where that is on this machine (Unix socket)
    std::string tls;           ///< its version; empty: none
    std::string application_name;
    std::size_t prepared_statements = 0;
    pool::Pins pins;
    pool::Clock::time_point pinned_since;  ///< meaningful with pins
    std::string pinned_by;                 ///< the statement, without its constants
    std::string statement;  ///< that it has asked, while it has a server or waits; likewise
};

/// What one worker has.
struct WorkerView {
    std::vector<ClientView> clients;
    std::vector<pool::ServerView> servers;
    pool::StatementViews statements;  ///< where they were asked for
};

}  // namespace pgweir::daemon
