#include "pool/session/channel_handover.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

#include "pool/session/channel_sql.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Effects;
using enum NotificationSource;

namespace {

// The names of the hub's channels are told in the server's encoding.
std::vector<std::string> listen_statements(const std::vector<std::string>& channels) {
    std::vector<std::string> statements;
    statements.reserve(channels.size() + 3);  // and a marker
    for (const std::string& channel : channels) {
        statements.push_back(listen_in_server_encoding_sql(channel));
    }
    return statements;
}

}  // namespace

bool hub_can_serve(std::string_view client_encoding, std::string_view server_encoding) {
    constexpr std::string_view none = "SQL_ASCII";
    return client_encoding == server_encoding || client_encoding == none || server_encoding == none;
}

// --- to the server -------------------------------------------------------------------------------

ChannelHandover::Statements ChannelHandover::before_request(Effects effects, bool in_failed,
                                                            Listening* listening) {
    assert(state_ != State::handing_over);
    if (in_failed) return {};
    const bool changes = effects.contains(Effect::listens) && effects.contains(Effect::state);
    // An UNLISTEN * of the client's in this transaction may have taken the marker's channel away.
    if (is_undecided() && state_ == State::own &&
        (changes || effects.contains(Effect::ends_transaction)))
        return {listen_sql(marker_channel_)};
    if (!effects.contains(Effect::listens)) return {};
    if (listening == nullptr || state_ == State::own) return {};
    assert(hub_counts(*listening) || is_undecided());
    if (changes) return bring(*listening);
    if (state_ == State::copied) return {};
    state_ = State::copied;
    return listen_statements(listening->channels);
}

// From the commit on the server counts. The marker is heard by the hub and by this server, at the
// same place among all notifications.
ChannelHandover::Statements ChannelHandover::bring(Listening& listening) {
    state_ = State::own;
    // After a ROLLBACK that may have undone it, the same switch is tried again.
    if (!is_undecided()) undecided_switch_ = listening.switch_to(server);
    Statements statements = listen_statements(listening.channels);
    std::ranges::move(marker_sql(marker_channel_, undecided_switch_),
                      std::back_inserter(statements));
    statements.emplace_back(channels_brought_sql);
    return statements;
}

std::string ChannelHandover::unlisten_marker() const {
    return unlisten_sql(marker_channel_);
}

// What the switch has brought may be gone, or not: the same tag may be of a ROLLBACK TO SAVEPOINT.
void ChannelHandover::rolled_back() {
    if (is_undecided()) state_ = State::copied;
}

// --- to the hub ----------------------------------------------------------------------------------

ChannelHandover::Told ChannelHandover::told(Channels channels, bool brought, Listening* listening,
                                            bool hub_serves) {
    assert(state_ != State::handing_over);
    assert(!is_undecided() || listening != nullptr);
    const bool was_discarded = std::exchange(was_discarded_, false);
    std::string token = std::exchange(undecided_switch_, {});
    const bool was_undecided = !token.empty();
    const bool marked = std::erase(channels, marker_channel_) > 0;
    std::ranges::sort(channels);
    state_ = marked || brought || !channels.empty() ? State::copied : State::nothing;
    const bool switched = was_undecided && (brought || listening->merge.has_passed_all(server));
    const bool is_of_hub = listening != nullptr && (was_undecided || hub_counts(*listening));
    if (is_of_hub && !switched && !was_discarded) {
        if (was_undecided) listening->merge.cancel_switch();
        return stays_with_hub(channels, *listening);
    }
    const bool misled = listening != nullptr && hub_counts(*listening);
    const bool ends = listening != nullptr && (channels.empty() || misled);
    if (channels.empty()) return {.ends = ends};
    state_ = State::own;
    const bool has_listener = listening != nullptr && !ends;
    Told told{.ends = ends, .pins = true};
    if (was_undecided && has_listener && !listening->merge.has_passed_all(server))
        told.missed_marker = std::move(token);
    if (has_listener || hub_serves) told.wanted = std::move(channels);
    return told;
}

// Nothing was switched, or the switch was rolled back. Channels that the server nevertheless
// listens to are added to the hub's.
ChannelHandover::Told ChannelHandover::stays_with_hub(const Channels& found,
                                                      const Listening& listening) {
    Channels all;
    std::ranges::set_union(listening.channels, found, std::back_inserter(all));
    if (all == listening.channels) return {};
    return {.wanted = std::move(all)};
}

std::optional<ChannelHandover::Step> ChannelHandover::at_rest(Listening* listening,
                                                              bool hub_serves) {
    if (has_stalled_) return std::nullopt;
    switch (state_) {
        case State::own:
            if (listening == nullptr || !listening->confirmed || !hub_serves) return std::nullopt;
            state_ = State::handing_over;
            return Step{.question = Question::hand_over_channels,
                        .sql = joined(marker_sql(marker_channel_, listening->switch_to(hub))),
                        .command_behind = unlisten_marker()};
        case State::copied:
            return Step{.question = Question::unlisten,
                        .sql = std::string(unlisten_all_sql),
                        .command_behind = {}};
        case State::nothing:
            if (listening == nullptr || hub_serves) return std::nullopt;
            assert(hub_counts(*listening) || is_undecided());
            return Step{.question = Question::command,
                        .sql = joined(bring(*listening)),
                        .command_behind = {}};
        case State::handing_over:
            break;
    }
    assert(false);  // there is a question to answer first
    return std::nullopt;
}

// The server hears its own marker before the answer.
void ChannelHandover::handed_over(bool failed, Listening& listening) {
    assert(state_ == State::handing_over);
    if (!failed && listening.merge.has_passed_all(server)) {
        state_ = State::copied;
        return;
    }
    listening.merge.cancel_switch();
    state_ = State::own;
    has_stalled_ = true;
}

bool ChannelHandover::unlistened(bool failed) {
    assert(state_ == State::copied);
    if (failed) {
        has_stalled_ = true;
        return false;
    }
    state_ = State::nothing;
    return true;
}

// --- the end of the lease ------------------------------------------------------------------------

// What was brought behind a refused set-up was refused as well.
bool ChannelHandover::lease_ends(Listening* listening) {
    assert(state_ != State::handing_over);
    assert(!is_undecided() || listening != nullptr);
    if (is_undecided()) listening->merge.cancel_switch();
    const bool listened = listens();
    forget();
    return listened;
}

}  // namespace pgweir::pool
