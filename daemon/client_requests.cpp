// What a logged-in client asks, message by message: what may pass, and what becomes of the rest.
#include "daemon/client_session.hpp"
#include "daemon/worker.hpp"
#include "protocol/serialize.hpp"

namespace pgweir::daemon {

using protocol::Frontend;
using protocol::Step;
using protocol::TransactionStatus;

// Goes through what has been read, up to a request that has to wait.
ClientSession::Progress ClientSession::scan_requests() {
    const Bytes held = exchange_->buffer.held();
    while (true) {
        const Step step = exchange_->unanswered_step
                              ? *std::exchange(exchange_->unanswered_step, std::nullopt)
                              : exchange_->scanner.next(held.substr(exchange_->scanned));
        switch (step.kind) {
            case Step::Kind::more:
                // What cannot be a message is not waited for.
                if (exchange_->scanner.at_boundary() && exchange_->scanned < held.size() &&
                    !protocol::is_frontend_type(held[exchange_->scanned])) {
                    std::ignore = is_acceptable({.type = held[exchange_->scanned]});
                    return Progress::ended;
                }
                return Progress::more_input;
            case Step::Kind::invalid:
                std::ignore = is_acceptable(step);
                return Progress::ended;
            case Step::Kind::pass:
                take_more(held.substr(exchange_->scanned, step.size));
                break;
            case Step::Kind::frame:
                if (take_request(step, held.substr(exchange_->scanned, step.size))) break;
                if (terminated_ || ending_) return Progress::ended;
                exchange_->unanswered_step = step;
                return lease_ ? Progress::need_outcome : Progress::need_server;
        }
        exchange_->scanned += step.size;
    }
}

// Ends the session over what PostgreSQL would not read either.
bool ClientSession::is_acceptable(const Step& step) {
    std::string problem;
    if (!protocol::is_frontend_type(step.type)) {
        problem = "invalid frontend message type " +
                  std::to_string(static_cast<unsigned char>(step.type));
    } else if (step.kind == Step::Kind::invalid ||
               (!protocol::is_large_type(step.type) &&
                (!step.whole || step.size > protocol::max_small_message + 1))) {
        problem = "invalid message length";
    }
    if (problem.empty()) return true;
    end(ClientClose::protocol_error,
        ErrorReport::fatal(protocol::sqlstate::protocol_violation, std::move(problem)));
    return false;
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
    if (has_text && !step.whole && session_.follows &&
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
