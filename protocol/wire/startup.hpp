// The packets that open a connection: StartupMessage, SSLRequest, GSSENCRequest, CancelRequest.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/wire/error_report.hpp"
#include "protocol/wire/messages.hpp"

namespace pgweir::protocol {

/// The greatest length field of a first packet: PostgreSQL's MAX_STARTUP_PACKET_LENGTH, and the
/// field itself. Longer packets are refused unread.
inline constexpr std::uint32_t max_startup_length = 10004;

inline constexpr std::uint32_t protocol_3_0 = 3U << 16U;
inline constexpr std::uint32_t protocol_3_2 = protocol_3_0 | 2U;
inline constexpr std::uint32_t cancel_request_code = 1234U << 16U | 5678U;
inline constexpr std::uint32_t ssl_request_code = 1234U << 16U | 5679U;
inline constexpr std::uint32_t gssenc_request_code = 1234U << 16U | 5680U;

struct SslRequest {};
struct GssEncRequest {};

/// The longest secret of a cancel key, by the manual ("BackendKeyData").
inline constexpr std::size_t longest_cancel_secret = 256;

/// What identifies one session for a CancelRequest.
struct CancelKey {
    std::uint32_t pid = 0;
    /// Four bytes up to protocol 3.1; from 3.2 on as many as the server likes. Empty: there is no
    /// key.
    std::string secret;
    friend bool operator==(const CancelKey&, const CancelKey&) = default;
};

using Parameter = std::pair<std::string, std::string>;

/// What kind of connection the client asks for (`replication`).
enum class Replication : std::uint8_t {
    none,
    physical,  ///< a WAL sender without a database: replication commands only
    logical,   ///< `database`: a WAL sender in a database, where SQL works, too
};
/// "none", "physical" or "logical", as PgBouncer's console says it.
[[nodiscard]] constexpr std::string_view name(Replication replication) {
    if (replication == Replication::none) return "none";
    return replication == Replication::physical ? "physical" : "logical";
}

/// A StartupMessage, taken apart.
struct StartupMessage {
    std::uint32_t version = protocol_3_0;
    std::string user;
    std::string database;  ///< the user's name where the client named none, as PostgreSQL has it
    Replication replication = Replication::none;
    /// Run-time settings in the order in which PostgreSQL would apply them: those of `options`
    /// first, then the others. A later one of the same name wins.
    std::vector<Parameter> settings;
    /// `_pq_.` protocol options; we know none of them.
    std::vector<std::string> protocol_options;

    /// The version to be spoken: the client's, or the newest that we know.
    [[nodiscard]] std::uint32_t spoken_version() const { return std::min(version, protocol_3_2); }
    /// Whether the client must be told what we understand ("NegotiateProtocolVersion").
    [[nodiscard]] bool needs_negotiation() const {
        return version != spoken_version() || !protocol_options.empty();
    }
};

/// A packet over which PostgreSQL closes the connection without an ErrorResponse.
struct Unanswerable {
    std::string problem;  ///< for the log
    /// What the client gets all the same: an error as protocol 2 had it, where it speaks that.
    std::string answer;
};

using FirstPacket =
    std::variant<StartupMessage, SslRequest, GssEncRequest, CancelKey, ErrorReport, Unanswerable>;

/// Whether a start-up parameter is passed over.
using IsIgnored = std::function<bool(std::string_view name)>;

/// Takes apart the body of a first packet (what follows its length field). Whatever is wrong with
/// it comes back as the error to send, worded as PostgreSQL words it, or as Unanswerable.
/// Settings that `is_ignored` names are left out as if the client had not sent them, `options` as a
/// whole among them; but for those that every client has, such as client_encoding.
[[nodiscard]] FirstPacket parse_first_packet(Bytes body, const IsIgnored& is_ignored = {});

/// What a client is told that speaks a protocol of this version.
[[nodiscard]] FirstPacket refuse_version(std::uint32_t version);

}  // namespace pgweir::protocol
