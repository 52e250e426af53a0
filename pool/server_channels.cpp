// Channels that a client listens to: how they pass from its server, on which it ran LISTEN, to the
// pool's hub, and back for statements that have to find them.
//
// After LISTEN the client stays on its server until the hub listens to the same channels. Then a
// marker goes through PostgreSQL's queue, behind which the hub's notifications count and no longer
// the server's (NotificationMerge), and the server is anybody's. Before a statement that may change
// or read the channels they are listened to on its server again, in the same way the other round.
#include <algorithm>
#include <boost/algorithm/hex.hpp>
#include <iterator>

#include "pool/pool.hpp"
#include "pool/pool_part.hpp"
#include "pool/server.hpp"
#include "protocol/serialize.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Effects;
using protocol::Origin;
using enum NotificationSource;

namespace {

std::string statement_on(std::string_view command, std::string_view channel) {
    std::string sql(command);
    sql += ' ';
    append_identifier(sql, channel);
    return sql;
}

// The name of a channel is told in the server's encoding; the session may have another by now.
std::string listen_to(std::string_view channel) {
    const auto is_ascii = [](char c) { return (static_cast<unsigned char>(c) & 0x80U) == 0; };
    if (std::ranges::all_of(channel, is_ascii)) return statement_on("LISTEN", channel);
    std::string digits;
    boost::algorithm::hex_lower(channel, std::back_inserter(digits));
    return "DO $pgweir$BEGIN EXECUTE pg_catalog.format('LISTEN %I',pg_catalog.convert_from("
           "pg_catalog.decode('" +
           digits + "','hex'),pg_catalog.getdatabaseencoding()));END$pgweir$";
}

std::string join(const std::vector<std::string>& statements) {
    std::string sql;
    for (const std::string& statement : statements) sql += statement + ';';
    return sql;
}

}  // namespace

// The marker is heard by the hub and by this server, at the same place among all notifications.
std::vector<std::string> Server::marker_statements(const std::string& token) const {
    const std::string& channel = part_.pool().marker_channel();
    return {statement_on("LISTEN", channel), statement_on("NOTIFY", channel) + ",'" + token + '\''};
}

// So that the client does not find the marker's channel among its own. A session hears what it
// notifies itself of before the transaction's ReadyForQuery.
std::string Server::unlisten_marker() const {
    return statement_on("UNLISTEN", part_.pool().marker_channel());
}

// The hub takes its notifications in the server's encoding, and nobody converts them for a client
// that wants another: such a client keeps its server.
bool Server::hub_can_serve() const {
    std::string_view client;
    for (const auto& [name, value] : connection_.reported) {
        if (name == "client_encoding") client = value;
    }
    const std::string_view server = connection_.at_login("server_encoding");
    constexpr std::string_view none = "SQL_ASCII";
    return client == server || client == none || server == none;
}

// --- to the server -------------------------------------------------------------------------------

// What makes the server listen as the hub does for its tenant; empty where it does already.
// `to_change`: what is listened to may change, so that from the commit on the server counts.
std::vector<std::string> Server::statements_to_bring(bool to_change) {
    Listener* const listener = tenant_->session().listener.get();
    const bool of_hub =
        listener != nullptr && (listener->merge.target() == hub || !undecided_switch_.empty());
    if (!of_hub || channels_here_ == ChannelsHere::own) return {};
    if (!to_change && channels_here_ == ChannelsHere::copied) return {};
    std::vector<std::string> statements;
    for (const std::string& channel : listener->channels) {
        statements.push_back(listen_to(channel));
    }
    channels_here_ = ChannelsHere::copied;
    if (!to_change) return statements;
    channels_here_ = ChannelsHere::own;
    effects_ |= Effect::state;
    // After a ROLLBACK that may have undone it, the same switch is tried again.
    if (undecided_switch_.empty()) {
        undecided_switch_ = part_.listeners().switch_to(*listener, server);
    }
    for (std::string& statement : marker_statements(undecided_switch_)) {
        statements.push_back(std::move(statement));
    }
    statements.emplace_back(channels_brought_sql);
    return statements;
}

void Server::bring_channels(Effects effects, Origin origin, Outgoing& out) {
    if (!effects.contains(Effect::listens)) return;
    const std::vector<std::string> statements =
        statements_to_bring(effects.contains(Effect::state));
    if (statements.empty()) return;
    if (origin != Origin::pool) {
        for (const std::string& statement : statements) inject_statement(statement, out);
        return;
    }
    // Inside of the client's transaction the marker would no more be heard.
    const bool forgets_marker = stands_between_transactions();
    order_statements(statements, out);
    if (forgets_marker) order_statement(unlisten_marker(), out);
}

// --- to the hub ----------------------------------------------------------------------------------

