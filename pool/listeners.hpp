// The clients of one worker that listen, and how they get what they listen for.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <string>
#include <vector>

#include "pool/session/notification_merge.hpp"
#include "pool/session/own_notifications.hpp"

namespace pgweir::pool {

class PoolPart;
class Tenant;
struct HubEvent;

/// What a client listens to, in transaction pooling. Owned by its TenantSession.
struct Listener {
    Listener(Tenant& who, std::uint64_t number) : tenant(who), id(number) {}

    Tenant& tenant;
    const std::uint64_t id;             ///< TenantSession::id
    std::vector<std::string> channels;  ///< that the hub listens to for it; sorted
    NotificationMerge merge;
    OwnNotifications own;        ///< that have not been given to the client
    bool confirmed = false;      ///< the hub does listen to all of them
    bool was_switched = false;   ///< not all has come from its server in place
    std::uint64_t requests = 0;  ///< to the hub so far
    std::uint64_t tokens = 0;    ///< given so far
};

/// Who listens to what on one worker: tells the hub of the first and the last of each channel, and
/// brings what it hears to the clients. Part of a PoolPart; lives on its worker.
class Listeners {
  public:
    explicit Listeners(PoolPart& part) : part_(part) {}

    /// Makes `channels` (sorted, no name twice) what this client listens to. Where that needs more
    /// of the hub than before, `confirmed` is false until the hub has it.
    void want(Listener& listener, std::vector<std::string> channels);
    /// The client listens no more.
    void end(Listener& listener);
    /// Prepares a change of source: what stands behind the marker with the token that this returns
    /// is taken from `source`.
    [[nodiscard]] std::string switch_to(Listener& listener, NotificationSource source);

    /// The client's own server has sent it a notification (a whole message).
    void server_heard(Listener& listener, std::string_view message);
    /// ... or a marker.
    void server_marked(Listener& listener, std::string_view token);
    void hub_said(const std::vector<HubEvent>& events);

  private:
    [[nodiscard]] std::vector<std::string> leave(Listener& listener,
                                                 const std::vector<std::string>& channels);
    void deliver(Listener& listener, const SharedMessage& message);
    void deliver(Listener& listener, const std::vector<SharedMessage>& messages);
    void notify(const HubEvent& event);
    void mark(std::string_view token);
    void confirm(const HubEvent& event);
    void warn();

    PoolPart& part_;
    boost::unordered_flat_map<std::string, std::vector<Listener*>> by_channel_;
    boost::unordered_flat_map<std::uint64_t, Listener*> by_id_;
};

}  // namespace pgweir::pool
