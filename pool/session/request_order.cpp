#include "pool/session/request_order.hpp"

#include <utility>

#include "protocol/wire/extended_query.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Effects;
using protocol::TransactionStatus;

namespace {

// DISCARD ALL drops statements, too.
bool may_drop_statements(Effects effects) {
    return effects.contains(Effect::names_statement) ||
           (effects.contains(Effect::reset) && effects.contains(Effect::listens));
}

}  // namespace

void RequestOrder::runs(Frontend type, Effects effects, bool has_startup) {
    const bool resets = effects.contains(Effect::reset) && has_startup;
    if (!resets && !may_drop_statements(effects)) return;
    resets_ = resets || (resets_ && is_unsettled());
    settles_ = tracker_.sent_in_all();
    has_more_ = type == Frontend::bind;
}

void RequestOrder::passes(Frontend type) {
    if (type == Frontend::execute && has_more_) settles_ = tracker_.sent_in_all();
    if (type == Frontend::sync) has_more_ = false;
}

void RequestOrder::ready() {
    const bool is_over = tracker_.transaction_status() == TransactionStatus::idle;
    if (alters_reading_ && *alters_reading_ < tracker_.answered() && is_over)
        alters_reading_.reset();
}

bool RequestOrder::waits_for_sql(const protocol::Step& step) const {
    if (!is_unsettled()) return false;
    switch (static_cast<Frontend>(step.type)) {
        case Frontend::query:
        case Frontend::parse:
            return true;
        case Frontend::function_call:
            return resets_;
        case Frontend::bind: {
            const auto bind = protocol::parse_bind_head(step.body);
            // That of the statement itself that settles.
            return !(bind && bind->statement.empty() && has_more_);
        }
        case Frontend::describe:
        case Frontend::close: {
            const auto target = protocol::parse_target(step.body);
            return target && target->kind == 'S' && !target->name.empty();
        }
        default:
            return false;
    }
}

bool RequestOrder::must_flush() {
    if (!tracker_.wants_sync() || tracker_.discarding()) return false;
    return !std::exchange(flushed_, true);
}

void RequestOrder::forget() {
    alters_reading_.reset();
    settles_.reset();
    has_more_ = false;
}

}  // namespace pgweir::pool
