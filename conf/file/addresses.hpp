// Listening addresses as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "conf/config.hpp"
#include "conf/result.hpp"

namespace pgweir::conf {

/// PgBouncer's port, which clients expect of a pooler.
inline constexpr std::uint16_t default_port = 6432;

/// `host:port`, `[IPv6]:port`, `*:port`, `host`, `/folder` or `/folder:port`. What has no port
/// gets 0: the caller knows the default. The brackets are not part of the host.
/// Errors: no such form, a port outside 1..65535, a folder too long for a Unix socket.
[[nodiscard]] Result<ListenAddress> parse_address(std::string_view text);

/// Whether only this machine reaches it: a Unix socket, a loopback address, or localhost. Other
/// names are not looked up.
[[nodiscard]] bool is_local(const ListenAddress& address);

/// The text that parse_address() reads back as the same value. A port of 0 is left out.
[[nodiscard]] std::string format_address(const ListenAddress& address);

}  // namespace pgweir::conf
