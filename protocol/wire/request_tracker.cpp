#include "protocol/wire/request_tracker.hpp"

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
    if (discarding() && type != Frontend::sync) {
        note_discarded(type);
        return false;
    }
    const auto extended = [&](Request request) {
        requests_.push({request, origin, operation});
        sequence_ = Sequence::open;
        sent_without_sync_ = sent_in_all();
    };
    const auto simple = [&](Request request) {
        requests_.push({request, origin, operation});
        sequence_ = Sequence::none;
    };
    switch (type) {
        case Frontend::query:
            simple(Request::query);
            break;
        case Frontend::function_call:
            simple(Request::function_call);
            break;
        case Frontend::sync:
            if (copying_in()) {  // "the backend will ignore Flush and Sync received during copy-in"
                ++syncs_in_copy_;
                break;
            }
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
        default:  // has no answer
            break;
    }
    return true;
}

// No probe can tell what becomes of it: the server may be discarding, or may not.
void RequestTracker::note_discarded(Frontend type) {
    if (doubtful_ > 0 && !is_ignored_outside_copy(type)) uncertain_ = true;
}

// Of a message that answers the oldest request.
Verdict RequestTracker::begin_verdict(Backend type) {
    const bool was_ready = was_ready_;
    was_ready_ = type == Backend::ready_for_query;
    if (was_ready) answering_.first = answered();
    answering_.behind = answered() + 1;
    Verdict verdict;
    if (owed() > 0 && requests_.front().origin != Origin::client) {
        verdict.disposition = Verdict::Disposition::drop;
        verdict.origin = requests_.front().origin;
    }
    return verdict;
}

Verdict RequestTracker::received(Backend type, Bytes body) {
    Verdict verdict = begin_verdict(type);
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
            if (type == Backend::row_description && requests_.front_is(Request::query)) break;
            pop_if(Request::describe, verdict);
            break;
        case Backend::parameter_description:
            if (!requests_.front_is(Request::describe)) unexpected(verdict);
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
            start_copy_both(verdict);
            break;
        case Backend::function_call_response:
            if (!requests_.front_is(Request::function_call)) unexpected(verdict);
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
    if (in_doubt() && !discarding()) return true;
    return copy_is_open() && type != Frontend::sync && !is_ignored_outside_copy(type);
}

void RequestTracker::pop_if(Request request, Verdict& verdict) {
    if (requests_.front_is(request)) {
        if (requests_.front().operation == Operation::yes) {
            verdict.operation = Verdict::Outcome::done;
        }
        requests_.pop();
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
    if (copying_in() || copying_both() || owed() == 0) return;
    if (requests_.back().kind != Request::copy_data)
        requests_.push_part_of_copy(Request::copy_data);
}

void RequestTracker::end_copy_from_client() {
    if (copying_in()) {
        copy_ = syncs_in_copy_ > 0 ? Copy::ended : Copy::none;
    } else if (owed() > 0 && !copying_both()) {
        requests_.push_part_of_copy(Request::copy_end);
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
    bool reads = true;
    syncs_in_copy_ = 0;
    requests_.remove_behind_front([&](Request request) {
        const bool is_read =
            reads && (request == Request::sync || RequestQueue::is_of_copy(request));
        if (!is_read) return false;
        if (request == Request::sync) ++syncs_in_copy_;
        reads = request != Request::copy_end;
        return true;
    });
    const bool has_syncs = syncs_in_copy_ > 0;
    copy_ = Copy::in;
    if (!reads) copy_ = has_syncs ? Copy::ended : Copy::none;
    if (has_syncs && requests_.front_is(Request::execute) && !owes_ready())
        sequence_ = Sequence::open;
}

void RequestTracker::start_copy_both(Verdict& verdict) {
    if (!statement_runs()) {
        unexpected(verdict);
        return;
    }
    copy_ = Copy::both;
}

void RequestTracker::end_copy() {
    copy_ = Copy::none;
    syncs_in_copy_ = 0;
}

void RequestTracker::on_statement_end(Verdict& verdict) {
    if (!statement_runs()) {
        unexpected(verdict);
        return;
    }
    end_copy();
    if (requests_.front_is(Request::execute)) requests_.pop();
}

void RequestTracker::on_error(Verdict& verdict) {
    verdict.failed_request = answered();
    if (at_probe()) probe_answered();
    // A Sync may have been read before the COPY failed, and ignored, or after, and answered: a
    // COPY into a view, for one, fails after CopyInResponse and before it reads anything.
    if (syncs_in_copy_ > 0) {
        doubtful_ = syncs_in_copy_;
        if (!requests_.only_syncs_follow()) uncertain_ = true;
    }
    end_copy();
    if (owed() == 0) {
        // Not an answer: the server says why it is about to close (an administrator's command, a
        // timeout of its own), or it read something malformed, and may now discard messages.
        verdict.disposition = Verdict::Disposition::forward;
        uncertain_ = true;
        return;
    }
    if (verdict.origin == Origin::injected) verdict.disposition = Verdict::Disposition::forward;
    if (!RequestQueue::ends_in_ready(requests_.front().kind)) skip_to_sync(verdict);
}

void RequestTracker::skip_to_sync(Verdict& verdict) {
    if (requests_.front().operation == Operation::yes) {
        verdict.operation = Verdict::Outcome::failed;
    }
    requests_.pop_to_sync([&](const RequestQueue::Entry& entry) {
        if (entry.operation == Operation::yes) ++verdict.operations_discarded;
    });
    if (requests_.empty()) sequence_ = Sequence::discarded;
}

void RequestTracker::on_ready(Bytes body, Verdict& verdict) {
    // All that was owed has been answered: this one answers a Sync that was in doubt.
    const bool in_excess = doubtful_ > 0 && (owed() == 0 || at_probe());
    const bool answers =
        !in_excess && owed() > 0 && RequestQueue::ends_in_ready(requests_.front().kind);
    const bool known_status =
        body.size() == 1 && (body[0] == 'I' || body[0] == 'T' || body[0] == 'E');
    if (!known_status || (!answers && !in_excess && !uncertain_)) {
        verdict.disposition = Verdict::Disposition::violation;
        return;
    }
    status_ = static_cast<TransactionStatus>(body.front());
    end_copy();
    verdict.ready = true;
    if (answers) {
        if (requests_.front().operation == Operation::yes)
            verdict.operation = Verdict::Outcome::done;
        requests_.pop();
    }
    if (!in_excess) return;
    --doubtful_;
    if (discarding()) sequence_ = Sequence::none;
    verdict.disposition = Verdict::Disposition::forward;
    verdict.origin = Origin::client;
}

// What was in doubt has come before this, or never will.
void RequestTracker::probe_answered() {
    doubtful_ = 0;
    probing_ = false;
}

}  // namespace pgweir::protocol
