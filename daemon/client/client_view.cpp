#include "daemon/console/client_view.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cstdint>

#include "daemon/client/client_session.hpp"
#include "protocol/sql/normalised_text.hpp"

namespace pgweir::daemon {

namespace {

// The process at the other end of a Unix socket; 0: it is not one.
std::uint32_t peer_pid(int socket) {
    ucred process{};
    socklen_t size = sizeof process;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &process, &size) != 0) return 0;
    return process.pid > 0 ? static_cast<std::uint32_t>(process.pid) : 0;
}

std::string_view name(ClientSession::State state) {
    switch (state) {
        case ClientSession::State::login:
            return "login";
        case ClientSession::State::idle:
            return "idle";
        case ClientSession::State::waiting:
            return "waiting";
        case ClientSession::State::active:
            break;
    }
    return "active";
}

// The text of the request for which a client waits, as far as it is here.
Bytes waiting_statement(const Exchange& exchange) {
    if (!exchange.unanswered_step) return {};
    Bytes text = exchange.unanswered_step->body;
    const auto type = static_cast<protocol::Frontend>(exchange.unanswered_step->type);
    if (type == protocol::Frontend::parse) {
        text.remove_prefix(std::min(text.find('\0') + 1, text.size()));
    } else if (type != protocol::Frontend::query) {
        return {};
    }
    return text.substr(0, text.find('\0'));
}

}  // namespace

void ClientSession::add_statements(pool::StatementViews& views) const {
    if (tenant_.part() == nullptr) return;
    tenant_.session().statements.for_each([&](const pool::Statement& statement) {
        ++pool::view_of(statement, *tenant_.part(), views).clients;
    });
}

ClientView ClientSession::view() const {
    const pool::TenantSession& session = tenant_.session();
    const pool::Lease& lease = tenant_.lease();
    const SslPtr& ssl = connection_.ssl();
    ClientView view{.id = session.id,
                    .database = database(),
                    .user = user(),
                    .server_user = tenant_.part() ? tenant_.part()->pool().user() : std::string(),
                    .state = is_console() ? "active" : name(state_),
                    .is_console = is_console(),
                    .replication = replication_,
                    .socket = pool::socket_names(connection_.socket()),
                    .connected_at = connected_at_,
                    .request_at = std::max(tenant_.request_at(), connected_at_),
                    .pid = peer_pid(connection_.socket()),
                    .tls = ssl ? tls_version(*ssl) : std::string(),
                    .prepared_statements = session.statements.size(),
                    .pins = session.pins,
                    .pinned_since = session.pinned ? session.pinned->since : Clock::time_point(),
                    .pinned_by = session.pinned ? session.pinned->by : std::string()};
    if (state_ == State::waiting) {
        view.waiting_since = tenant_.exchange().waiter.since;
    } else if (tenant_.has_exchange() && tenant_.exchange().request_under_way) {
        view.waiting_since = tenant_.request_at();
    }
    if (lease) {
        view.server = lease->connection().id;
        view.statement = protocol::normalised_text(lease->session().latest_statement());
    } else if (state_ == State::waiting) {
        view.statement = protocol::normalised_text(waiting_statement(tenant_.exchange()));
    }
    if (session.settings) {
        const std::string* const name = session.settings->find("application_name");
        if (name != nullptr) view.application_name = *name;
    }
    return view;
}

}  // namespace pgweir::daemon
