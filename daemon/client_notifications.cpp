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
    if (!unread_) unread_ = std::make_unique<UnreadNotifications>();
    unread_->messages.push_back(message);
    unread_->bytes += message->size();
    if (unread_->bytes > most_bytes_waiting) {
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

// The client's own carry the process id that it was told to be its own. Only between its
// transactions: by then its server has heard all that it sent itself.
void ClientSession::name_own_notifications(std::size_t most) {
    if (!session_.listener) return;
    auto& [messages, bytes, begun, writing] = *unread_;
    std::size_t place = 0;
    for (pool::SharedMessage& message : messages) {
        if (place == most) break;
        if (place++ == 0 && begun > 0) continue;
        if (!session_.listener->own.take(*message)) continue;
        message = std::make_shared<const std::string>(pool::with_sender(*message, session_.pid));
    }
}

// False when the client does not take all that it may have now.
bool ClientSession::write_fitting_notifications() {
    constexpr std::size_t most_at_once = 64;
    std::vector<iovec> parts;
    if (may_notify()) name_own_notifications(most_at_once);
    auto& [messages, bytes, begun, writing] = *unread_;
    while (!messages.empty() && (begun > 0 || may_notify())) {
        // One that was begun has to be finished before anything else is said.
        const std::size_t count = may_notify() ? most_at_once : 1;
        parts.clear();
        for (const pool::SharedMessage& message : messages) {
            if (parts.size() == count) break;
            parts.push_back(pool::to_iovec(*message));
        }
        const IoResult result = stream_.write(pool::drop_front(parts, begun));
        if (result.status == IoResult::Status::would_block) return false;
        if (result.status != IoResult::Status::done) {
            end(ClientClose::lost, std::nullopt);
            return true;
        }
        statistics().client_bytes_sent.add(result.size);
        begun += result.size;
        while (!messages.empty() && begun >= messages.front()->size()) {
            begun -= messages.front()->size();
            bytes -= messages.front()->size();
            messages.pop_front();
        }
    }
    if (messages.empty() && !writing) unread_.reset();
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
    if (unread_->messages.empty()) unread_.reset();
    if (lease_) lease_->client_ready();
}

}  // namespace pgweir::daemon
