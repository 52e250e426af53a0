#include "pool/listening/listeners.hpp"

#include <algorithm>

#include "pool/lending/pool.hpp"
#include "pool/lending/pool_part.hpp"
#include "pool/listening/notification_hub.hpp"
#include "pool/server/tenant.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {

using enum NotificationSource;

void Listeners::want(Listener listener, std::vector<std::string> channels) {
    Listening& listening = *listener.listening;
    if (by_id_.emplace(listening.id, listener).second) {
        part_.statistics().listening_clients.add();
    }
    std::vector<std::string> added;
    std::vector<std::string> removed;
    std::ranges::set_difference(channels, listening.channels, std::back_inserter(added));
    std::ranges::set_difference(listening.channels, channels, std::back_inserter(removed));
    listening.channels = std::move(channels);
    for (const std::string& channel : added) by_channel_[channel].push_back(listener);
    std::vector<std::string> unused = leave(listening, removed);
    NotificationHub& hub = part_.pool().hub();
    if (!added.empty()) {
        listening.confirmed = false;
        hub.subscribe({.worker = part_.context().index,
                       .client = listening.id,
                       .request = ++listening.requests},
                      std::move(added));
    }
    if (!unused.empty()) hub.unsubscribe(part_.context().index, std::move(unused));
}

// The listener is taken from these channels; returns those that nobody of this worker listens to
// any more.
std::vector<std::string> Listeners::leave(const Listening& listening,
                                          const std::vector<std::string>& channels) {
    std::vector<std::string> unused;
    for (const std::string& channel : channels) {
        const auto found = by_channel_.find(channel);
        std::erase_if(found->second,
                      [&](const Listener& who) { return who.listening == &listening; });
        if (!found->second.empty()) continue;
        by_channel_.erase(found);
        unused.push_back(channel);
    }
    return unused;
}

void Listeners::end(Listening& listening) {
    if (by_id_.erase(listening.id) == 0) return;
    part_.statistics().listening_clients.subtract();
    std::vector<std::string> unused = leave(listening, listening.channels);
    listening.channels.clear();
    if (!unused.empty()) part_.pool().hub().unsubscribe(part_.context().index, std::move(unused));
}

// --- what is heard -------------------------------------------------------------------------------

void Listeners::server_heard(Listener listener, std::string_view message) {
    const auto shared = std::make_shared<const std::string>(message);
    if (listener.listening->merge.hear(server, shared)) deliver(listener, shared);
}

void Listeners::server_marked(Listener listener, std::string_view token) {
    std::vector<SharedMessage> deliverable;
    listener.listening->merge.mark(server, token, deliverable);
    deliver(listener, deliverable);
}

void Listeners::hub_said(const std::vector<HubEvent>& events) {
    for (const HubEvent& event : events) {
        switch (event.kind) {
            case HubEvent::Kind::notification:
                notify(event);
                break;
            case HubEvent::Kind::marker:
                mark(event.text);
                break;
            case HubEvent::Kind::confirmed:
                confirm(event);
                break;
            case HubEvent::Kind::interrupted:
                warn();
                break;
        }
    }
}

void Listeners::notify(const HubEvent& event) {
    const auto found = by_channel_.find(event.text);
    if (found == by_channel_.end()) return;
    for (const Listener& listener : found->second) {
        if (listener.listening->merge.hear(hub, event.message)) deliver(listener, event.message);
    }
}

void Listeners::mark(std::string_view token) {
    const auto owner = owner_of_marker(token);
    if (!owner || owner->worker != part_.context().index) return;
    const auto found = by_id_.find(owner->client);
    if (found == by_id_.end()) return;
    std::vector<SharedMessage> deliverable;
    found->second.listening->merge.mark(hub, token, deliverable);
    deliver(found->second, deliverable);
}

void Listeners::confirm(const HubEvent& event) {
    if (event.subscription.worker != part_.context().index) return;
    const auto found = by_id_.find(event.subscription.client);
    if (found == by_id_.end()) return;
    const auto [tenant, listening] = found->second;
    if (listening->requests != event.subscription.request) return;
    listening->confirmed = true;
    tenant->channels_confirmed();
}

void Listeners::warn() {
    std::string notice;
    protocol::append_notice_response(
        notice, {.severity = "WARNING",
                 .code = std::string(protocol::sqlstate::warning),
                 .message = "some notifications may have been missed",
                 .detail = "The connection that listens for this client was lost. It is back."});
    const auto shared = std::make_shared<const std::string>(std::move(notice));
    for (const auto& [id, listener] : by_id_) {
        NotificationMerge& merge = listener.listening->merge;
        if (!merge.uses_hub()) continue;
        listener.tenant->notify(shared);
        std::vector<SharedMessage> deliverable;
        merge.hub_interrupted(deliverable);
        deliver(listener, deliverable);
    }
}

void Listeners::deliver(Listener listener, const SharedMessage& message) {
    part_.statistics().notifications.add();
    listener.tenant->notify(message);
}

void Listeners::deliver(Listener listener, const std::vector<SharedMessage>& messages) {
    for (const SharedMessage& message : messages) deliver(listener, message);
}

}  // namespace pgweir::pool
