#include "pool/session/server_replies.hpp"

#include <algorithm>
#include <utility>

#include "pool/session/notification.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {

using protocol::Backend;
using protocol::ErrorReport;
using protocol::Origin;
using protocol::Step;
using protocol::TransactionStatus;
using protocol::Verdict;

namespace {

constexpr Bytes idle_message{"Z\0\0\0\5I", 6};

}  // namespace

Reply ServerReplies::take(const Step& step, Bytes message) {
    const auto type = static_cast<Backend>(step.type);
    const Verdict verdict = rooms_.tracker.received(type, step.body);
    if (verdict.disposition == Verdict::Disposition::violation) {
        rooms_.fail(SessionFault::Kind::protocol_error,
                    std::string("a message of type '") + step.type + "' that nothing asked for");
        return {};
    }
    look_at(type, step, verdict, message);
    if (rooms_.news.fault) return {};
    if (verdict.operation != Verdict::Outcome::none || verdict.operations_discarded > 0)
        rooms_.statements.ledger.finished(verdict, type, step.body, step.whole);
    if (verdict.disposition == Verdict::Disposition::drop || !rooms_.has_client()) return {};
    return {.bytes = message,
            .ends = verdict.ready && !message.empty() && !rooms_.set_up.is_refused()};
}

void ServerReplies::look_at(Backend type, const Step& step, const Verdict& verdict,
                            Bytes& message) {
    switch (type) {
        case Backend::ready_for_query:
            take_ready(verdict, message);
            break;
        case Backend::error_response:
            take_error(step.body, verdict, message);
            break;
        case Backend::parameter_status:
            take_parameter_status(step.body, verdict, message);
            break;
        case Backend::command_complete:
            if (verdict.origin != Origin::client) {
                tags_.note_own(step.body);
            } else if (rooms_.has_client()) {
                tags_.note(step.body);
            }
            break;
        case Backend::parameter_description:
            rooms_.statements.ledger.parameters_told(step.body, step.whole);
            break;
        case Backend::notification_response:
            take_notification(step.body, message);
            break;
        case Backend::data_row:
            // What a set-up selects is no answer to a question.
            if (verdict.origin == Origin::pool && rooms_.questions.any())
                rooms_.questions.row(step.body, step.whole);
            break;
        default:
            break;
    }
}

Reply ServerReplies::take_more(Bytes bytes, bool ends) {
    if (rooms_.tracker.owed() == 0 && !rooms_.tracker.uncertain()) {
        rooms_.fail(SessionFault::Kind::protocol_error, "rows that nothing asked for");
        return {};
    }
    if (rooms_.tracker.answering_pool()) {
        rooms_.questions.more_of_row(bytes, ends);
        return {};
    }
    return {.bytes = rooms_.has_client() ? bytes : Bytes()};
}

void ServerReplies::take_ready(const Verdict& verdict, Bytes& message) {
    rooms_.server.sequences.segment_ended(rooms_.tracker.answered());
    if (verdict.origin == Origin::pool) {
        stocktaking_.answered(rooms_.questions.answered());
        return;
    }
    const TransactionStatus status = rooms_.tracker.transaction_status();
    const bool refused = rooms_.set_up.is_refused();
    // Of several in one read each has its own.
    rooms_.events.replies.push_back(refused ? TransactionStatus::idle : status);
    rooms_.order.ready();
    if (status == TransactionStatus::idle) rooms_.startup.note_committed(rooms_.tracker.answered());
    SettingReports& reports = rooms_.reports;
    if (rooms_.set_up.take_reports_due() && rooms_.has_client() && !refused)
        rooms_.delivery.add_own(reports.differences());
    if (rooms_.startup.take_answered() && rooms_.has_client() && rooms_.context.tracks())
        rooms_.delivery.add_own(reports.own_defaults());
    logins_.publish_changes();
    if (rooms_.has_client() && !refused && reports.may_have_new_defaults())
        rooms_.delivery.add_own(reports.new_defaults());
    if (refused) message = idle_message;  // the failed block is pgweir's, not theirs
    if (rooms_.tracker.quiet()) rooms_.latest.forget_long_text();
    is_overdue_ = false;
}

