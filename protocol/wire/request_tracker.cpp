#include "protocol/wire/request_tracker.hpp"

#include <algorithm>
#include <utility>

namespace pgweir::protocol {

namespace {

bool is_ignored_outside_copy(Frontend type) {
    return type == Frontend::copy_data || type == Frontend::copy_done ||
           type == Frontend::copy_fail || type == Frontend::flush;
}

}  // namespace

bool RequestTracker::sent(Frontend type, Origin origin, Operation operation) {
    // "SocketBackend" of PostgreSQL: after an error in an extended query even Query and
    // FunctionCall are discarded until the Sync.
    if (skipping_ && type != Frontend::sync) {
        // No probe can tell what becomes of it: the server may be discarding, or may not.
        if (doubtful_ > 0 && !is_ignored_outside_copy(type)) uncertain_ = true;
        return false;
    }
    const auto extended = [&](Request request) {
        push({request, origin, operation});
        unsynced_ = true;
        sent_without_sync_ = sent_in_all_;
    };
    const auto simple = [&](Request request) {
        push({request, origin, operation});
        unsynced_ = false;
    };
    switch (type) {
        case Frontend::query:
            simple(Request::query);
            break;
        case Frontend::function_call:
            simple(Request::function_call);
            break;
        case Frontend::sync:
            if (copying_) {  // "the backend will ignore Flush and Sync received during copy-in"
                ++syncs_in_copy_;
                break;
            }
            skipping_ = false;
            sent_without_sync_ = 0;
            simple(Request::sync);
            break;
        case Frontend::parse:
            extended(Request::parse);
            break;
        case Frontend::bind:
            extended(Request::bind);
            break;
        case Frontend::describe:
            extended(Request::describe);
            break;
        case Frontend::execute:
            extended(Request::execute);
            break;
        case Frontend::close:
            probing_ = origin == Origin::pool && doubtful_ > 0;
            extended(Request::close);
            break;
        case Frontend::copy_done:
        case Frontend::copy_fail:
            end_copy_from_client();
            break;
        case Frontend::copy_data:
            copy_data_from_client();
            break;
        case Frontend::flush:
        case Frontend::password:
        case Frontend::terminate:
            break;
    }
    return true;
}

Verdict RequestTracker::received(Backend type, Bytes body) {
    if (std::exchange(was_ready_, type == Backend::ready_for_query)) answering_.first = answered();
    answering_.behind = answered() + 1;
    Verdict verdict;
    if (owed() > 0 && requests_[first_].origin != Origin::client) {
        verdict.disposition = Verdict::Disposition::drop;
        verdict.origin = requests_[first_].origin;
    }
    switch (type) {
        case Backend::parse_complete:
            pop_if(Request::parse, verdict);
            break;
        case Backend::bind_complete:
            pop_if(Request::bind, verdict);
            break;
        case Backend::close_complete:
            if (at_probe()) probe_answered();
            pop_if(Request::close, verdict);
            break;
        case Backend::row_description:
        case Backend::no_data:
            if (type == Backend::row_description && front_is(Request::query)) break;
            pop_if(Request::describe, verdict);
            break;
        case Backend::parameter_description:
            if (!front_is(Request::describe)) unexpected(verdict);
            break;
        case Backend::command_complete:
        case Backend::empty_query_response:
        case Backend::portal_suspended:
            on_statement_end(verdict);
            break;
        case Backend::copy_in_response:
            start_copy_in(verdict);
            break;
        case Backend::error_response:
            on_error(verdict);
            break;
        case Backend::ready_for_query:
            on_ready(body, verdict);
            break;
        case Backend::notification_response:
            // It belongs to the session, whoever's request the server is busy with.
            verdict.disposition = Verdict::Disposition::forward;
            break;
        case Backend::data_row:
        case Backend::copy_data:
        case Backend::copy_done:
        case Backend::copy_out_response:
            if (!statement_runs()) unexpected(verdict);
            break;
        case Backend::copy_both_response:
            if (!statement_runs()) unexpected(verdict);
            copying_both_ = statement_runs();
            break;
        case Backend::function_call_response:
            if (!front_is(Request::function_call)) unexpected(verdict);
            break;
        case Backend::notice_response:
        case Backend::parameter_status:
            break;
        default:  // what only a login has, and what PostgreSQL does not know
            verdict.disposition = Verdict::Disposition::violation;
            break;
    }
    return verdict;
}

// While the server may be discarding, only a Sync can bring it back, and a probe cannot be sent.
bool RequestTracker::must_wait(Frontend type) const {
    if (in_doubt() && !skipping_) return true;
    return copy_is_open() && type != Frontend::sync && !is_ignored_outside_copy(type);
}

void RequestTracker::pop() {
    count_ready(requests_[first_], -1);
    ++first_;
    for (; first_ < requests_.size() && is_of_copy(requests_[first_].request); ++first_) {
        --copy_parts_;
    }
    if (first_ == requests_.size()) {
        forget_all();
    } else if (first_ >= 1024 && first_ * 2 >= requests_.size()) {
        // A pipeline that never runs empty must not grow the storage for ever.
        requests_.erase(requests_.begin(), requests_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
    }
}

void RequestTracker::forget_all() {
    requests_.clear();
    first_ = 0;
    copy_parts_ = 0;
    // One client's huge pipeline must not stay with the server for good.
    if (requests_.capacity() > 4096) requests_.shrink_to_fit();
}

void RequestTracker::pop_if(Request request, Verdict& verdict) {
    if (front_is(request)) {
        if (requests_[first_].operation == Operation::yes) {
            verdict.operation = Verdict::Outcome::done;
        }
        pop();
    } else {
        unexpected(verdict);
    }
}

// While it is uncertain how many replies are owed, a reply too many is no proof against the server;
// the client gets what it would get without pgweir, and the server is closed after use.
void RequestTracker::unexpected(Verdict& verdict) const {
    if (!uncertain_) verdict.disposition = Verdict::Disposition::violation;
}

void RequestTracker::copy_data_from_client() {
    if (copying_ || copying_both_ || owed() == 0) return;
    if (requests_.back().request == Request::copy_data) return;
    push({Request::copy_data, Origin::client});
    ++copy_parts_;
}

void RequestTracker::end_copy_from_client() {
    if (copying_) {
        copying_ = false;
        copy_ended_ = syncs_in_copy_ > 0;
    } else if (owed() > 0 && !copying_both_) {
        push({Request::copy_end, Origin::client});
        ++copy_parts_;
    }
    // With nothing owed there is no COPY to end, and the server ignores the message.
}

// The server now reads the client's data. What the client sent after the request that started the
// COPY is read in copy-in mode too: Sync is ignored there, up to the end of the data.
void RequestTracker::start_copy_in(Verdict& verdict) {
    if (!statement_runs()) {
        unexpected(verdict);
        return;
    }
    copying_ = true;
    copy_ended_ = false;
    syncs_in_copy_ = 0;
    const Entry statement = requests_[first_];
    std::size_t next = first_ + 1;
    for (; next < requests_.size() && copying_; ++next) {
        const Request request = requests_[next].request;
        if (request != Request::sync && !is_of_copy(request)) break;
        if (request == Request::sync) {
            ++syncs_in_copy_;
        } else {
            --copy_parts_;
        }
        count_ready(requests_[next], -1);
        copying_ = request != Request::copy_end;
    }
    copy_ended_ = !copying_ && syncs_in_copy_ > 0;
    // The statement takes the place of the last entry that is gone: nothing behind it moves.
    first_ = next - 1;
    requests_[first_] = statement;
    if (syncs_in_copy_ > 0 && statement.request == Request::execute && !owes_ready())
        unsynced_ = true;
}

void RequestTracker::on_statement_end(Verdict& verdict) {
    if (!statement_runs()) {
        unexpected(verdict);
        return;
    }
    copying_ = copying_both_ = copy_ended_ = false;
    syncs_in_copy_ = 0;
    if (front_is(Request::execute)) pop();
}

// Behind the statement that runs nothing was sent but Syncs and parts of a COPY.
bool RequestTracker::only_syncs_follow() const {
    return std::all_of(requests_.begin() + static_cast<std::ptrdiff_t>(first_) + 1, requests_.end(),
                       [](const Entry& entry) {
                           return entry.request == Request::sync || is_of_copy(entry.request);
                       });
}

void RequestTracker::on_error(Verdict& verdict) {
    verdict.failed_request = answered();
    copying_ = copying_both_ = copy_ended_ = false;
    if (at_probe()) probe_answered();
    // A Sync may have been read before the COPY failed, and ignored, or after, and answered: a
    // COPY into a view, for one, fails after CopyInResponse and before it reads anything.
    if (syncs_in_copy_ > 0) {
        doubtful_ = syncs_in_copy_;
        if (!only_syncs_follow()) uncertain_ = true;
    }
    syncs_in_copy_ = 0;
    if (owed() == 0) {
        // Not an answer: the server says why it is about to close (an administrator's command, a
        // timeout of its own), or it read something malformed, and may now discard messages.
        verdict.disposition = Verdict::Disposition::forward;
        uncertain_ = true;
        return;
    }
    if (verdict.origin == Origin::injected) verdict.disposition = Verdict::Disposition::forward;
    if (!ends_in_ready(requests_[first_].request)) skip_to_sync(verdict);
}

void RequestTracker::skip_to_sync(Verdict& verdict) {
    if (requests_[first_].operation == Operation::yes) {
        verdict.operation = Verdict::Outcome::failed;
    }
    for (++first_; first_ < requests_.size() && requests_[first_].request != Request::sync;
         ++first_) {
        if (requests_[first_].operation == Operation::yes) ++verdict.operations_discarded;
        if (is_of_copy(requests_[first_].request)) --copy_parts_;
        count_ready(requests_[first_], -1);
    }
    if (first_ == requests_.size()) {
        forget_all();
        skipping_ = true;
        unsynced_ = false;
    }
}

void RequestTracker::on_ready(Bytes body, Verdict& verdict) {
    // All that was owed has been answered: this one answers a Sync that was in doubt.
    const bool in_excess = doubtful_ > 0 && (owed() == 0 || at_probe());
    const bool answers = !in_excess && owed() > 0 && ends_in_ready(requests_[first_].request);
    const bool known_status =
        body.size() == 1 && (body[0] == 'I' || body[0] == 'T' || body[0] == 'E');
    if (!known_status || (!answers && !in_excess && !uncertain_)) {
        verdict.disposition = Verdict::Disposition::violation;
        return;
    }
    status_ = static_cast<TransactionStatus>(body.front());
    copying_ = copying_both_ = copy_ended_ = false;
    syncs_in_copy_ = 0;
    verdict.ready = true;
    if (answers) {
        if (requests_[first_].operation == Operation::yes)
            verdict.operation = Verdict::Outcome::done;
        pop();
    }
    if (!in_excess) return;
    --doubtful_;
    skipping_ = false;
    verdict.disposition = Verdict::Disposition::forward;
    verdict.origin = Origin::client;
}

// What was in doubt has come before this, or never will.
void RequestTracker::probe_answered() {
    doubtful_ = 0;
    probing_ = false;
}

}  // namespace pgweir::protocol
