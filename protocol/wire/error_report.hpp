// ErrorResponse and NoticeResponse as values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/wire/messages.hpp"

namespace pgweir::protocol {

/// SQLSTATEs that pgweir gives (manual, "PostgreSQL Error Codes").
namespace sqlstate {
inline constexpr std::string_view warning = "01000";
inline constexpr std::string_view feature_not_supported = "0A000";
inline constexpr std::string_view protocol_violation = "08P01";
inline constexpr std::string_view connection_failure = "08006";
inline constexpr std::string_view invalid_parameter_value = "22023";
inline constexpr std::string_view invalid_authorization = "28000";
inline constexpr std::string_view invalid_password = "28P01";
inline constexpr std::string_view invalid_catalog_name = "3D000";
inline constexpr std::string_view insufficient_privilege = "42501";
inline constexpr std::string_view syntax_error = "42601";
inline constexpr std::string_view invalid_name = "42602";
inline constexpr std::string_view undefined_object = "42704";
inline constexpr std::string_view duplicate_prepared_statement = "42P05";
inline constexpr std::string_view too_many_connections = "53300";
inline constexpr std::string_view cant_change_runtime_param = "55P02";
inline constexpr std::string_view lock_not_available = "55P03";
inline constexpr std::string_view config_file_error = "F0000";
inline constexpr std::string_view object_not_in_prerequisite_state = "55000";
inline constexpr std::string_view program_limit_exceeded = "54000";
inline constexpr std::string_view query_canceled = "57014";
inline constexpr std::string_view admin_shutdown = "57P01";
inline constexpr std::string_view crash_shutdown = "57P02";
inline constexpr std::string_view cannot_connect_now = "57P03";
inline constexpr std::string_view idle_session_timeout = "57P05";
inline constexpr std::string_view internal_error = "XX000";
}  // namespace sqlstate

/// The fields of an ErrorResponse or NoticeResponse that pgweir reads or writes (manual, "Error and
/// Notice Message Fields"). An empty field is not sent.
struct ErrorReport {
    std::string severity = "ERROR";
    std::string code;
    std::string message;
    std::string detail;
    std::string hint;
    std::string file;  ///< where in the server's source; only passed on, never of pgweir's own
    std::string line;
    std::string routine;

    [[nodiscard]] static ErrorReport fatal(std::string_view code, std::string message) {
        return {.severity = "FATAL", .code = std::string(code), .message = std::move(message)};
    }
    [[nodiscard]] static ErrorReport error(std::string_view code, std::string message) {
        return {.severity = "ERROR", .code = std::string(code), .message = std::move(message)};
    }
    /// Whether it has what every ErrorResponse must have: an SQLSTATE that is one, and a message.
    [[nodiscard]] bool is_complete() const;
    friend bool operator==(const ErrorReport&, const ErrorReport&) = default;
};

/// Reads the body of an ErrorResponse or NoticeResponse. Total: a body cut short or without some
/// field gives what is there.
[[nodiscard]] ErrorReport parse_error_report(Bytes body);

/// Reads the text that libpq gives for a refused login with PQERRORS_VERBOSE, the only form in
/// which it hands out the server's ErrorResponse: `FATAL:  28000: role "x" does not exist`, then
/// lines that start with `DETAIL:  `, `HINT:  ` or `LOCATION:  `. Of several hosts' reports it
/// takes the last. std::nullopt when the text does not come from a server (an unreachable host, for
/// example). A severity in the server's own language (lc_messages) comes back as FATAL.
[[nodiscard]] std::optional<ErrorReport> parse_verbose_error(std::string_view text);

}  // namespace pgweir::protocol
