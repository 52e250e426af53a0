// libpq's connection strings, parsed without libpq.
#pragma once

#include <string_view>
#include <vector>

#include "conf/config.hpp"
#include "conf/result.hpp"

namespace pgweir::conf {

/// The keywords of a connection string, each once: of two equal ones the later counts, as in
/// libpq. Both forms of libpq-connect.html#LIBPQ-CONNSTRING are read: `key=value` with its quotes
/// and backslashes, and `postgresql://` with several hosts and percent-encoding (`ssl=true` is
/// `sslmode=require`). Names and values are not checked.
/// Errors: the syntax. No message shows a part of the text, which holds passwords.
[[nodiscard]] Result<std::vector<ConnectionKeyword>> parse_connection_string(std::string_view text);

}  // namespace pgweir::conf
