// Names for the messages of the frontend/backend protocol 3.0.
//
// PostgreSQL manual, "Message Formats" (protocol-message-formats.html). The same letter means
// different things in the two directions (C, D, E, H, S), hence two enums.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pgweir::protocol {

/// Protocol bytes. A view into a buffer that somebody else owns; not necessarily text.
using Bytes = std::string_view;

/// Message types a client sends after start-up.
enum class Frontend : char {
    bind = 'B',
    close = 'C',
    copy_data = 'd',
    copy_done = 'c',
    copy_fail = 'f',
    describe = 'D',
    execute = 'E',
    flush = 'H',
    function_call = 'F',
    parse = 'P',
    password = 'p',  ///< PasswordMessage, SASLInitialResponse, SASLResponse, GSSResponse
    query = 'Q',
    sync = 'S',
    terminate = 'X',
};

/// Message types a server sends.
enum class Backend : char {
    authentication = 'R',
    backend_key_data = 'K',
    bind_complete = '2',
    close_complete = '3',
    command_complete = 'C',
    copy_data = 'd',
    copy_done = 'c',
    copy_in_response = 'G',
    copy_out_response = 'H',
    copy_both_response = 'W',
    data_row = 'D',
    empty_query_response = 'I',
    error_response = 'E',
    function_call_response = 'V',
    negotiate_protocol_version = 'v',
    no_data = 'n',
    notice_response = 'N',
    notification_response = 'A',
    parameter_description = 't',
    parameter_status = 'S',
    parse_complete = '1',
    portal_suspended = 's',
    ready_for_query = 'Z',
    row_description = 'T',
};

/// The status byte of ReadyForQuery.
enum class TransactionStatus : char { idle = 'I', in_transaction = 'T', failed = 'E' };

/// The first `size` of `bytes`, and what is behind them; there must be so many. Unlike substr()
/// they look nothing up at run time.
[[nodiscard]] constexpr Bytes first(Bytes bytes, std::size_t size) {
    assert(size <= bytes.size());
    return {bytes.data(), size};
}
[[nodiscard]] constexpr Bytes behind(Bytes bytes, std::size_t size) {
    assert(size <= bytes.size());
    bytes.remove_prefix(size);
    return bytes;
}

/// A message is its type, then a length that counts itself and the body.
inline constexpr std::size_t header_size = 5;

/// Reads a 16-bit integer in network byte order; `bytes` must hold two.
[[nodiscard]] constexpr std::uint16_t read_uint16(Bytes bytes) {
    const unsigned high = static_cast<unsigned char>(bytes[0]);
    const unsigned low = static_cast<unsigned char>(bytes[1]);
    return static_cast<std::uint16_t>(high << 8U | low);
}

/// Reads a 32-bit integer in network byte order; `bytes` must hold four.
[[nodiscard]] constexpr std::uint32_t read_uint32(Bytes bytes) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        value = value << 8U | static_cast<unsigned char>(bytes[i]);
    }
    return value;
}

/// PostgreSQL's PQ_LARGE_MESSAGE_LIMIT and PQ_SMALL_MESSAGE_LIMIT: the greatest length fields it
/// takes from a client, for the messages that carry data and for the others.
inline constexpr std::uint32_t max_large_message = 0x3ffffffe;
inline constexpr std::uint32_t max_small_message = 10000;

/// More than any message of a server can have: MaxAllocSize, rounded up.
inline constexpr std::uint32_t max_backend_message = 0x40000000;

/// Whether messages of this type may be longer than `max_small_message`.
[[nodiscard]] constexpr bool is_large_type(char type) {
    return type == 'B' || type == 'F' || type == 'P' || type == 'Q' || type == 'd';
}

/// Whether PostgreSQL knows this message type from a client ("SocketBackend" refuses the others and
/// closes the connection).
[[nodiscard]] constexpr bool is_frontend_type(char type) {
    switch (static_cast<Frontend>(type)) {
        case Frontend::bind:
        case Frontend::close:
        case Frontend::copy_data:
        case Frontend::copy_done:
        case Frontend::copy_fail:
        case Frontend::describe:
        case Frontend::execute:
        case Frontend::flush:
        case Frontend::function_call:
        case Frontend::parse:
        case Frontend::query:
        case Frontend::sync:
        case Frontend::terminate:
            return true;
        default:
            return false;
    }
}

}  // namespace pgweir::protocol
