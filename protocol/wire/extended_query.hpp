// The messages of an extended query that name a prepared statement: taken apart, and written anew
// with another name.
//
// PostgreSQL manual, "Message Formats" (protocol-message-formats.html): Parse, Bind, Describe,
// Close.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/wire/messages.hpp"

namespace pgweir::protocol {

/// The body of a Parse.
struct ParseMessage {
    Bytes statement;  ///< its name; empty: the unnamed statement
    Bytes query;
    Bytes types;  ///< how many parameter types are given, and which, as they stand in the message
};

/// The head of the body of a Bind.
struct BindHead {
    Bytes portal;
    Bytes statement;
    Bytes rest;  ///< formats and values, as far as they are here
};

/// The body of a Describe or a Close.
struct TargetMessage {
    char kind;  ///< 'S' for a statement, 'P' for a portal
    Bytes name;
};

/// All results are views into `body`. Nothing for what is not such a message: PostgreSQL shall say
/// what is wrong with it.
[[nodiscard]] std::optional<ParseMessage> parse_parse(Bytes body);
/// `body` may end early, but not within the two names.
[[nodiscard]] std::optional<BindHead> parse_bind_head(Bytes body);
[[nodiscard]] std::optional<TargetMessage> parse_target(Bytes body);

/// Calls `f` with each value that is not NULL in `rest` of a Bind, as far as they are here.
template <class F>
void for_each_value(Bytes rest, F f) {
    const auto take_count = [&rest] {
        if (rest.size() < 2) return std::size_t{0};
        const std::size_t count = read_uint16(rest);
        rest.remove_prefix(2);
        return count;
    };
    const std::size_t formats = take_count();
    if (rest.size() < 2 * formats) return;
    rest.remove_prefix(2 * formats);
    for (std::size_t left = take_count(); left > 0 && rest.size() >= 4; --left) {
        const std::uint32_t length = read_uint32(rest);
        rest.remove_prefix(4);
        if (length == 0xffffffffU) continue;
        if (rest.size() < length) return;
        f(rest.substr(0, length));
        rest.remove_prefix(length);
    }
}

void append_parse(std::string& out, Bytes statement, Bytes query, Bytes types);
/// A Parse up to its name; `rest_size` bytes of query and types are to follow.
void append_parse_head(std::string& out, Bytes statement, std::size_t rest_size);
/// A Bind up to its names; `rest_size` bytes of formats and values are to follow.
void append_bind_head(std::string& out, Bytes portal, Bytes statement, std::size_t rest_size);
void append_describe(std::string& out, const TargetMessage& target);
void append_close(std::string& out, const TargetMessage& target);

/// Of all rows.
void append_execute(std::string& out, Bytes portal);

/// The whole of a ParseComplete.
inline constexpr Bytes parse_complete_message{"1\0\0\0\4", 5};

}  // namespace pgweir::protocol
