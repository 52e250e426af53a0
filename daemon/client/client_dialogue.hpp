// What a coroutine of a client's session says to the client, and hears: at login and on the
// console.
#pragma once

#include <string_view>

#include "pool/io/asio.hpp"

namespace pgweir::daemon {

class ClientSession;

/// Suspends until something new has been read into the Exchange's buffer. False: the session ends.
Task<bool> read_more(ClientSession& client);

/// Writes to the client; only while no server does. Suspends while the client does not take it.
/// `bytes` must stay until then. False: the session ends.
Task<bool> send(ClientSession& client, std::string_view bytes);

}  // namespace pgweir::daemon
