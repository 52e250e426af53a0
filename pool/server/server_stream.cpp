// The coroutine that reads a server, and what it does with each message.
#include <algorithm>

#include "pool/lending/pool.hpp"
#include "pool/lending/pool_part.hpp"
#include "pool/server/server.hpp"
#include "protocol/wire/extended_query.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {

using protocol::Backend;
using protocol::Bytes;
using protocol::ErrorReport;
using protocol::Origin;
using protocol::Step;
using protocol::Verdict;

namespace {

constexpr protocol::TypeSet all_messages = protocol::TypeSet::all();

// From a server everything is looked at but rows and COPY data, of which there can be gigabytes.
constexpr protocol::TypeSet all_but_rows = [] {
    protocol::TypeSet set = protocol::TypeSet::all();
    set.remove(static_cast<char>(Backend::data_row));
    set.remove(static_cast<char>(Backend::copy_data));
    return set;
}();

constexpr Bytes idle_message{"Z\0\0\0\5I", 6};

}  // namespace

const protocol::TypeSet& Server::wanted_messages(bool rows) {
    return rows ? all_messages : all_but_rows;
}

Task<> Server::run() {
    const auto self = shared_from_this();
    bool drained = true;
    while (!lifecycle_.is(State::closed)) {
        if (lifecycle_.is(State::leaving)) {
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
        part_.context().resumptions.time_passes();
        buffer_.filled(result.size);
        part_.statistics().server_bytes_received.add(result.size);
        if (!scan()) co_return;
        // The end follows, often in the same packet: not to be left to the tick (LateEnds).
        if (said_fatal_) drained = false;
        if (!deliver_now()) co_await deliver();
        if (!lifecycle_.is(State::closed)) after_delivery();
    }
}

// Goes through what was read and notes which of it the tenant is to have. False when the server had
// to be closed.
bool Server::scan() {
    const Bytes held = buffer_.held();
    std::size_t done = 0;
    while (true) {
        scanner_.want(wanted_messages(questions_.any()));
        const Bytes rest = protocol::behind(held, done);
        const Step step = scanner_.next(rest);
        Bytes wanted;
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
                if (tracker_.answering_pool()) {
                    questions_.more_of_row(protocol::first(rest, step.size),
                                           scanner_.at_boundary());
                } else if (tenant_ != nullptr) {
                    wanted = protocol::first(rest, step.size);
                }
                break;
            case Step::Kind::frame:
                wanted = take_frame(step, protocol::first(rest, step.size));
                if (lifecycle_.is(State::closed)) return false;
                break;
        }
        if (!wanted.empty()) forward(wanted);
        done += step.size;
    }
}

// What the tenant is to have of this message, or in its place.
Bytes Server::take_frame(const Step& step, Bytes message) {
    const auto type = static_cast<Backend>(step.type);
    const Verdict verdict = tracker_.received(type, step.body);
    if (verdict.disposition == Verdict::Disposition::violation) {
        lost(ServerClose::protocol_error,
             std::string("a message of type '") + step.type + "' that nothing asked for");
        return {};
    }
    switch (type) {
        case Backend::ready_for_query:
            take_ready(verdict, message);
            break;
        case Backend::error_response:
            take_error(step.body, verdict, message);
            if (lifecycle_.is(State::closed)) return {};
            break;
        case Backend::parameter_status:
            take_parameter_status(step.body, verdict, message);
            break;
        case Backend::command_complete:
            if (verdict.origin == Origin::pool) {
                note_own_tag(step.body);
            } else if (tenant_ != nullptr) {
                note_tag(step.body);
            }
            break;
        case Backend::parameter_description:
            statements_.parameters_told(step.body, step.whole);
            break;
        case Backend::notification_response:
            take_notification(step.body, message);
            break;
        case Backend::data_row:
            // What a set-up selects is no answer to a question.
            if (verdict.origin == Origin::pool && questions_.any())
                questions_.row(step.body, step.whole);
            break;
        default:
            break;
    }
    if (verdict.operation != Verdict::Outcome::none || verdict.operations_discarded > 0) {
        statements_.finished(verdict, type, step.body, step.whole);
    }
    if (verdict.disposition == Verdict::Disposition::drop || tenant_ == nullptr) return {};
    // The tenant ends itself when it does not accept the status, and takes the reply's end with it.
    if (verdict.ready && !message.empty() && !set_up_.is_refused() &&
        !tenant_->accepts(tracker_.transaction_status())) {
        return {};
    }
    return message;
}

void Server::take_ready(const Verdict& verdict, Bytes& message) {
    if (verdict.origin != Origin::pool) {
        // Of several in one read each has its own.
        const bool refused = set_up_.is_refused();
        finished_.push_back(refused ? protocol::TransactionStatus::idle
                                    : tracker_.transaction_status());
        order_.ready();
        if (tracker_.transaction_status() == protocol::TransactionStatus::idle)
            startup_.note_committed(tracker_.answered());
        if (set_up_.take_reports_due() && tenant_ != nullptr && !refused)
            tell(reports_.differences());
        if (startup_.take_answered() && context_.tracks()) tell(reports_.own_defaults());
        if (!login_changes_.empty()) publish_login_changes();
        if (tenant_ != nullptr && !refused && reports_.may_have_new_defaults())
            tell(reports_.new_defaults());
        if (refused) message = idle_message;  // the failed block is pgweir's, not theirs
        if (tracker_.quiet()) latest_.forget_long_text();
        is_overdue_ = false;
        return;
    }
    answered(questions_.answered());
}

