// To the client: notifications that come from the pool's hub, between its transactions.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "daemon/client_session.hpp"
#include "daemon/worker.hpp"

namespace pgweir::daemon {

using pool::IoResult;

void ClientSession::notify(const pool::SharedMessage& message) {
    if (ending_) return;
    if (!unread_) unread_ = std::make_unique<UnreadNotifications>();
    unread_->outbox.add(message);
    if (unread_->outbox.is_overfull()) {
        end(ClientClose::unread,
            ErrorReport::fatal(protocol::sqlstate::program_limit_exceeded,
                               "terminating connection because its notifications are not read"));
        return;
    }
    write_notifications();
}

void ClientSession::replies_delivered() {
    if (phase_ == RelayPhase::asking) wake();
    write_notifications();
}

bool ClientSession::takes_replies() const {
    return !unread_ || !unread_->writing;
}

void ClientSession::channels_confirmed() {
    if (lease_) lease_->release_if_done();
}

// As PostgreSQL: neither inside of a transaction nor of a reply.
bool ClientSession::may_notify() const {
    return !ending_ && (!lease_ || lease_->rests());
}

void ClientSession::write_notifications() {
    if (!unread_ || unread_->writing || write_fitting_notifications()) return;
    unread_->writing = true;
    asio::co_spawn(worker_.context().io.get_executor(), write_notifications_slowly(),
                   asio::detached);
}

// False when the client does not take all that it may have now.
bool ClientSession::write_fitting_notifications() {
    NotificationOutbox& outbox = unread_->outbox;
    if (session_.listener && may_notify()) outbox.name_own(session_.listener->own, session_.pid);
    while (true) {
        const std::vector<iovec> parts = outbox.next(may_notify());
        if (parts.empty()) break;
        const IoResult result = stream_.write(parts);
        if (result.status == IoResult::Status::would_block) return false;
        if (result.status != IoResult::Status::done) {
            end(ClientClose::lost, std::nullopt);
            return true;
        }
        statistics().client_bytes_sent.add(result.size);
        outbox.written(result.size);
    }
    if (outbox.is_empty() && !unread_->writing) unread_.reset();
    return true;
}

Task<> ClientSession::write_notifications_slowly() {
    const auto self = shared_from_this();
    bool done = false;
    while (!done && !ending_) {
        co_await stream_.writable();
        done = ending_ != nullptr || write_fitting_notifications();
    }
    unread_->writing = false;
    if (unread_->outbox.is_empty()) unread_.reset();
    if (lease_) lease_->client_ready();
}

}  // namespace pgweir::daemon
