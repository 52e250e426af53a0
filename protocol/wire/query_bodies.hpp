// The bodies of Query, Bind and Execute, for who answers them and does not pass them on.
//
// PostgreSQL manual, "Message Formats" (protocol-message-formats.html).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/wire/messages.hpp"
#include "protocol/wire/rows.hpp"

namespace pgweir::protocol {

/// A Bind without its values.
struct BindMessage {
    Bytes portal;
    Bytes statement;
    std::size_t values = 0;       ///< how many there are
    std::vector<Format> formats;  ///< of the results, as they stand there
};

/// The body of an Execute.
struct ExecuteMessage {
    Bytes portal;
    std::uint32_t max_rows = 0;  ///< 0: all
};

/// Views are into `body`, which must be whole. Nothing for what is not such a message.
[[nodiscard]] std::optional<Bytes> parse_query(Bytes body);
[[nodiscard]] std::optional<BindMessage> parse_bind(Bytes body);
[[nodiscard]] std::optional<ExecuteMessage> parse_execute(Bytes body);
/// The parameter types that a Parse gives (ParseMessage::types).
[[nodiscard]] std::optional<std::vector<std::uint32_t>> parse_types(Bytes types);

}  // namespace pgweir::protocol