void Server::take_error(Bytes body, const Verdict& verdict, Bytes& message) {
    const protocol::ErrorReport report = protocol::parse_error_report(body);
    if (verdict.origin == Origin::pool) {
        if (report.severity != "ERROR" && tenant_ != nullptr) {
            take_last_words(report, message);
        } else if (set_up_.is_being_judged()) {
            set_up_refused(report);
        } else if (questions_.oldest() == Question::cleaning) {
            close(ServerClose::dirty, "cleaning failed: " + report.message);
        } else {
            questions_.failed(report);
        }
        return;
    }
    if (lifecycle_.is(State::idle)) {
        // Its last words. The end of the stream follows, but the next client must not meet it.
        close(ServerClose::lost, report.message);
        return;
    }
    part_.statistics().errors.add();
    // What follows up to the Sync is discarded.
    startup_.note_failure(std::max(tracker_.answered(), verdict.failed_request + 1));
    if (report.severity != "ERROR") {
        said_fatal_ = true;
    } else if (set_up_.is_refused()) {
        message = set_up_.refusal();
    } else if (is_overdue_ && report.code == protocol::sqlstate::query_canceled) {
        message = told_.emplace_back(
            with_text(message, report.message, "canceling statement due to query timeout"));
    } else {
        auto told = statements_.in_place_of(report, message, verdict.failed_request);
        if (told) message = told_.emplace_back(std::move(*told));
    }
}

void Server::set_up_refused(const ErrorReport& report) {
    Outgoing out;
    RequestWriter requests = writer(out);
    std::string told = set_up_.refused(report, requests);
    if (!told.empty()) forward(told_.emplace_back(std::move(told)));
    if (!out.empty()) send(out);
}

// The connection ends while pgweir asks something of its own: the tenant hears why, in the server's
// words.
void Server::take_last_words(const ErrorReport& report, Bytes message) {
    if (client().greeting == nullptr) {
        tenant_->set_up_finished(report);  // before its own greeting, at its login
        return;
    }
    said_fatal_ = true;
    forward(message);
}

void Server::take_parameter_status(Bytes body, const Verdict& verdict, Bytes& message) {
    const std::size_t name_end = body.find('\0');
    if (name_end == Bytes::npos || body.back() != '\0') return;
    const std::string name(body.substr(0, name_end));
    const std::string value(body.substr(name_end + 1, body.size() - name_end - 2));
    reports_.reported(name, value);
    if (tenant_ == nullptr) {
        if (lifecycle_.is(State::idle)) part_.pool().greetings().forget();  // a default has changed
        return;
    }
    if (verdict.origin == Origin::pool) {
        // What a set-up brings is known.
        const bool restores = questions_.any() && !set_up_.is_under_way();
        if (restores && reports_.takes_back(name)) forward(message);
        return;
    }
    if (set_up_.reports_are_due()) {
        message = {};
        return;
    }
    if (auto other = reports_.in_place_of(name, value))
        message = other->empty() ? Bytes() : told_.emplace_back(std::move(*other));
}

void Server::tell(std::vector<std::string> messages) {
    for (std::string& message : messages) forward(told_.emplace_back(std::move(message)));
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
        if (!tenant_->takes_replies()) return false;
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
    told_.clear();
}

Task<> Server::deliver() {
    delivering_ = true;
    while (!deliver_now()) {
        // The tenant may end while we wait; its stream then resumes us, and it is not looked at
        // again.
        if (tenant_->takes_replies()) {
            co_await tenant_->replies().writable();
        } else {
            co_await client_ready_.wait();
        }
    }
    delivering_ = false;
}

void Server::after_delivery() {
    if (set_up_.is_finished()) {
        const std::optional<ErrorReport> error = set_up_.take_result();
        if (tenant_ != nullptr) tenant_->set_up_finished(error);
    }
    for (const protocol::TransactionStatus status : finished_) {
        if (tenant_ != nullptr) tenant_->reply_finished(status);
    }
    finished_.clear();
    if (tenant_ == nullptr) {
        clean();
        return;
    }
    const bool nothing_follows = tracker_.owed() == 0 && !tracker_.discarding() && !said_fatal_;
    if (tracker_.uncertain() && nothing_follows) {
        close(ServerClose::protocol_error, "an error that nothing asked for");
        return;
    }
    Tenant& tenant = *tenant_;
    // Behind the release the server may be another tenant's.
    const bool question_answered = std::exchange(question_answered_, false);
    // Whose request waits for its settings here would never run if others came in between.
    if (!request_waits_ || set_up_.is_refused()) release_if_done();
    tenant.replies_delivered();
    if (question_answered) tenant.question_answered();
}

void Server::lost(ServerClose reason, std::string_view detail) {
    if (tenant_ != nullptr && !forward_.empty()) std::ignore = deliver_now();
    close(reason, detail);
}

}  // namespace pgweir::pool
