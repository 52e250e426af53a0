// What a logged-in client asks, message by message: what may pass, and what becomes of the rest.
#include "daemon/client/client_relay.hpp"
#include "daemon/client/client_session.hpp"
#include "daemon/client/client_worker.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::daemon {

using protocol::Frontend;
using protocol::Step;
using protocol::TransactionStatus;

// Goes through what has been read, up to a request that has to wait.
ScanResult ClientRelay::scan_requests() {
    Exchange& exchange = tenant().exchange();
    const Bytes held = exchange.buffer.held();
    while (true) {
        const Bytes rest = protocol::behind(held, exchange.scanned);
        const Step step = exchange.unanswered_step
                              ? *std::exchange(exchange.unanswered_step, std::nullopt)
                              : exchange.scanner.next(rest);
        switch (step.kind) {
            case Step::Kind::more:
                // What cannot become a message is not waited for.
                if (exchange.scanner.at_boundary() && !is_acceptable_begin(rest)) {
                    return ScanResult::ended;
                }
                return ScanResult::more_input;
            case Step::Kind::invalid:
                std::ignore = is_acceptable(step);
                return ScanResult::ended;
            case Step::Kind::pass:
                take_more(exchange, protocol::first(rest, step.size));
                break;
            case Step::Kind::frame:
                if (take_request(exchange, step, protocol::first(rest, step.size))) break;
                if (client_->is_terminated() || client_->ending()) return ScanResult::ended;
                exchange.unanswered_step = step;
                return tenant().lease() ? ScanResult::need_outcome : ScanResult::need_server;
        }
        exchange.scanned += step.size;
    }
}

// False for what PostgreSQL would not read either: the session ends, when what the client asked
// before is answered.
bool ClientRelay::is_acceptable(const Step& step) {
    if (is_readable(step)) return true;
    tenant().exchange().violation = violation_of(step);
    client_->terminate();
    return false;
}

