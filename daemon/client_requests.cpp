// What a logged-in client asks, message by message: what may pass, and what becomes of the rest.
#include "daemon/client_session.hpp"
#include "daemon/worker.hpp"
#include "protocol/serialize.hpp"

namespace pgweir::daemon {

using protocol::Frontend;
using protocol::Step;
using protocol::TransactionStatus;

// Goes through what has been read, up to a request that has to wait.
ScanResult ClientSession::scan_requests() {
    const Bytes held = exchange_->buffer.held();
    while (true) {
        const Step step = exchange_->unanswered_step
                              ? *std::exchange(exchange_->unanswered_step, std::nullopt)
                              : exchange_->scanner.next(held.substr(exchange_->scanned));
        switch (step.kind) {
            case Step::Kind::more:
                // What cannot become a message is not waited for.
                if (exchange_->scanner.at_boundary() &&
                    !is_acceptable_begin(held.substr(exchange_->scanned))) {
                    return ScanResult::ended;
                }
                return ScanResult::more_input;
            case Step::Kind::invalid:
                std::ignore = is_acceptable(step);
                return ScanResult::ended;
            case Step::Kind::pass:
                take_more(held.substr(exchange_->scanned, step.size));
                break;
            case Step::Kind::frame:
                if (take_request(step, held.substr(exchange_->scanned, step.size))) break;
                if (terminated_ || ending_) return ScanResult::ended;
                exchange_->unanswered_step = step;
                return lease_ ? ScanResult::need_outcome : ScanResult::need_server;
        }
        exchange_->scanned += step.size;
    }
}

// False for what PostgreSQL would not read either: the session ends, when what the client asked
// before is answered.
bool ClientSession::is_acceptable(const Step& step) {
    using Violation = Exchange::Violation;
    if (!protocol::is_frontend_type(step.type)) {
        exchange_->violation = Violation{.type = step.type, .is_of_length = false};
    } else if (step.kind == Step::Kind::invalid ||
               (!protocol::is_large_type(step.type) &&
                (!step.whole || step.size > protocol::max_small_message + 1))) {
        exchange_->violation = Violation{.type = step.type, .is_of_length = true};
    } else {
        return true;
    }
    terminated_ = true;
    return false;
}

// The same of the first bytes of a message that is not whole: PostgreSQL looks at the type, and at
// the length, as soon as it has them.
bool ClientSession::is_acceptable_begin(Bytes begun) {
    if (begun.empty()) return true;
    const char type = begun.front();
    const bool is_too_long = begun.size() >= protocol::header_size &&
                             !protocol::is_large_type(type) &&
                             protocol::read_uint32(begun.substr(1)) > protocol::max_small_message;
    return is_acceptable({.kind = is_too_long ? Step::Kind::invalid : Step::Kind::frame,
                          .type = type,
                          .whole = true});
}

// The client has said its last, and has had its answers.
void ClientSession::take_leave() {
    if (!exchange_->violation) {
        end(ClientClose::terminate, std::nullopt);
        return;
    }
    const auto [type, is_of_length] = *exchange_->violation;
    std::string problem = is_of_length ? "invalid message length"
                                       : "invalid frontend message type " +
                                             std::to_string(static_cast<unsigned char>(type));
    if (lease_ && lease_->tracker().copying_in()) {
        break_off_copy(is_of_length ? std::nullopt : std::optional(type));
    } else if (is_of_length) {
        end_silently(std::move(problem));
    } else {
        end(ClientClose::protocol_error,
            ErrorReport::fatal(protocol::sqlstate::protocol_violation, std::move(problem)));
    }
}

// What PostgreSQL says to what is no message where COPY reads, but for the context: two errors.
// `type`: of an unknown message; nothing for one of an impossible length.
void ClientSession::break_off_copy(std::optional<char> type) {
    static constexpr std::string_view digits = "0123456789abcdef";
    ErrorReport first =
        ErrorReport::error(protocol::sqlstate::connection_failure,
                           "unexpected EOF on client connection with an open transaction");
    if (type) {
        const auto value = static_cast<unsigned char>(*type);
        const std::string shown = {digits[value >> 4U], digits[value & 15U]};
        first =
            ErrorReport::error(protocol::sqlstate::protocol_violation,
                               "unexpected message type 0x" + shown + " during COPY from stdin");
    }
    std::string message;
    protocol::append_error_response(message, first);
    const iovec part = pool::to_iovec(message);
    std::ignore = stream_.write({&part, 1});  // whoever does not read now is not waited for
    end(ClientClose::protocol_error,
        ErrorReport::fatal(protocol::sqlstate::protocol_violation,
                           "terminating connection because protocol synchronization was lost"));
}

// False when the request can go nowhere yet: it ends the session, needs a server, or has to wait
// for what becomes of an earlier one.
bool ClientSession::take_request(const Step& step, Bytes message) {
    if (!is_acceptable(step)) return false;
    const auto type = static_cast<Frontend>(step.type);
    if (type == Frontend::terminate) {
        terminated_ = true;
        return false;
    }
    if (cancelled_ || discarding_ || exchange_->refusal) {
        refuse_request(step);
        return true;
    }
    if (!lease_) {
        // Outside of a transaction these ask for nothing: PostgreSQL ignores the leftovers of a
        // COPY that failed, and has nothing to flush.
        return type == Frontend::copy_done || type == Frontend::copy_fail ||
               (type == Frontend::flush && step.body.empty());
    }
    if (lease_->awaits_outcome(step)) {
        lease_->ask_for_answers(exchange_->outgoing);
        return false;
    }
    if (type != Frontend::flush && type != Frontend::copy_done && type != Frontend::copy_fail) {
        note_request();
    }
    sending_ = true;
    if (!lease_->make_ready(step, exchange_->outgoing)) return false;
    hand_over(step, message);
    return true;
}

void ClientSession::hand_over(const Step& step, Bytes message) {
    const auto type = static_cast<Frontend>(step.type);
    const bool has_text = type == Frontend::parse || type == Frontend::query;
    const bool is_read = session_.follows || !session_.startup->values().empty();
    if (has_text && !step.whole && is_read &&
        protocol::read_uint32(message.substr(1)) <= worker_.config().longest_statement.count) {
        exchange_->long_texts.emplace_back(message);
        exchange_->collecting = true;
        return;
    }
    lease_->take_request(step, message, exchange_->outgoing);
}

// More of a long message. Without a server there is nobody whom it would concern.
void ClientSession::take_more(Bytes bytes) {
    if (!lease_) return;
    if (!exchange_->collecting) {
        lease_->take_more(bytes, exchange_->scanner.at_boundary(), exchange_->outgoing);
        return;
    }
    std::string& message = exchange_->long_texts.back();
    message.append(bytes);
    if (!exchange_->scanner.at_boundary()) return;
    exchange_->collecting = false;
    const Step whole{.kind = Step::Kind::frame,
                     .size = message.size(),
                     .type = message.front(),
                     .body = Bytes(message).substr(protocol::header_size),
                     .whole = true};
    lease_->take_request(whole, message, exchange_->outgoing);
}

// Clocks and deadlines of a request that is about to be sent.
void ClientSession::note_request() {
    // What is owed may be pgweir's own question: the client's first request counts all the same.
    if (std::exchange(exchange_->request_under_way, true)) return;
    const auto now = worker_.context().now();
    request_at_ = now;
    exchange_->query_cancelled = false;
    state_deadline_.cancel();
    const conf::PoolOptions& limits = options();
    pool::Deadlines& deadlines = worker_.context().deadlines;
    deadlines.set(exchange_->query_deadline, limits.query_timeout, now);
    if (!exchange_->in_transaction) {
        exchange_->in_transaction = true;
        exchange_->transaction_at = now;
        deadlines.set(exchange_->transaction_deadline, limits.transaction_timeout, now);
    }
}

// Answers a request that a CancelRequest took out of the queue, or whose client's settings the
// server has refused, as PostgreSQL answers one that fails: an error, and in an extended query
// silence up to the Sync.
void ClientSession::refuse_request(const Step& step) {
    const auto type = static_cast<Frontend>(step.type);
    std::string answer;
    if (cancelled_ || exchange_->refusal) {
        protocol::append_error_response(
            answer, cancelled_ ? ErrorReport::error(protocol::sqlstate::query_canceled,
                                                    "canceling statement due to user request")
                               : *exchange_->refusal);
        cancelled_ = false;
        exchange_->refusal.reset();
        discarding_ = type != Frontend::query && type != Frontend::function_call;
    }
    if (type == Frontend::sync || !discarding_) {
        discarding_ = false;
        protocol::append_ready_for_query(answer, TransactionStatus::idle);
        expect_next_request();
    }
    if (answer.empty()) return;
    // A few bytes to a client that waits for them: where they do not fit, it is not reading.
    const iovec part = pool::to_iovec(answer);
    if (stream_.write({&part, 1}).size != answer.size()) end(ClientClose::lost, std::nullopt);
}

}  // namespace pgweir::daemon
