// A client's notifications, put together from the two connections that may hear them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pgweir::pool {

/// A whole message for clients, shared by all who get it.
using SharedMessage = std::shared_ptr<const std::string>;

/// Who hears a notification.
enum class NotificationSource : std::uint8_t {
    server,  ///< the client's server, on which it ran LISTEN
    hub,     ///< the pool's listening connection
};

/// Makes one gap-free sequence, without duplicates and in commit order, of what both sources hear.
///
/// PostgreSQL has one queue for all notifications of a database, which every session reads in the
/// same order. To go from one source to the other a marker is put into that queue: what stands
/// before it is taken from the one, what stands behind it from the other. The sources read at
/// different speeds, so that each has a place of its own in the sequence of markers.
///
/// Pure. One for each listening client; not thread-safe.
class NotificationMerge {
  public:
    /// What this source hears from the marker with this token on counts, and the other's before it.
    /// Call before the marker is sent.
    void switch_to(NotificationSource source, std::string token);
    /// The latest switch never came to be: its marker was rolled back.
    void cancel_switch();

    /// A notification was heard. Returns whether it is to be delivered now; it may be kept for
    /// later, and is dropped where the other source counts.
    [[nodiscard]] bool hear(NotificationSource source, const SharedMessage& message);
    /// A marker was heard: appends what is to be delivered now. Unknown tokens are ignored.
    void mark(NotificationSource source, std::string_view token,
              std::vector<SharedMessage>& deliverable);
    /// The hub has lost its connection, and markers with it: it counts as being behind all of them.
    void hub_interrupted(std::vector<SharedMessage>& deliverable);

    /// The source that counts when all markers have been heard.
    [[nodiscard]] NotificationSource target() const {
        return switches_.empty() ? owner_ : switches_.back().to;
    }
    /// Whether this source has heard the markers of all switches.
    [[nodiscard]] bool has_passed_all(NotificationSource source) const {
        return passed_of(source) == switches_.size();
    }
    /// Whether anything is, or will be, taken from the hub.
    [[nodiscard]] bool uses_hub() const;

  private:
    struct Switch {
        std::string token;
        NotificationSource to;
        std::vector<SharedMessage> waiting;  ///< heard behind the marker, before their turn
    };

    [[nodiscard]] std::size_t passed_of(NotificationSource source) const {
        return passed_[static_cast<std::size_t>(source)];
    }
    [[nodiscard]] NotificationSource owner_at(std::size_t place) const {
        return place == 0 ? owner_ : switches_[place - 1].to;
    }
    void advance(std::vector<SharedMessage>& deliverable);

    NotificationSource owner_ = NotificationSource::server;  ///< before the first of `switches_`
    std::vector<Switch> switches_;         ///< whose markers have not been heard by both
    std::array<std::size_t, 2> passed_{};  ///< how many of them each source has heard
    std::size_t delivered_ = 0;            ///< how many of them all delivery is behind
};

}  // namespace pgweir::pool