// The server has told what it listens to, after a transaction that may have changed it.
void Server::take_channels(SessionState& state, Pins& pins) {
    TenantSession& session = tenant_->session();
    Listener* const listener = session.listener.get();
    const bool marked = std::erase(state.channels, part_.pool().marker_channel()) > 0;
    std::ranges::sort(state.channels);
    const bool listens = marked || state.channels_brought || !state.channels.empty();
    const bool discarded = std::exchange(channels_discarded_, false);
    const bool undecided = !std::exchange(undecided_switch_, {}).empty();
    const bool brought = undecided && (state.channels_brought || listener == nullptr ||
                                       listener->merge.has_passed_all(server));
    const bool of_hub = listener != nullptr && (undecided || listener->merge.target() == hub);
    if (of_hub && !brought && !discarded) {
        // Nothing was switched, or the switch was rolled back: the hub stays the source. Channels
        // that the server nevertheless listens to are added to the hub's.
        if (undecided) listener->merge.cancel_switch();
        channels_here_ = listens ? ChannelsHere::copied : ChannelsHere::none;
        std::vector<std::string> all;
        std::ranges::set_union(listener->channels, state.channels, std::back_inserter(all));
        if (all != listener->channels) part_.listeners().want(*listener, std::move(all));
        return;
    }
    const bool misled = listener != nullptr && listener->merge.target() == hub;
    if (listener != nullptr && (state.channels.empty() || misled)) {
        part_.listeners().end(*listener);
        session.listener.reset();
    }
    channels_here_ = listens ? ChannelsHere::copied : ChannelsHere::none;
    if (state.channels.empty()) return;
    channels_here_ = ChannelsHere::own;
    pins.add(PinReason::listen);
    if (!session.listener) {
        if (!hub_can_serve()) return;
        session.listener = std::make_unique<Listener>(*tenant_, session.id);
    }
    part_.listeners().want(*session.listener, std::move(state.channels));
}

// The next step on the way of the channels, if there is one to take now.
bool Server::ask_about_channels() {
    if (channels_refused_) return false;
    Listener* const listener = tenant_->session().listener.get();
    if (channels_here_ == ChannelsHere::own && listener != nullptr && listener->confirmed &&
        hub_can_serve()) {
        channels_here_ = ChannelsHere::copied;
        ask(Question::hand_over_channels,
            join(marker_statements(part_.listeners().switch_to(*listener, hub))));
        ask(Question::command, unlisten_marker());
        return true;
    }
    if (channels_here_ == ChannelsHere::copied) {
        ask(Question::unlisten, "UNLISTEN *;SET pgweir.channels_brought=''");
        return true;
    }
    if (channels_here_ == ChannelsHere::none && listener != nullptr && !hub_can_serve()) {
        ask(Question::command, join(statements_to_bring(true)));
        return true;
    }
    return false;
}

void Server::channels_handed_over(bool failed) {
    if (tenant_ == nullptr) return;
    Listener* const listener = tenant_->session().listener.get();
    if (!failed && listener != nullptr && listener->merge.has_passed_all(server)) return;
    if (listener == nullptr) {
        close(ServerClose::dirty, "what its client listens to cannot be known");
        return;
    }
    listener->merge.cancel_switch();
    channels_here_ = ChannelsHere::own;
    channels_refused_ = true;
}

void Server::unlistened(bool failed) {
    if (tenant_ == nullptr || channels_here_ != ChannelsHere::copied) return;
    if (failed) {
        channels_refused_ = true;
        return;
    }
    channels_here_ = ChannelsHere::none;
    Pins pins = tenant_->session().pins;
    pins.remove(PinReason::listen);
    set_pins(pins);
}

// What was brought behind a refused set-up was refused as well.
void Server::leave_channels() {
    if (!undecided_switch_.empty()) tenant_->session().listener->merge.cancel_switch();
    if (channels_here_ == ChannelsHere::none) return;
    needs_reset_ = true;
    reset_query_ = "DISCARD ALL";
}

void Server::forget_channels() {
    channels_here_ = ChannelsHere::none;
    undecided_switch_.clear();
    channels_discarded_ = false;
    channels_refused_ = false;
}

// --- notifications -------------------------------------------------------------------------------

// As long as all notifications come from here they stay in their place among the replies.
void Server::take_notification(Bytes body, Bytes& message) {
    const auto notification = parse_notification(body);
    if (tenant_ == nullptr || !notification) return;
    const TenantSession& session = tenant_->session();
    Listener* const listener = session.listener.get();
    const bool own = sender_of(message) == connection_.cancel_key.pid;
    if (notification->channel == part_.pool().marker_channel()) {
        if (listener != nullptr) part_.listeners().server_marked(*listener, notification->payload);
        message = {};
    } else if (listener == nullptr || !listener->was_switched) {
        part_.statistics().notifications.add();
        const bool differs = own && session.pid != 0 && session.pid != connection_.cancel_key.pid;
        if (differs) message = told_.emplace_back(with_sender(message, session.pid));
    } else {
        if (own) listener->own.heard(message);
        part_.listeners().server_heard(*listener, message);
        message = {};
    }
}

}  // namespace pgweir::pool
