// A snapshot of one server for the console, taken on the server's worker.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pool/io/deadlines.hpp"
#include "pool/io/socket_names.hpp"
#include "pool/session/statement.hpp"
#include "protocol/wire/startup.hpp"

namespace pgweir::pool {

class PoolPart;
class Server;

struct ServerView {
    std::uint64_t id = 0;
    std::string database;
    std::string user;
    std::string_view state;  ///< PgBouncer's word for it
    protocol::Replication replication = protocol::Replication::none;
    SocketNames socket;
    Clock::time_point connected_at;
    Clock::time_point idle_since;  ///< meaningful while it is idle
    bool close_needed = false;     ///< it is replaced when it is next free
    std::uint64_t client = 0;      ///< who has it; 0: nobody
    std::uint32_t pid = 0;         ///< of the server's process
    std::string tls;               ///< its version; empty: none
    std::string application_name;
    std::size_t prepared_statements = 0;
};

/// A prepared statement, and how many have it.
struct StatementView {
    std::string database;
    std::string user;
    std::string name;  ///< on servers
    std::string text;  ///< without its constants
    unsigned clients = 0;
    unsigned servers = 0;
};

/// The statements of one worker, by database, user and name.
using StatementViews = std::map<std::array<std::string, 3>, StatementView>;

/// The view of a statement of this part's pool, which is added where there is none yet.
[[nodiscard]] StatementView& view_of(const Statement& statement, const PoolPart& part,
                                     StatementViews& views);

/// To be called on the server's worker, as what follows.
[[nodiscard]] ServerView view_of(Server& server, const PoolPart& part);
/// Adds the views of all servers of this part.
void add_views(const PoolPart& part, std::vector<ServerView>& views);
/// Counts the servers of this part that have each statement.
void add_statements(const PoolPart& part, StatementViews& views);

}  // namespace pgweir::pool
