// Channels that a client listens to: obeys pool/session/channel_handover, which says how they pass
// from the server to the pool's hub and back.
#include "pool/lending/pool.hpp"
#include "pool/lending/pool_part.hpp"
#include "pool/server/server.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Effects;
using protocol::Origin;

bool Server::hub_serves() const {
    const std::string* const encoding = find_parameter(connection_.reported, "client_encoding");
    return hub_can_serve(encoding != nullptr ? std::string_view(*encoding) : std::string_view(),
                         connection_.at_login("server_encoding"));
}

void Server::bring_channels(Effects effects, Origin origin, Outgoing& out) {
    const bool in_failed = tracker_.transaction_status() == protocol::TransactionStatus::failed;
    const auto statements = channels_.before_request(effects, in_failed, listening());
    if (statements.empty()) return;
    suspicion_.add(effects.only(Effect::state));
    if (origin != Origin::pool) {
        for (const std::string& statement : statements) inject_statement(statement, out);
        return;
    }
    // Inside of the client's transaction the marker would no more be heard.
    const bool forgets_marker = stands_between_transactions();
    order_statements(statements, out);
    if (forgets_marker) order_statement(channels_.unlisten_marker(), out);
}

// The server has told what it listens to, after a transaction that may have changed it.
void Server::take_channels(SessionState& state, Pins& pins) {
    TenantSession& session = client();
    ChannelHandover::Told told = channels_.told(std::move(state.channels), state.channels_brought,
                                                listening(), hub_serves());
    if (told.pins) pins.add(PinReason::listen);
    if (told.ends) {
        part_.listeners().end(*session.listening);
        session.listening.reset();
    }
    if (!told.missed_marker.empty())
        part_.listeners().server_marked({tenant_, listening()}, told.missed_marker);
    if (!told.wanted) return;
    if (!session.listening) {
        session.listening = std::make_unique<Listening>(part_.context().index, session.id);
    }
    part_.listeners().want({tenant_, listening()}, std::move(*told.wanted));
}

// The next step on the way of the channels, if there is one to take now.
bool Server::ask_about_channels() {
    const auto step = channels_.at_rest(listening(), listening() != nullptr && hub_serves());
    if (!step) return false;
    if (step->question == Question::command) suspicion_.add(Effect::state);
    ask(step->question, step->sql);
    if (!step->command_behind.empty()) ask(Question::command, step->command_behind);
    return true;
}

void Server::unlistened(bool failed) {
    if (!channels_.unlistened(failed)) return;
    Pins pins = client().pins;
    pins.remove(PinReason::listen);
    set_pins(pins);
}

// As long as all notifications come from here they stay in their place among the replies.
void Server::take_notification(Bytes body, Bytes& message) {
    const auto notification = parse_notification(body);
    if (tenant_ == nullptr || !notification) return;
    const TenantSession& session = client();
    Listening* const listening = this->listening();
    const bool own = sender_of(message) == connection_.cancel_key.pid;
    if (notification->channel == part_.pool().marker_channel()) {
        if (listening != nullptr)
            part_.listeners().server_marked({tenant_, listening}, notification->payload);
        message = {};
    } else if (listening == nullptr || !listening->was_switched) {
        part_.statistics().notifications.add();
        const bool differs = own && session.pid != 0 && session.pid != connection_.cancel_key.pid;
        if (differs) message = told_.emplace_back(with_sender(message, session.pid));
    } else {
        if (own) listening->own.heard(message);
        part_.listeners().server_heard({tenant_, listening}, message);
        message = {};
    }
}

}  // namespace pgweir::pool
