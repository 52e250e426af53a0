// What is looked at in session pooling, where a client's messages pass as they are: what a RESET
// takes from the client, and restores behind it.
#pragma once

#include <optional>

#include "pool/session/session_rooms.hpp"
#include "protocol/wire/frame_scanner.hpp"

namespace pgweir::pool {

/// A server knows by itself all that its session has, but for what the client asked for at its
/// start. Part of a SessionKeeper; called only while there is a client that keeps its server.
class SessionPooling {
  public:
    explicit SessionPooling(SessionRooms& rooms) : rooms_(rooms) {}

    /// A message of the client's is about to go.
    void note(const protocol::Step& step);
    /// The transaction is over. Returns whether something is being restored.
    [[nodiscard]] bool restore();

  private:
    void run(protocol::Frontend type, std::optional<Bytes> text);

    SessionRooms& rooms_;
};

}  // namespace pgweir::pool
