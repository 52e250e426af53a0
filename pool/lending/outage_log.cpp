#include "pool/lending/outage_log.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "pool/lending/outage.hpp"
#include "pool/lending/pool_sizing.hpp"

namespace pgweir::pool {

std::optional<Outage> OutageLog::current() const {
    if (!is_down()) return std::nullopt;
    const std::lock_guard lock(mutex_);
    return outage_;
}

Outage OutageLog::note_failure(std::optional<protocol::ErrorReport> from_server,
                               std::string explanation, milliseconds server_login_retry,
                               Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    assert(outage_.has_value() == down_);
    if (!outage_) outage_ = Outage{.since = now};
    ++outage_->failures;
    // What a broken server leaves out must not reach clients, which rely on it.
    if (from_server && !from_server->is_complete()) from_server.reset();
    outage_->from_server = std::move(from_server);
    outage_->explanation = std::move(explanation);
    // What the server refuses for good it need not be asked at once again: each attempt is a line
    // in its log, and counts where attempts are counted.
    constexpr milliseconds for_refusals{1000};
    const milliseconds delay = retry_delay(outage_->failures, server_login_retry);
    outage_->next_try =
        now + (is_lasting(*outage_) ? std::max(delay, std::min(for_refusals, server_login_retry))
                                    : delay);
    down_ = true;
    return *outage_;
}

bool OutageLog::note_success() {
    if (!is_down()) return false;
    forget();
    return true;
}

void OutageLog::forget() {
    const std::lock_guard lock(mutex_);
    end();
}

void OutageLog::forget_refusal() {
    const std::lock_guard lock(mutex_);
    if (outage_ && outage_->from_server) end();
}

void OutageLog::forget_refused_password() {
    const std::lock_guard lock(mutex_);
    if (!outage_) return;
    // Where the server has said nothing it may be libpq that wants a password.
    const auto& said = outage_->from_server;
    if (!said || said->code == protocol::sqlstate::invalid_password) end();
}

void OutageLog::end() {
    assert(outage_.has_value() == down_);
    outage_.reset();
    down_ = false;
}

}  // namespace pgweir::pool
