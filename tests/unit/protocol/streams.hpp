// Recorded streams of both directions, and a reader that takes them through a FrameScanner in
// pieces, as a relay does.
#pragma once

#include <algorithm>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/wire/frame_scanner.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::protocol::test {

inline std::string message(char type, std::string_view body) {
    std::string bytes(1, type);
    const auto length = static_cast<std::uint32_t>(body.size() + 4);
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        bytes.push_back(static_cast<char>(length >> shift & 0xffU));
    }
    return bytes.append(body);
}

/// What a client sends: simple, extended and COPY traffic, with bodies below and above the hold
/// limits that the tests use.
inline std::string frontend_stream() {
    using namespace std::string_literals;
    std::string out;
    append_query(out, "begin");
    append_query(out, "select '" + std::string(300, 'x') + "'");
    out +=
        message('P', "s1\0select $1::int\0\0\0"s) + message('B', "\0s1\0\0\0\0\1\0\0\0\0017\0\0"s);
    out += message('D', "P\0"s) + message('E', "\0\0\0\0\0"s) + message('H', "");
    append_sync(out);
    append_query(out, "copy t from stdin");
    out += message('d', std::string(700, 'r')) + message('d', "") + message('d', "1\n");
    append_copy_fail(out, "the client changed its mind");
    out += message('c', "") + message('F', "\0\0\7\352\0\0\0\0\0\0"s) + message('C', "Ss1\0"s);
    append_sync(out);
    return out + message('X', "");
}

/// What a server sends, from the end of a login on.
inline std::string backend_stream() {
    using namespace std::string_literals;
    std::string out;
    append_authentication_ok(out);
    append_parameter_status(out, "server_version", "15.18");
    append_backend_key_data(out, {.pid = 4711, .secret = "\xfe\xed\xbe\xef"});
    append_ready_for_query(out, TransactionStatus::idle);
    out += message('T', "\0\1a\0\0\0\0\0\0\0\0\0\0\27\0\4\377\377\377\377\0\0"s);
    for (std::size_t i = 0; i < 40; ++i) out += message('D', "\0\1\0\0\0\4"s + std::string(i, '7'));
    out += message('D', std::string(900, 'w')) + message('C', "SELECT 41\0"s);
    append_ready_for_query(out, TransactionStatus::in_transaction);
    out += message('1', "") + message('2', "") + message('t', "\0\0"s) + message('n', "");
    append_notice_response(out, {.severity = "NOTICE", .code = "00000", .message = "hello"});
    append_error_response(out, {.severity = "ERROR",
                                .code = "22012",
                                .message = "division by zero",
                                .detail = std::string(200, 'd')});
    out += message('A', "\0\0\1\2channel\0payload\0"s) + message('3', "") + message('s', "");
    out += message('G', "\0\0\1\0\0"s) + message('H', "\0\0\1\0\0"s) + message('d', "1\n");
    out += message('c', "") + message('V', "\377\377\377\377"s) + message('I', "");
    append_ready_for_query(out, TransactionStatus::failed);
    return out;
}

struct Frame {
    char type = 0;
    std::string body;  ///< all of it, also of a message above the hold limit
    bool whole = false;
    friend bool operator==(const Frame&, const Frame&) = default;
};

/// What a scanner made of a stream. Two readings are equal when they hold the same messages and
/// the same other bytes, however the stream was cut.
struct Reading {
    std::vector<Frame> frames;
    std::string passed;  ///< without the later bytes of messages above the hold limit
    std::string rest;    ///< too little for a header or for a held message
    bool invalid = false;
    bool at_boundary = false;
    friend bool operator==(const Reading&, const Reading&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Reading& reading) {
        return out << reading.frames.size() << " frames, " << reading.passed.size()
                   << " bytes passed, " << reading.rest.size() << " left"
                   << (reading.invalid ? ", invalid" : "");
    }
};

/// The pieces of `bytes` when it is cut at `cuts`, which must be in order.
inline std::vector<std::string_view> cut_at(std::string_view bytes,
                                            const std::vector<std::size_t>& cuts) {
    std::vector<std::string_view> pieces;
    std::size_t start = 0;
    for (const std::size_t cut : cuts) {
        pieces.push_back(bytes.substr(start, cut - start));
        start = cut;
    }
    pieces.push_back(bytes.substr(start));
    return pieces;
}

/// Reads `stream`, which arrives in `pieces`. Stops at the first invalid message.
inline Reading read_stream(std::string_view stream, const TypeSet& wanted, std::size_t hold_limit,
                           const std::vector<std::string_view>& pieces) {
    FrameScanner scanner(wanted, hold_limit);
    Reading reading;
    std::string buffer;
    std::size_t of_frame = 0;    // bytes of a message above the limit that are still to come
    std::size_t done = 0;        // checks that every byte is accounted for, in order
    std::size_t wants_size = 0;  // what the latest `more` asked for
    for (const std::string_view piece : pieces) {
        buffer += piece;
        if (buffer.size() < wants_size) continue;
        wants_size = 0;
        while (!reading.invalid && wants_size == 0) {
            const Step step = scanner.next(buffer);
            switch (step.kind) {
                case Step::Kind::more:
                    wants_size = step.size;
                    break;
                case Step::Kind::invalid:
                    reading.invalid = true;
                    break;
                case Step::Kind::frame: {
                    const std::size_t total = read_uint32(Bytes(buffer).substr(1)) + std::size_t{1};
                    // The body is compared in full: its later bytes come as `pass`.
                    reading.frames.push_back(
                        {step.type, std::string(step.body), total <= hold_limit && step.whole});
                    of_frame = total - step.size;
                    break;
                }
                case Step::Kind::pass: {
                    const std::size_t part = std::min(of_frame, step.size);
                    if (part > 0) reading.frames.back().body.append(buffer, 0, part);
                    of_frame -= part;
                    reading.passed.append(buffer, part, step.size - part);
                    break;
                }
            }
            if (step.kind == Step::Kind::frame || step.kind == Step::Kind::pass) {
                if (step.size == 0 || step.size > buffer.size()) throw "a step must move on";
                if (stream.substr(done, step.size) !=
                    std::string_view(buffer).substr(0, step.size)) {
                    throw "bytes out of order";
                }
                done += step.size;
                buffer.erase(0, step.size);
            }
        }
    }
    reading.rest = buffer;
    reading.at_boundary = scanner.at_boundary();
    return reading;
}

}  // namespace pgweir::protocol::test
