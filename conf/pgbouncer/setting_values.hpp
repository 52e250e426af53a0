// Values as PgBouncer writes them, and what pgweir's options have for them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "conf/result.hpp"

namespace pgweir::conf::pgbouncer {

/// How a value is written. The kinds from `listen_addr` on are settings that no value of one option
/// stands for; of these only the syntax is checked here.
enum class Kind : std::uint8_t {
    text,
    secret,               ///< text that is shown to nobody
    number,               ///< a whole number in C's notation: decimal, 0octal or 0xhex
    flag,                 ///< a number: 0 is off; becomes true or false
    zero_or_one,          ///< a flag that stays a number
    seconds,              ///< a number with a fraction; becomes a duration
    lifetime,             ///< seconds of which 0 means at once
    word,                 ///< one of a few, in capitals or not
    auth_type,            ///
    verbosity,            ///< 0 to 3; becomes a log level
    tls_versions,         ///< client_tls_protocols
    ciphers,              ///< a cipher list of OpenSSL or a word for one
    listen_addr,          ///< with the next two, an option of its own
    listen_port,          ///
    unix_socket_dir,      ///
    hba_file,             ///< a file that only auth_type hba reads
    server_tls_versions,  ///< becomes a lowest and a highest version
    run_time_setting,     ///< of the server: a part of libpq's `options`
};

/// What a value becomes.
struct Converted {
    std::string text;
    std::string remark{};  ///< a sentence if not all of it means the same; else empty
};

/// The value of a setting of this kind for pgweir.
/// Errors: the syntax. Messages show the value unless `hidden` is set.
[[nodiscard]] Result<Converted> convert(Kind kind, std::string_view value, bool hidden = false);

/// Whether this `auth_type` lets in who has to prove nothing only if somebody knows the user: all
/// but `any`, of those that ask for no secret. Nothing: the others.
[[nodiscard]] std::optional<bool> wants_known_users(std::string_view auth_type);

/// The other way: a value of an option, as parse_value() takes it, as PgBouncer writes it.
[[nodiscard]] std::string in_pgbouncer_notation(Kind kind, std::string_view value);

/// Which versions of TLS `server_tls_protocols` means, as libpq names them.
struct VersionRange {
    std::string lowest;
    std::string highest;  ///< empty: no limit
    std::string remark{};
};

/// Errors: an unknown version.
[[nodiscard]] Result<VersionRange> server_tls_versions(std::string_view value);

}  // namespace pgweir::conf::pgbouncer
