// What libpq must not be given to read during a login.
#pragma once

#include <cstdint>
#include <string>

#include "protocol/wire/messages.hpp"

namespace pgweir::pool {

/// Type and length of a message.
inline constexpr std::size_t header_size = 5;
/// libpq's bound for an error; no other message of a login is longer.
inline constexpr std::uint32_t longest_login_message = 30'000;

/// What to do with the bytes that a server has sent, before libpq reads them.
struct LoginVerdict {
    enum class Kind : std::uint8_t {
        go_on,       ///< whole messages, all harmless
        incomplete,  ///< a message goes on in bytes that have not come
        refuse,      ///< `problem` says why
    };
    Kind kind = Kind::go_on;
    std::string problem;
};

/// libpq computes as many SCRAM iterations as the server asks for (before PostgreSQL 18 without any
/// bound), inside PQconnectPoll() and so on a worker with all its clients. This looks for a count
/// above protocol::scram_max_iterations in messages that were peeked at and not yet read.
///
/// `bytes` must begin where a message begins, so libpq must be given whole messages only: it then
/// reads all that was seen. A server that gets the middle of a message into the microseconds
/// between the look and libpq's own read can get past this; it is the operator's own server.
[[nodiscard]] LoginVerdict check_login_messages(protocol::Bytes bytes);

}  // namespace pgweir::pool
