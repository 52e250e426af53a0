// Messages that pgweir itself writes, to clients and to servers. Each function appends one whole
// message.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "protocol/wire/error_report.hpp"
#include "protocol/wire/messages.hpp"
#include "protocol/wire/startup.hpp"

namespace pgweir::protocol {

// To clients.
void append_authentication_ok(std::string& out);
void append_parameter_status(std::string& out, std::string_view name, std::string_view value);
void append_backend_key_data(std::string& out, const CancelKey& key);
void append_ready_for_query(std::string& out, TransactionStatus status);
void append_error_response(std::string& out, const ErrorReport& report);
void append_notice_response(std::string& out, const ErrorReport& report);
/// Says which version is spoken and which protocol options we did not know.
void append_negotiate_protocol_version(std::string& out, std::uint32_t version,
                                       std::span<const std::string> unknown);

// To servers.
/// `sql` must not hold a zero byte.
void append_query(std::string& out, std::string_view sql);
void append_sync(std::string& out);
void append_flush(std::string& out);
void append_copy_fail(std::string& out, std::string_view reason);
void append_cancel_request(std::string& out, const CancelKey& key);

}  // namespace pgweir::protocol