void ServerReplies::take_error(Bytes body, const Verdict& verdict, Bytes& message) {
    const ErrorReport report = protocol::parse_error_report(body);
    if (verdict.origin == Origin::pool) {
        take_own_error(report, message);
        return;
    }
    if (!rooms_.has_client() && host_.is_idle()) {
        // Its last words. The end of the stream follows, but the next client must not meet it.
        rooms_.fail(SessionFault::Kind::lost, report.message);
        return;
    }
    rooms_.counters.errors.add();
    // What follows up to the Sync is discarded.
    rooms_.startup.note_failure(std::max(rooms_.tracker.answered(), verdict.failed_request + 1));
    if (report.severity != "ERROR") {
        said_fatal_ = true;
    } else if (rooms_.set_up.is_refused()) {
        message = rooms_.set_up.refusal();
    } else if (is_overdue_ && report.code == protocol::sqlstate::query_canceled) {
        message = rooms_.delivery.keep(
            with_text(message, report.message, "canceling statement due to query timeout"));
    } else {
        auto told =
            rooms_.statements.translator.in_place_of(report, message, verdict.failed_request);
        if (told) message = rooms_.delivery.keep(std::move(*told));
    }
}

void ServerReplies::take_own_error(const ErrorReport& report, Bytes message) {
    if (report.severity != "ERROR" && rooms_.has_client()) {
        take_last_words(report, message);
    } else if (rooms_.set_up.is_being_judged()) {
        RequestWriter requests = rooms_.own_writer();
        std::string told = rooms_.set_up.refused(report, requests);
        if (!told.empty()) rooms_.delivery.add_own(std::move(told));
    } else if (rooms_.questions.oldest() == Question::cleaning) {
        rooms_.fail(SessionFault::Kind::dirty, "cleaning failed: " + report.message);
    } else {
        rooms_.questions.failed(report);
    }
}

// The connection ends while pgweir asks something of its own: the client hears why, in the server's
// words.
void ServerReplies::take_last_words(const ErrorReport& report, Bytes message) {
    if (rooms_.client().greeting == nullptr) {
        rooms_.stir().login_ended = report;  // before its own greeting
        return;
    }
    said_fatal_ = true;
    rooms_.delivery.add(message);
}

void ServerReplies::take_parameter_status(Bytes body, const Verdict& verdict, Bytes& message) {
    const std::size_t name_end = body.find('\0');
    if (name_end == Bytes::npos || body.back() != '\0') return;
    const std::string name(body.substr(0, name_end));
    const std::string value(body.substr(name_end + 1, body.size() - name_end - 2));
    rooms_.reports.reported(name, value);
    if (!rooms_.has_client()) {
        if (host_.is_idle()) host_.default_changed();
        return;
    }
    if (verdict.origin == Origin::pool) {
        // What a set-up brings is known.
        const bool restores = rooms_.questions.any() && !rooms_.set_up.is_under_way();
        if (restores && rooms_.reports.takes_back(name)) rooms_.delivery.add(message);
        return;
    }
    if (rooms_.set_up.reports_are_due()) {
        message = {};
        return;
    }
    if (auto other = rooms_.reports.in_place_of(name, value))
        message = other->empty() ? Bytes() : rooms_.delivery.keep(std::move(*other));
}

// As long as all notifications come from here they stay in their place among the replies.
void ServerReplies::take_notification(Bytes body, Bytes& message) {
    const auto notification = parse_notification(body);
    if (!rooms_.has_client() || !notification) return;
    const TenantSession& client = rooms_.client();
    Listening* const listening = rooms_.listening();
    const bool own = sender_of(message) == rooms_.server_pid;
    if (notification->channel == rooms_.channels.marker_channel()) {
        if (listening != nullptr) host_.marker_heard(notification->payload);
        message = {};
    } else if (listening == nullptr || !listening->was_switched) {
        rooms_.counters.notifications.add();
        const bool differs = own && client.pid != 0 && client.pid != rooms_.server_pid;
        if (differs) message = rooms_.delivery.keep(with_sender(message, client.pid));
    } else {
        if (own) listening->own.heard(message);
        host_.notification_heard(message);
        message = {};
    }
}

}  // namespace pgweir::pool
