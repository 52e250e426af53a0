// The coroutine that reads a server, and what it does with each message.
#include <cctype>

#include "pool/pool.hpp"
#include "pool/pool_part.hpp"
#include "pool/server.hpp"
#include "protocol/serialize.hpp"

namespace pgweir::pool {

using protocol::Backend;
using protocol::Bytes;
using protocol::Origin;
using protocol::Step;
using protocol::Verdict;

Task<> Server::run() {
    const auto self = shared_from_this();
    bool drained = true;
    while (state_ != State::closed) {
        if (state_ == State::leaving) {
            part_.move_out(*this, destination_);
            co_return;
        }
        if (drained) {
            buffer_.give_back_if_empty();
            co_await stream_.readable();
            drained = false;
            continue;
        }
        const IoResult result = stream_.read(buffer_.room());
        if (result.status == IoResult::Status::would_block) {
            drained = true;
            continue;
        }
        if (result.status != IoResult::Status::done) {
            lost(ServerClose::lost, result.error ? result.error.message() : "closed by the server");
            co_return;
        }
        drained = result.drained;
        buffer_.filled(result.size);
        part_.statistics().server_bytes_received.add(result.size);
        if (!scan()) co_return;
        // The end follows, often in the same packet: not to be left to the tick (LateEnds).
        if (said_fatal_) drained = false;
        if (!deliver_now()) co_await deliver();
        if (state_ != State::closed) after_delivery();
    }
}

// Goes through what was read and notes which of it the tenant is to have. False when the server had
// to be closed.
bool Server::scan() {
    const Bytes held = buffer_.held();
    std::size_t done = 0;
    while (true) {
        const Step step = scanner_.next(held.substr(done));
        bool wanted = false;
        switch (step.kind) {
            case Step::Kind::more:
                buffer_.consume(done);
                return true;
            case Step::Kind::invalid:
                lost(ServerClose::protocol_error, "a message of impossible length");
                return false;
            case Step::Kind::pass:
                if (tracker_.owed() == 0 && !tracker_.uncertain()) {
                    lost(ServerClose::protocol_error, "rows that nothing asked for");
                    return false;
                }
                wanted = tenant_ != nullptr && !tracker_.answering_pool();
                break;
            case Step::Kind::frame:
                wanted = take_frame(step);
                if (state_ == State::closed) return false;
                break;
        }
        if (wanted) forward(held.substr(done, step.size));
        done += step.size;
    }
}

// Whether the tenant is to have this message.
bool Server::take_frame(const Step& step) {
    const auto type = static_cast<Backend>(step.type);
    const Verdict verdict = tracker_.received(type, step.body);
    if (verdict.disposition == Verdict::Disposition::violation) {
        lost(ServerClose::protocol_error,
             std::string("a message of type '") + step.type + "' that nothing asked for");
        return false;
    }
    switch (type) {
        case Backend::ready_for_query:
            take_ready(verdict);
            break;
        case Backend::error_response:
            take_error(step.body, verdict);
            if (state_ == State::closed) return false;
            break;
        case Backend::parameter_status:
            take_parameter_status(step.body, verdict.origin);
            break;
        case Backend::command_complete:
            // They end what set_up() did, so that it must be done anew; what the session changed is
            // told by ParameterStatus.
            if (verdict.origin == Origin::client &&
                (step.body.starts_with("RESET") || step.body.starts_with("DISCARD ALL"))) {
                connection_.settings = part_.context().settings.none();
            }
            break;
        default:
            break;
    }
    if (verdict.disposition == Verdict::Disposition::drop || tenant_ == nullptr) return false;
    // The tenant ends itself when it does not accept the status, and takes the reply's end with it.
    return !verdict.ready || tenant_->accepts(tracker_.transaction_status());
}

void Server::take_ready(const Verdict& verdict) {
    if (verdict.origin == Origin::pool) {
        pool_reply_finished_ = true;
    } else {
        ++replies_finished_;
    }
}

void Server::take_error(Bytes body, const Verdict& verdict) {
    if (verdict.origin == Origin::pool) {
        pool_error_ = protocol::parse_error_report(body);
        return;
    }
    const protocol::ErrorReport report = protocol::parse_error_report(body);
    if (state_ == State::idle) {
        // Its last words. The end of the stream follows, but the next client must not meet it.
        close(ServerClose::lost, report.message);
        return;
    }
    part_.statistics().errors.add();
    if (report.severity != "ERROR") said_fatal_ = true;
}

void Server::take_parameter_status(Bytes body, Origin origin) {
    const std::size_t name_end = body.find('\0');
    if (name_end == Bytes::npos || body.back() != '\0') return;
    const std::string name(body.substr(0, name_end));
    const std::string value(body.substr(name_end + 1, body.size() - name_end - 2));
    bool known = false;
    for (auto& [reported_name, reported_value] : connection_.reported) {
        if (reported_name != name) continue;
        reported_value = value;
        known = true;
    }
    if (!known) connection_.reported.emplace_back(name, value);
    if (tenant_ == nullptr) {
        if (state_ == State::idle) part_.pool().greetings().forget();  // a default has changed
        return;
    }
    if (origin == Origin::pool || !is_settable(name)) return;
    connection_.settings =
        part_.context().settings.intern(with(*connection_.settings, name, value));
    tenant_->settings_changed(connection_.settings);
}

void Server::forward(Bytes bytes) {
    if (!forward_.empty()) {
        iovec& last = forward_.back();
        if (static_cast<char*>(last.iov_base) + last.iov_len == bytes.data()) {
            last.iov_len += bytes.size();
            return;
        }
    }
    forward_.push_back(to_iovec(bytes));
}

// Writes what the tenant is to have. True when all is written, or nobody is there to have it.
bool Server::deliver_now() {
    if (undelivered_.empty()) undelivered_ = forward_;
    while (tenant_ != nullptr && !undelivered_.empty()) {
        const IoResult result = tenant_->replies().write(undelivered_);
        if (result.status == IoResult::Status::would_block) return false;
        if (result.status != IoResult::Status::done) {
            tenant_->replies_failed();
            break;
        }
        part_.statistics().client_bytes_sent.add(result.size);
        undelivered_ = drop_front(undelivered_, result.size);
    }
    forget_forward();
    return true;
}

void Server::forget_forward() {
    undelivered_ = {};
    forward_.clear();
}

Task<> Server::deliver() {
    delivering_ = true;
    while (!deliver_now()) {
        // The tenant may end while we wait; its stream then resumes us, and it is not looked at
        // again.
        co_await tenant_->replies().writable();
    }
    delivering_ = false;
}

void Server::after_delivery() {
    if (std::exchange(pool_reply_finished_, false)) {
        if (tenant_ != nullptr) {
            tenant_->set_up_finished(pool_error_);
        } else if (pool_error_) {
            close(ServerClose::dirty, "cleaning failed: " + pool_error_->message);
            return;
        }
    }
    for (unsigned n = std::exchange(replies_finished_, 0U); n > 0 && tenant_ != nullptr; --n) {
        tenant_->reply_finished(tracker_.transaction_status());
    }
    if (tenant_ != nullptr) {
        release_if_done();
    } else {
        clean();
    }
}

void Server::lost(ServerClose reason, std::string_view detail) {
    if (tenant_ != nullptr && !forward_.empty()) std::ignore = deliver_now();
    close(reason, detail);
}

}  // namespace pgweir::pool
