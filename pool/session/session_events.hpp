// What the session layer has found out, for whoever owns the server.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pool/session/pins.hpp"
#include "protocol/wire/error_report.hpp"
#include "protocol/wire/messages.hpp"

namespace pgweir::pool {

/// Why a server cannot be used any more.
struct SessionFault {
    enum class Kind : std::uint8_t {
        lost,            ///< it has said its last words
        protocol_error,  ///< one side has broken the protocol
        dirty,           ///< its session cannot be cleaned
    };
    Kind kind = Kind::dirty;
    std::string detail;
};

/// To be acted on at once.
struct SessionNews {
    std::optional<SessionFault> fault;
    /// The pins that the client had before it got those that it has.
    std::optional<Pins> pins_before;
    /// The server ends while a client's login asks something of it.
    std::optional<protocol::ErrorReport> login_ended;
    /// In this time the client, if it still rests, is to be asked to give up the server.
    std::optional<std::chrono::milliseconds> keeps_for;
};

/// To be told to the client when all is delivered that came with it.
struct SessionEvents {
    /// Replies up to a ReadyForQuery, with the status of each.
    std::vector<protocol::TransactionStatus> replies;
    bool question_answered = false;  ///< one of pgweir's own
};

}  // namespace pgweir::pool
