#include "daemon/client/notification_outbox.hpp"
#include "pool/session/notification.hpp"

#include <cassert>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace pgweir::daemon {

using protocol::Bytes;

void NotificationOutbox::add(pool::SharedMessage message) {
    assert(message && !message->empty());
    bytes_ += message->size();
    messages_.push_back(std::move(message));
}

void NotificationOutbox::name_own(pool::OwnNotifications& own, std::uint32_t pid) {
    std::size_t place = 0;
    for (pool::SharedMessage& message : messages_) {
        if (place == most_at_once) break;
        if (place++ == 0 && has_begun()) continue;
        if (!own.take(*message)) continue;
        message = std::make_shared<const std::string>(pool::with_sender(*message, pid));
    }
}

std::vector<iovec> NotificationOutbox::next(bool may_begin) const {
    std::vector<iovec> parts;
    if (messages_.empty() || (!may_begin && !has_begun())) return parts;
    const std::size_t most = may_begin ? most_at_once : 1;
    std::size_t written = begun_;
    for (const pool::SharedMessage& message : messages_) {
        if (parts.size() == most) break;
        parts.push_back(protocol::to_iovec(Bytes(*message).substr(std::exchange(written, 0))));
    }
    return parts;
}

void NotificationOutbox::written(std::size_t size) {
    begun_ += size;
    while (!messages_.empty() && begun_ >= messages_.front()->size()) {
        begun_ -= messages_.front()->size();
        bytes_ -= messages_.front()->size();
        messages_.pop_front();
    }
    assert(!messages_.empty() || (begun_ == 0 && bytes_ == 0));
}

}  // namespace pgweir::daemon
