#include "protocol/wire/extended_query.hpp"

#include <cstdint>

#include "protocol/wire/message_writer.hpp"

namespace pgweir::protocol {

namespace {

// Takes a string with its terminator from the front.
std::optional<Bytes> take_string(Bytes& body) {
    const std::size_t end = body.find('\0');
    if (end == Bytes::npos) return std::nullopt;
    const Bytes text = first(body, end);
    body.remove_prefix(end + 1);
    return text;
}

// A type and a length field, for a body that is written piece by piece.
void append_header(std::string& out, Frontend type, std::size_t body_size) {
    out.push_back(static_cast<char>(type));
    append_uint32(out, static_cast<std::uint32_t>(body_size + 4));
}

void append_target(std::string& out, Frontend type, const TargetMessage& target) {
    const Message message(out, type);
    out.push_back(target.kind);
    append_cstring(out, target.name);
}

}  // namespace

std::optional<ParseMessage> parse_parse(Bytes body) {
    const auto statement = take_string(body);
    if (!statement) return std::nullopt;
    const auto query = take_string(body);
    if (!query) return std::nullopt;
    return ParseMessage{.statement = *statement, .query = *query, .types = body};
}

std::optional<BindHead> parse_bind_head(Bytes body) {
    const auto portal = take_string(body);
    if (!portal) return std::nullopt;
    const auto statement = take_string(body);
    if (!statement) return std::nullopt;
    return BindHead{.portal = *portal, .statement = *statement, .rest = body};
}

std::optional<TargetMessage> parse_target(Bytes body) {
    if (body.size() < 2) return std::nullopt;
    const char kind = body.front();
    body.remove_prefix(1);
    const auto name = take_string(body);
    if (!name || !body.empty() || (kind != 'S' && kind != 'P')) return std::nullopt;
    return TargetMessage{.kind = kind, .name = *name};
}

void append_parse(std::string& out, Bytes statement, Bytes query, Bytes types) {
    append_parse_head(out, statement, query.size() + 1 + types.size());
    append_cstring(out, query);
    out.append(types);
}

void append_parse_head(std::string& out, Bytes statement, std::size_t rest_size) {
    append_header(out, Frontend::parse, statement.size() + 1 + rest_size);
    append_cstring(out, statement);
}

void append_bind_head(std::string& out, Bytes portal, Bytes statement, std::size_t rest_size) {
    append_header(out, Frontend::bind, portal.size() + 1 + statement.size() + 1 + rest_size);
    append_cstring(out, portal);
    append_cstring(out, statement);
}

void append_describe(std::string& out, const TargetMessage& target) {
    append_target(out, Frontend::describe, target);
}

void append_close(std::string& out, const TargetMessage& target) {
    append_target(out, Frontend::close, target);
}

void append_execute(std::string& out, Bytes portal) {
    const Message message(out, Frontend::execute);
    append_cstring(out, portal);
    append_uint32(out, 0);
}

}  // namespace pgweir::protocol
