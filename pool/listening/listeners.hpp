// The clients of one worker that listen, and how they get what they listen for.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "pool/session/listening.hpp"

namespace pgweir::pool {

class PoolPart;
class Tenant;
struct HubEvent;

/// A client that listens, in transaction pooling, and what it listens to
/// (TenantSession::listening).
struct Listener {
    Tenant* tenant;
    Listening* listening;
    friend bool operator==(const Listener&, const Listener&) = default;
};

/// Who listens to what on one worker: tells the hub of the first and the last of each channel, and
/// brings what it hears to the clients. Part of a PoolPart; lives on its worker.
class Listeners {
  public:
    explicit Listeners(PoolPart& part) : part_(part) {}

    /// Makes `channels` (sorted, no name twice) what this client listens to. Where that needs more
    /// of the hub than before, `confirmed` is false until the hub has it.
    void want(Listener listener, std::vector<std::string> channels);
    /// The client listens no more.
    void end(Listening& listening);

    /// The client's own server has sent it a notification (a whole message).
    void server_heard(Listener listener, std::string_view message);
    /// ... or a marker.
    void server_marked(Listener listener, std::string_view token);
    void hub_said(const std::vector<HubEvent>& events);

  private:
    [[nodiscard]] std::vector<std::string> leave(const Listening& listening,
                                                 const std::vector<std::string>& channels);
    void deliver(Listener listener, const SharedMessage& message);
    void deliver(Listener listener, const std::vector<SharedMessage>& messages);
    void notify(const HubEvent& event);
    void mark(std::string_view token);
    void confirm(const HubEvent& event);
    void warn();

    PoolPart& part_;
    boost::unordered_flat_map<std::string, std::vector<Listener>> by_channel_;
    boost::unordered_flat_map<std::uint64_t, Listener> by_id_;
};

}  // namespace pgweir::pool
