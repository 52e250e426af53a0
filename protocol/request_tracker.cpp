#include "protocol/request_tracker.hpp"

#include <algorithm>

namespace pgweir::protocol {

void RequestTracker::sent(Frontend type, Origin origin) {
    // "SocketBackend" of PostgreSQL: after an error in an extended query even Query and
    // FunctionCall are discarded until the Sync.
    if (skipping_ && type != Frontend::sync) return;
    switch (type) {
        case Frontend::query:
            push(Request::query, origin);
            unsynced_ = false;
            break;
        case Frontend::function_call:
            push(Request::function_call, origin);
            unsynced_ = false;
            break;
        case Frontend::sync:
            if (copying_) {  // "the backend will ignore Flush and Sync received during copy-in"
                sync_in_copy_ = true;
                break;
            }
            skipping_ = false;
            unsynced_ = false;
            push(Request::sync, origin);
            break;
        case Frontend::parse:
            push(Request::parse, origin);
            unsynced_ = true;
            break;
        case Frontend::bind:
            push(Request::bind, origin);
            unsynced_ = true;
            break;
        case Frontend::describe:
            push(Request::describe, origin);
            unsynced_ = true;
            break;
        case Frontend::execute:
            push(Request::execute, origin);
            unsynced_ = true;
            break;
        case Frontend::close:
            push(Request::close, origin);
            unsynced_ = true;
            break;
        case Frontend::copy_done:
        case Frontend::copy_fail:
            end_copy_from_client();
            break;
        case Frontend::flush:
        case Frontend::copy_data:
        case Frontend::password:
        case Frontend::terminate:
            break;
    }
}

Verdict RequestTracker::received(Backend type, Bytes body) {
    Verdict verdict;
    if (owed() > 0 && requests_[first_].origin == Origin::pool) {
        verdict.disposition = Verdict::Disposition::drop;
        verdict.origin = Origin::pool;
    }
    switch (type) {
        case Backend::parse_complete:
            pop_if(Request::parse, verdict);
            break;
        case Backend::bind_complete:
            pop_if(Request::bind, verdict);
            break;
        case Backend::close_complete:
            pop_if(Request::close, verdict);
            break;
        case Backend::row_description:
        case Backend::no_data:
            if (owed() == 0) {
                verdict.disposition = Verdict::Disposition::violation;
            } else if (requests_[first_].request == Request::describe) {
                pop();
            }
            break;
        case Backend::command_complete:
        case Backend::empty_query_response:
        case Backend::portal_suspended:
            if (owed() == 0) {
                verdict.disposition = Verdict::Disposition::violation;
                break;
            }
            copying_ = false;
            sync_in_copy_ = false;
            if (requests_[first_].request == Request::execute) pop();
            break;
        case Backend::copy_in_response:
            start_copy_in();
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
        case Backend::parameter_description:
        case Backend::data_row:
        case Backend::copy_data:
        case Backend::copy_done:
        case Backend::copy_out_response:
        case Backend::copy_both_response:
        case Backend::function_call_response:
            if (owed() == 0) verdict.disposition = Verdict::Disposition::violation;
            break;
        case Backend::notice_response:
        case Backend::parameter_status:
            break;
        case Backend::authentication:
        case Backend::backend_key_data:
        case Backend::negotiate_protocol_version:
        default:
            verdict.disposition = Verdict::Disposition::violation;
            break;
    }
    return verdict;
}

void RequestTracker::push(Request request, Origin origin) {
    requests_.push_back({request, origin});
}

void RequestTracker::pop() {
    ++first_;
    while (first_ < requests_.size() && requests_[first_].request == Request::copy_end) ++first_;
    if (first_ == requests_.size()) {
        requests_.clear();
        first_ = 0;
    } else if (first_ >= 1024 && first_ * 2 >= requests_.size()) {
        // A pipeline that never runs empty must not grow the storage for ever.
        requests_.erase(requests_.begin(), requests_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
    }
}

void RequestTracker::pop_if(Request request, Verdict& verdict) {
    if (owed() > 0 && requests_[first_].request == request) {
        pop();
    } else {
        verdict.disposition = Verdict::Disposition::violation;
    }
}

void RequestTracker::end_copy_from_client() {
    if (copying_) {
        copying_ = false;
    } else if (owed() > 0) {
        push(Request::copy_end, Origin::client);
    }
    // With nothing owed there is no COPY to end, and the server ignores the message.
}

// The server now reads the client's data. What the client sent after the request that started the
// COPY is read in copy-in mode too: Sync is ignored there, up to the end of the data.
void RequestTracker::start_copy_in() {
    copying_ = true;
    sync_in_copy_ = false;
    auto entry =
        requests_.begin() + static_cast<std::ptrdiff_t>(std::min(first_ + 1, requests_.size()));
    bool removed = false;
    while (entry != requests_.end() && entry->request == Request::sync) {
        entry = requests_.erase(entry);
        removed = true;
    }
    if (entry != requests_.end() && entry->request == Request::copy_end) {
        requests_.erase(entry);
        copying_ = false;
    }
    const bool extended = owed() > 0 && requests_[first_].request == Request::execute;
    if (removed && extended) {
        unsynced_ =
            std::none_of(requests_.begin() + static_cast<std::ptrdiff_t>(first_), requests_.end(),
                         [](const Entry& e) { return ends_in_ready(e.request); });
    }
}

void RequestTracker::on_error(Verdict& verdict) {
    copying_ = false;
    // The Sync may have been read before the COPY failed, and ignored, or after, and answered.
    if (sync_in_copy_) uncertain_ = true;
    sync_in_copy_ = false;
    if (owed() == 0) {
        // Not an answer: the server says why it is about to close (an administrator's command, a
        // timeout of its own).
        verdict.disposition = Verdict::Disposition::forward;
        return;
    }
    if (!ends_in_ready(requests_[first_].request)) skip_to_sync();
}

void RequestTracker::skip_to_sync() {
    while (first_ < requests_.size() && requests_[first_].request != Request::sync) ++first_;
    if (first_ == requests_.size()) {
        requests_.clear();
        first_ = 0;
        skipping_ = true;
        unsynced_ = false;
    }
}

void RequestTracker::on_ready(Bytes body, Verdict& verdict) {
    if (owed() == 0 || !ends_in_ready(requests_[first_].request) || body.size() != 1) {
        verdict.disposition = Verdict::Disposition::violation;
        return;
    }
    switch (body.front()) {
        case 'I':
            status_ = TransactionStatus::idle;
            break;
        case 'T':
            status_ = TransactionStatus::in_transaction;
            break;
        case 'E':
            status_ = TransactionStatus::failed;
            break;
        default:
            verdict.disposition = Verdict::Disposition::violation;
            return;
    }
    copying_ = false;
    sync_in_copy_ = false;
    verdict.ready = true;
    pop();
}

}  // namespace pgweir::protocol
