// What a client listens to, and which of two connections it is heard from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pool/session/notification_merge.hpp"
#include "pool/session/own_notifications.hpp"

namespace pgweir::pool {

/// Whose a marker is: the hub tells every worker of each.
struct MarkerOwner {
    unsigned worker = 0;
    std::uint64_t client = 0;
    bool operator==(const MarkerOwner&) const = default;
};

/// By the token that a marker carries; nothing for what is no token.
[[nodiscard]] std::optional<MarkerOwner> owner_of_marker(std::string_view token);

/// What a client listens to, in transaction pooling. A value, part of a TenantSession; lives on the
/// client's worker.
struct Listening {
    Listening(unsigned worker_of_client, std::uint64_t client)
        : worker(worker_of_client), id(client) {}

    /// Prepares a change of source: what stands behind the marker with the token that this returns
    /// is taken from `source`. Call before the marker is sent.
    [[nodiscard]] std::string switch_to(NotificationSource source);

    const unsigned worker;
    const std::uint64_t id;             ///< TenantSession::id
    std::vector<std::string> channels;  ///< that the hub listens to for it; sorted
    NotificationMerge merge;
    OwnNotifications own;        ///< that have not been given to the client
    bool confirmed = false;      ///< the hub does listen to all of them
    bool was_switched = false;   ///< not all has come from its server in place
    std::uint64_t requests = 0;  ///< to the hub so far
    std::uint64_t tokens = 0;    ///< given so far
};

}  // namespace pgweir::pool
