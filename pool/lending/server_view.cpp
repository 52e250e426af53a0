#include "pool/lending/server_view.hpp"

#include <openssl/ssl.h>

#include <algorithm>

#include "pool/lending/pool.hpp"
#include "pool/server/server.hpp"
#include "protocol/sql/normalised_text.hpp"

namespace pgweir::pool {

namespace {

// PgBouncer has more states: a server that it has just got back (used), and one that runs its
// check query (tested), which is what cleaning comes nearest to.
std::string_view state_of(Server& server) {
    switch (server.state()) {
        case Server::State::leased:
            return "active";
        case Server::State::cleaning:
            return server.cancels().is_under_way() ? "being_canceled" : "tested";
        case Server::State::idle:
        case Server::State::leaving:
        case Server::State::closed:
            break;
    }
    return "idle";
}

std::string application_name_of(const ServerConnection& connection) {
    const std::string* const name = find_parameter(connection.reported, "application_name");
    return name != nullptr ? *name : std::string();
}

}  // namespace

StatementView& view_of(const Statement& statement, const PoolPart& part, StatementViews& views) {
    const Pool& pool = part.pool();
    StatementView& view = views[{pool.database(), pool.user(), statement.server_name()}];
    if (view.name.empty()) {
        view.database = pool.database();
        view.user = pool.user();
        view.name = statement.server_name();
        view.text = protocol::normalised_text(statement.query());
    }
    return view;
}

ServerView view_of(Server& server, const PoolPart& part) {
    const ServerConnection& connection = server.connection();
    ssl_st* const tls = connection.tls();
    return {.id = connection.id,
            .database = part.pool().database(),
            .user = part.pool().user(),
            .state = state_of(server),
            .replication = connection.replication,
            .socket = socket_names(connection.socket()),
            .connected_at = connection.connected_at,
            .idle_since = server.connection().idle_since,
            .close_needed = connection.generation != part.setup()->generation,
            .pid = connection.cancel_key.pid,
            .tls = tls == nullptr ? std::string() : SSL_get_version(tls),
            .application_name = application_name_of(connection),
            .prepared_statements = connection.statements.size()};
}

void add_statements(const PoolPart& part, StatementViews& views) {
    for (const auto& [key, server] : part.servers()) {
        server->connection().statements.for_each(
            [&](const Statement& statement) { ++view_of(statement, part, views).servers; });
    }
}

void add_views(const PoolPart& part, std::vector<ServerView>& views) {
    for (const auto& [key, server] : part.servers()) views.push_back(view_of(*server, part));
}

}  // namespace pgweir::pool
