#include "daemon/client/client_notifications.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "daemon/client/client_session.hpp"
#include "daemon/client/client_worker.hpp"

namespace pgweir::daemon {

using pool::IoResult;

void ClientNotifications::add(const pool::SharedMessage& message) {
    outbox_.add(message);
    if (!outbox_.is_overfull()) return;
    client_.end(ClientClose::unread,
                ErrorReport::fatal(protocol::sqlstate::program_limit_exceeded,
                                   "terminating connection because its notifications are not "
                                   "read"));
}

void ClientNotifications::write() {
    if (is_writing_ || write_what_fits()) return;
    is_writing_ = true;
    asio::co_spawn(client_.worker().context().io.get_executor(), write_slowly(), asio::detached);
}

// As PostgreSQL: neither inside of a transaction nor of a reply.
bool ClientNotifications::may_begin() const {
    const pool::Lease& lease = client_.tenant().lease();
    return !client_.ending() && (!lease || lease->rests());
}

// False when the client does not take all that it may have now.
bool ClientNotifications::write_what_fits() {
    pool::TenantSession& session = client_.tenant().session();
    while (true) {
        if (session.listening && may_begin()) outbox_.name_own(session.listening->own, session.pid);
        const std::vector<iovec> parts = outbox_.next(may_begin());
        if (parts.empty()) return true;
        const IoResult result = client_.connection().stream().write(parts);
        if (result.status == IoResult::Status::would_block) return false;
        if (result.status != IoResult::Status::done) {
            client_.end(ClientClose::lost, std::nullopt);
            return true;
        }
        client_.tenant().statistics().client_bytes_sent.add(result.size);
        outbox_.written(result.size);
    }
}

Task<> ClientNotifications::write_slowly() {
    const auto kept = client_.shared_from_this();
    bool done = false;
    while (!done && !client_.ending()) {
        co_await client_.connection().stream().writable();
        done = client_.ending() || write_what_fits();
    }
    is_writing_ = false;
    kept->tenant().notifications_told();  // which may be the end of this object
}

}  // namespace pgweir::daemon
