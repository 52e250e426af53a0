// What a PostgreSQL would say that takes no time to think: the conversation, without sockets.
#pragma once

#include <optional>
#include <string>

#include "protocol/wire/frame_scanner.hpp"

namespace pgweir::bench {

/// One session. Lets everybody in, answers each statement with the same row of one integer, knows
/// no transactions and no errors. What asks about pg_catalog gets no rows: so pgweir learns that
/// the database has no functions of its own and that sessions have nothing to follow.
class FakeSession {
  public:
    /// Adds the answers to the whole messages that `input` begins with. Returns how many bytes
    /// those took; nothing when the session is over.
    [[nodiscard]] std::optional<std::size_t> answer(protocol::Bytes input, std::string& answers);

  private:
    [[nodiscard]] std::optional<std::size_t> begin(protocol::Bytes input, std::string& answers);

    bool begun_ = false;
    protocol::FrameScanner scanner_{everything, whole_messages};

    static constexpr protocol::TypeSet everything = protocol::TypeSet::all();
    static constexpr std::size_t whole_messages = protocol::max_backend_message;
};

}  // namespace pgweir::bench