// The same of the first bytes of a message that is not whole: PostgreSQL looks at the type, and at
// the length, as soon as it has them.
bool ClientRelay::is_acceptable_begin(Bytes begun) {
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
void ClientRelay::take_leave() {
    const auto& violation = tenant().exchange().violation;
    if (!violation) {
        client_->end(ClientClose::terminate, std::nullopt);
        return;
    }
    const auto [type, is_of_length] = *violation;
    std::string problem = is_of_length ? "invalid message length"
                                       : "invalid frontend message type " +
                                             std::to_string(static_cast<unsigned char>(type));
    const pool::Lease& lease = tenant().lease();
    if (lease && lease->session().tracker().copying_in()) {
        break_off_copy(is_of_length ? std::nullopt : std::optional(type));
    } else if (is_of_length) {
        client_->end_silently(std::move(problem));
    } else {
        client_->end(
            ClientClose::protocol_error,
            ErrorReport::fatal(protocol::sqlstate::protocol_violation, std::move(problem)));
    }
}

// What PostgreSQL says to what is no message where COPY reads, but for the context: two errors.
// `type`: of an unknown message; nothing for one of an impossible length.
void ClientRelay::break_off_copy(std::optional<char> type) {
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
    client_->connection().write_at_once(message);
    client_->end(
        ClientClose::protocol_error,
        ErrorReport::fatal(protocol::sqlstate::protocol_violation,
                           "terminating connection because protocol synchronization was lost"));
}

// False when the request can go nowhere yet: it ends the session, needs a server, or has to wait
// for what becomes of an earlier one.
bool ClientRelay::take_request(Exchange& exchange, const Step& step, Bytes message) {
    if (!is_acceptable(step)) return false;
    const auto type = static_cast<Frontend>(step.type);
    if (type == Frontend::terminate) {
        client_->terminate();
        return false;
    }
    if (exchange.cancelled || discarding_ || exchange.refusal) {
        refuse_request(exchange, step);
        return true;
    }
    const pool::Lease& lease = tenant().lease();
    if (!lease) {
        // Outside of a transaction these ask for nothing: PostgreSQL ignores the leftovers of a
        // COPY that failed, and has nothing to flush.
        return type == Frontend::copy_done || type == Frontend::copy_fail ||
               (type == Frontend::flush && step.body.empty());
    }
    if (lease->session().must_hold_back(step)) {
        lease->session().ask_for_answers(exchange.outgoing);
        return false;
    }
    if (type != Frontend::flush && type != Frontend::copy_done && type != Frontend::copy_fail) {
        note_request(exchange);
    }
    exchange.sending = true;
    if (!lease->make_ready(step, exchange.outgoing)) return false;
    hand_over(exchange, step, message);
    return true;
}

void ClientRelay::hand_over(Exchange& exchange, const Step& step, Bytes message) {
    const auto type = static_cast<Frontend>(step.type);
    const bool has_text = type == Frontend::parse || type == Frontend::query;
    const pool::TenantSession& session = tenant().session();
    const bool is_read = session.follows || !session.startup->values().empty();
    if (has_text && !step.whole && is_read &&
        protocol::read_uint32(message.substr(1)) <=
            client_->worker().config().longest_statement.count) {
        exchange.long_texts.emplace_back(message);
        exchange.collecting = true;
        return;
    }
    tenant().lease()->take_request(step, message, exchange.outgoing);
}

// More of a long message. Without a server there is nobody whom it would concern.
void ClientRelay::take_more(Exchange& exchange, Bytes bytes) {
    const pool::Lease& lease = tenant().lease();
    if (!lease) return;
    if (!exchange.collecting) {
        lease->session().more_of_request(bytes, exchange.scanner.at_boundary(), exchange.outgoing);
        return;
    }
    std::string& message = exchange.long_texts.back();
    message.append(bytes);
    if (!exchange.scanner.at_boundary()) return;
    exchange.collecting = false;
    const Step whole{.kind = Step::Kind::frame,
                     .size = message.size(),
                     .type = message.front(),
                     .body = Bytes(message).substr(protocol::header_size),
                     .whole = true};
    lease->take_request(whole, message, exchange.outgoing);
}

// Clocks and deadlines of a request that is about to be sent.
void ClientRelay::note_request(Exchange& exchange) {
    // What is owed may be pgweir's own question: the client's first request counts all the same.
    if (std::exchange(exchange.request_under_way, true)) return;
    pool::WorkerContext& context = client_->worker().context();
    const auto now = context.now();
    tenant().note_request(now);
    exchange.query_cancelled = false;
    client_->timeouts().stop();
    const conf::PoolOptions& limits = client_->options();
    context.deadlines.set(exchange.query_deadline, limits.query_timeout, now);
    if (!exchange.in_transaction) {
        exchange.in_transaction = true;
        exchange.transaction_at = now;
        context.deadlines.set(exchange.transaction_deadline, limits.transaction_timeout, now);
    }
}

// Answers a request that a CancelRequest took out of the queue, or whose client's settings the
// server has refused, as PostgreSQL answers one that fails: an error, and in an extended query
// silence up to the Sync.
void ClientRelay::refuse_request(Exchange& exchange, const Step& step) {
    const auto type = static_cast<Frontend>(step.type);
    std::string answer;
    if (exchange.cancelled || exchange.refusal) {
        protocol::append_error_response(
            answer, exchange.cancelled
                        ? ErrorReport::error(protocol::sqlstate::query_canceled,
                                             "canceling statement due to user request")
                        : *exchange.refusal);
        exchange.cancelled = false;
        exchange.refusal.reset();
        discarding_ = type != Frontend::query && type != Frontend::function_call;
    }
    if (type == Frontend::sync || !discarding_) {
        discarding_ = false;
        protocol::append_ready_for_query(answer, TransactionStatus::idle);
        client_->timeouts().expect_next_request();
    }
    if (answer.empty()) return;
    if (!client_->connection().write_at_once(answer)) client_->end(ClientClose::lost, std::nullopt);
}

}  // namespace pgweir::daemon
