// To the client: notifications that come from the pool's hub, between its transactions.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "daemon/client_session.hpp"
#include "daemon/worker.hpp"

namespace pgweir::daemon {

using pool::IoResult;

namespace {

// What a client that does not read may have waiting for it.
constexpr std::size_t most_bytes_waiting = 1U << 20U;

}  // namespace

void ClientSession::notify(const pool::SharedMessage& message) {
    if (ending_) return;
    notifications_.push_back(message);
    notification_bytes_ += message->size();
    if (notification_bytes_ > most_bytes_waiting) {
        end(ClientClose::unread,
            ErrorReport::fatal(protocol::sqlstate::program_limit_exceeded,
                               "terminating connection because its notifications are not read"));
        return;
    }
    write_notifications();
}

void ClientSession::replies_delivered() {
    if (phase_ == Phase::asking) wake();
    write_notifications();
}

bool ClientSession::takes_replies() const {
    return !notifying_;
}

void ClientSession::channels_confirmed() {
    if (lease_) lease_->release_if_done();
}

// As PostgreSQL: neither inside of a transaction nor of a reply.
bool ClientSession::may_notify() const {
    return !ending_ && (!lease_ || lease_->rests());
}

void ClientSession::write_notifications() {
    if (notifying_ || notifications_.empty() || write_fitting_notifications()) return;
    notifying_ = true;
    asio::co_spawn(worker_.context().io.get_executor(), write_notifications_slowly(),
                   asio::detached);
}

// False when the client does not take all that it may have now.
bool ClientSession::write_fitting_notifications() {
    constexpr std::size_t most_at_once = 64;
    std::vector<iovec> parts;
    while (!notifications_.empty() && (notification_begun_ > 0 || may_notify())) {
        // One that was begun has to be finished before anything else is said.
        const std::size_t count = may_notify() ? most_at_once : 1;
        parts.clear();
        for (const pool::SharedMessage& message : notifications_) {
            if (parts.size() == count) break;
            parts.push_back(pool::to_iovec(*message));
        }
        const IoResult result = stream_.write(pool::drop_front(parts, notification_begun_));
        if (result.status == IoResult::Status::would_block) return false;
        if (result.status != IoResult::Status::done) {
            end(ClientClose::lost, std::nullopt);
            return true;
        }
        statistics().client_bytes_sent.add(result.size);
        notification_begun_ += result.size;
        while (!notifications_.empty() && notification_begun_ >= notifications_.front()->size()) {
            notification_begun_ -= notifications_.front()->size();
            notification_bytes_ -= notifications_.front()->size();
            notifications_.pop_front();
        }
    }
    return true;
}

Task<> ClientSession::write_notifications_slowly() {
    const auto self = shared_from_this();
    bool done = false;
    while (!done && !ending_) {
        co_await stream_.writable();
        done = ending_ != nullptr || write_fitting_notifications();
    }
    notifying_ = false;
    if (lease_) lease_->client_ready();
}

}  // namespace pgweir::daemon
