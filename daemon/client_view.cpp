#include "daemon/client_view.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cstdint>

#include "daemon/client_session.hpp"
#include "protocol/normalised_text.hpp"

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

}  // namespace

// The text of the request for which it waits, as far as it is here.
Bytes ClientSession::waiting_statement() const {
    if (!exchange_ || !exchange_->unanswered_step) return {};
    Bytes text = exchange_->unanswered_step->body;
    const auto type = static_cast<protocol::Frontend>(exchange_->unanswered_step->type);
    if (type == protocol::Frontend::parse) {
        text.remove_prefix(std::min(text.find('\0') + 1, text.size()));
    } else if (type != protocol::Frontend::query) {
        return {};
    }
    return text.substr(0, text.find('\0'));
}

void ClientSession::add_statements(pool::StatementViews& views) const {
    if (part_ == nullptr) return;
    session_.statements.for_each([&](const pool::Statement& statement) {
        ++pool::view_of(statement, *part_, views).clients;
    });
}

ClientView ClientSession::view() const {
    ClientView view{.id = session_.id,
                    .database = database(),
                    .user = user(),
                    .server_user = part_ ? part_->pool().user() : std::string(),
                    .state = console_ ? "active" : name(state_),
                    .is_console = console_ != nullptr,
                    .replication = replication_,
                    .socket = pool::socket_names(stream_.native_handle()),
                    .connected_at = connected_at_,
                    .request_at = std::max(request_at_, connected_at_),
                    .pid = peer_pid(stream_.native_handle()),
                    .tls = ssl_ ? tls_version(*ssl_) : std::string(),
                    .prepared_statements = session_.statements.size(),
                    .pins = session_.pins,
                    .pinned_since = session_.pinned ? session_.pinned->since : Clock::time_point(),
                    .pinned_by = session_.pinned ? session_.pinned->by : std::string()};
    if (state_ == State::waiting) {
        view.waiting_since = exchange_->waiter.since;
    } else if (exchange_ && exchange_->request_under_way) {
        view.waiting_since = request_at_;
    }
    if (lease_) {
        view.server = lease_->connection().id;
        view.statement = protocol::normalised_text(lease_->latest_statement());
    } else if (state_ == State::waiting) {
        view.statement = protocol::normalised_text(waiting_statement());
    }
    if (session_.settings) {
        const std::string* const name = session_.settings->find("application_name");
        if (name != nullptr) view.application_name = *name;
    }
    return view;
}

}  // namespace pgweir::daemon
