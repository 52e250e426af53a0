// The connection keywords of libpq, up to PostgreSQL 18.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.hpp"
#include "conf/problem.hpp"

namespace pgweir::conf {

/// All keywords that may stand in an entry of `databases`.
[[nodiscard]] std::span<const std::string_view> connection_keywords();

[[nodiscard]] bool is_connection_keyword(std::string_view name);

/// True for keywords whose value is a password or a key: never shown, and may be `file:/path`.
[[nodiscard]] bool is_secret_keyword(std::string_view name);

/// Why a name that is no keyword of ours is still known (`replication`, `oauth_issuer`); empty if
/// it is not.
[[nodiscard]] std::string_view why_refused(std::string_view name);

/// The major version of libpq that brought a keyword; 0 where every libpq that pgweir can be built
/// with has it.
[[nodiscard]] int libpq_version_of(std::string_view name);

/// What is wrong with the value of a keyword, where that can be told without connecting: numbers,
/// ports, names of modes. Shows the value only if `show` is set: in a connection string of which
/// the quotes or the percent-encoding are wrong, any value may be a part of the password.
[[nodiscard]] std::optional<std::string> check_keyword_value(std::string_view name,
                                                             std::string_view value, bool show);

/// What is wrong between the keywords of one connection: numbers of hosts, addresses and ports.
[[nodiscard]] std::optional<std::string> check_hosts(
    const std::vector<ConnectionKeyword>& connection);

}  // namespace pgweir::conf
