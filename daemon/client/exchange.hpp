// What a client and its server have under way.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <list>
#include <optional>
#include <span>
#include <string>

#include "pool/io/deadlines.hpp"
#include "pool/io/read_buffer.hpp"
#include "pool/io/wake_up.hpp"
#include "pool/lending/waiter.hpp"
#include "pool/session/outgoing.hpp"
#include "pool/worker/worker_context.hpp"
#include "protocol/wire/error_report.hpp"
#include "protocol/wire/frame_scanner.hpp"

namespace pgweir::daemon {

class ClientSession;

/// What a client has sent in the place of a message; nothing is read behind it.
struct Violation {
    char type = 0;
    bool is_of_length = false;  ///< the type is one, and the length is impossible
};

/// Whether PostgreSQL would read this message.
[[nodiscard]] inline bool is_readable(const protocol::Step& step) {
    if (step.kind == protocol::Step::Kind::invalid || !protocol::is_frontend_type(step.type)) {
        return false;
    }
    return protocol::is_large_type(step.type) ||
           (step.whole && step.size <= protocol::max_small_message + 1);
}

/// Why it would not.
[[nodiscard]] inline Violation violation_of(const protocol::Step& step) {
    return {.type = step.type, .is_of_length = protocol::is_frontend_type(step.type)};
}

/// The part of a session that is of use only while there is something to do: what was read of the
/// client and is not done with, what of it goes to the server, and how long that takes. The worker
/// lends it: a client at rest, between its transactions, has none.
///
/// Lives on one worker. When it is lent it holds nothing of an earlier client: see end(). In a list
/// while its client waits for something other than its socket (ClientWorker::unwatched).
struct Exchange
    : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    explicit Exchange(pool::WorkerContext& worker);
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    ~Exchange() = default;

    void begin(ClientSession& whose, pool::Tenant& tenant);
    /// To be given back: nothing of the client stays.
    void end();

    ClientSession* session = nullptr;

    pool::ReadBuffer buffer;
    protocol::FrameScanner scanner;
    std::size_t scanned = 0;  ///< bytes of the buffer already looked at
    /// The request that made us wait.
    std::optional<protocol::Step> unanswered_step;

    /// What the request is answered with instead of being sent.
    std::optional<protocol::ErrorReport> refusal;
    std::optional<Violation> violation;  ///< by which the client has ended its session

    pool::Waiter waiter;
    /// What a coroutine of the session waits for, where it is not the socket.
    pool::WakeUp woken;

    pool::Outgoing outgoing;  ///< what the server is to have of the buffer
    std::span<iovec> unsent;  ///< ... and what it has not got yet
    /// Query and Parse messages too long for the buffer: they are sent when they are whole, as what
    /// a statement may do, and the server's name for it, come from all of its text.
    std::list<std::string> long_texts;
    bool collecting = false;  ///< the last of them is not whole yet

    /// A request is about to be written, or is written in part: the server must not be released.
    bool sending = false;
    bool cancelled = false;  ///< taken out of the queue by a CancelRequest
    bool in_transaction = false;
    bool request_under_way = false;          ///< the client waits for a ReadyForQuery
    bool query_cancelled = false;            ///< query_timeout has sent a cancel already
    pool::Clock::time_point transaction_at;  ///< when its first request was sent

  private:
    void query_expired();
    void transaction_expired();

  public:
    pool::DeadlineOf<Exchange, &Exchange::query_expired> query_deadline{*this};
    pool::DeadlineOf<Exchange, &Exchange::transaction_expired> transaction_deadline{*this};
};

}  // namespace pgweir::daemon
