// The SQL by which channels pass between a client's server and the hub.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgweir::pool {

/// Run together with the LISTENs that bring a client's channels to its server, so that the answer
/// to the state question tells whether they came to be.
inline constexpr std::string_view channels_brought_sql = "SET pgweir.channels_brought='1'";
/// Undoes that: the session listens to nothing.
inline constexpr std::string_view unlisten_all_sql = "UNLISTEN *;SET pgweir.channels_brought=''";

/// LISTEN to a channel whose name is in the session's client_encoding.
[[nodiscard]] std::string listen_sql(std::string_view channel);
[[nodiscard]] std::string unlisten_sql(std::string_view channel);
/// LISTEN to a channel whose name is in the server_encoding, whatever client_encoding the session
/// has by now.
[[nodiscard]] std::string listen_in_server_encoding_sql(std::string_view channel);
/// Puts a marker into PostgreSQL's queue, which this session hears as well: it hears what it
/// notifies itself of before the ReadyForQuery of the transaction. `token`: letters, digits and
/// points.
[[nodiscard]] std::vector<std::string> marker_sql(std::string_view marker_channel,
                                                  std::string_view token);

/// Statements as one simple query.
[[nodiscard]] std::string joined(const std::vector<std::string>& statements);

}  // namespace pgweir::pool
