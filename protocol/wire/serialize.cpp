#include "protocol/wire/serialize.hpp"

#include <cstdint>

#include "protocol/wire/message_writer.hpp"

namespace pgweir::protocol {

namespace {

void append_field(std::string& out, char code, std::string_view value) {
    if (value.empty()) return;
    out.push_back(code);
    // A zero byte would end the field and let the rest be read as further fields.
    append_cstring(out, value.substr(0, value.find('\0')));
}

// The order is that of PostgreSQL's send_message_to_frontend().
void append_report(std::string& out, Backend type, const ErrorReport& report) {
    const Message message(out, type);
    append_field(out, 'S', report.severity);
    append_field(out, 'V', report.severity);
    append_field(out, 'C', report.code);
    append_field(out, 'M', report.message);
    append_field(out, 'D', report.detail);
    append_field(out, 'H', report.hint);
    append_field(out, 'F', report.file);
    append_field(out, 'L', report.line);
    append_field(out, 'R', report.routine);
    out.push_back('\0');
}

}  // namespace

void append_authentication_ok(std::string& out) {
    const Message message(out, Backend::authentication);
    append_uint32(out, 0);
}

void append_parameter_status(std::string& out, std::string_view name, std::string_view value) {
    // A dozen of them greet each client: the size is known, so that all is written in one go.
    const std::size_t start = out.size();
    out.resize(start + 1 + 4 + name.size() + 1 + value.size() + 1);
    out[start] = static_cast<char>(Backend::parameter_status);
    write_uint32(out, start + 1, static_cast<std::uint32_t>(out.size() - start - 1));
    name.copy(&out[start + 5], name.size());
    value.copy(&out[start + 5 + name.size() + 1], value.size());
}

void append_backend_key_data(std::string& out, const CancelKey& key) {
    const Message message(out, Backend::backend_key_data);
    append_uint32(out, key.pid);
    out.append(key.secret);
}

void append_ready_for_query(std::string& out, TransactionStatus status) {
    const Message message(out, Backend::ready_for_query);
    out.push_back(static_cast<char>(status));
}

void append_error_response(std::string& out, const ErrorReport& report) {
    append_report(out, Backend::error_response, report);
}

void append_notice_response(std::string& out, const ErrorReport& report) {
    append_report(out, Backend::notice_response, report);
}

void append_negotiate_protocol_version(std::string& out, std::uint32_t version,
                                       std::span<const std::string> unknown) {
    const Message message(out, Backend::negotiate_protocol_version);
    // PostgreSQL sends the whole version here, not only the minor one that its manual up to 17
    // names.
    append_uint32(out, version);
    append_uint32(out, static_cast<std::uint32_t>(unknown.size()));
    for (const std::string& option : unknown) append_cstring(out, option);
}

void append_query(std::string& out, std::string_view sql) {
    const Message message(out, Frontend::query);
    append_cstring(out, sql);
}

void append_sync(std::string& out) {
    const Message message(out, Frontend::sync);
}

void append_flush(std::string& out) {
    const Message message(out, Frontend::flush);
}

void append_copy_fail(std::string& out, std::string_view reason) {
    const Message message(out, Frontend::copy_fail);
    append_cstring(out, reason);
}

void append_cancel_request(std::string& out, const CancelKey& key) {
    append_uint32(out, static_cast<std::uint32_t>(12 + key.secret.size()));
    append_uint32(out, cancel_request_code);
    append_uint32(out, key.pid);
    out.append(key.secret);
}

}  // namespace pgweir::protocol
