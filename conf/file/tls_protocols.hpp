// Versions of TLS as PgBouncer writes them.
#pragma once

#include <string_view>

#include "conf/result.hpp"

namespace pgweir::conf {

struct TlsProtocols {
    bool tls1_2 = false;
    bool tls1_3 = false;

    friend bool operator==(const TlsProtocols&, const TlsProtocols&) = default;
};

/// `secure` (or `default`), `all`, or a list of `tlsv1.2` and `tlsv1.3` with commas or colons.
/// Errors: a version that is no longer safe, anything else, nothing at all.
[[nodiscard]] Result<TlsProtocols> parse_tls_protocols(std::string_view text);

}  // namespace pgweir::conf
