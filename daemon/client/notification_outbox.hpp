// What waits to be told to a client that listens, and when it may be told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <vector>

#include "pool/session/notification_merge.hpp"
#include "pool/session/own_notifications.hpp"
#include "protocol/wire/io_vector.hpp"

namespace pgweir::daemon {

/// Notifications that a client is still to have, and notices about them, oldest first. A client is
/// told neither inside of a transaction nor of a reply, as by PostgreSQL; but a message that was
/// written in part has to be finished before anything else is said.
///
/// Pure: no socket. Owned by the client's session, on its worker.
class NotificationOutbox {
  public:
    /// What a client that does not read may have waiting for it.
    static constexpr std::size_t most_bytes = 1U << 20U;
    /// How many messages one write takes.
    static constexpr std::size_t most_at_once = 64;

    void add(pool::SharedMessage message);

    [[nodiscard]] bool is_empty() const { return messages_.empty(); }
    /// More waits than a client may have waiting.
    [[nodiscard]] bool is_overfull() const { return bytes_ > most_bytes; }
    /// The oldest message is written in part.
    [[nodiscard]] bool has_begun() const { return begun_ > 0; }

    /// Gives the client's own the process id that it was told to be its own, among the messages of
    /// the next write. Only between its transactions: by then its server has heard all that it sent
    /// itself, which is what `own` holds.
    void name_own(pool::OwnNotifications& own, std::uint32_t pid);

    /// The parts of the next write; none: nothing may be told now. `may_begin`: the client is
    /// between its transactions. They are valid until this object changes.
    [[nodiscard]] std::vector<iovec> next(bool may_begin) const;
    /// Of what next() has named, the first `size` bytes are written.
    void written(std::size_t size);

  private:
    std::list<pool::SharedMessage> messages_;
    std::size_t bytes_ = 0;  ///< of all messages, those written of the oldest included
    std::size_t begun_ = 0;  ///< bytes of the oldest that are written; fewer than it has
};

}  // namespace pgweir::daemon
