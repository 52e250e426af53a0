// What a client sends without waiting for the answer to something that decides what it means: it is
// held back until that answer has come.
#include "pool/lending/pool.hpp"
#include "pool/lending/pool_part.hpp"
#include "pool/server/server.hpp"
#include "pool/session/plans.hpp"
#include "pool/session/request_text.hpp"
#include "protocol/sql/session_effects.hpp"
#include "protocol/wire/extended_query.hpp"
#include "protocol/wire/messages.hpp"
#include "protocol/wire/serialize.hpp"

namespace pgweir::pool {

using protocol::Bytes;
using protocol::Effect;
using protocol::Effects;
using protocol::Frontend;
using protocol::Step;

// In session pooling texts are not looked at, but for what a RESET there takes from the client.
void Server::note_reset_in_session(const Step& step) {
    if (!context_.has_startup_settings()) return;
    const auto type = static_cast<Frontend>(step.type);
    if (tracker_.discarding() && type != Frontend::sync) return;
    if (type == Frontend::query) {
        run_in_session(type, step.whole ? std::optional<Bytes>(text_of(step)) : std::nullopt);
    } else if (type == Frontend::parse) {
        const Bytes name = step.body.substr(0, step.body.find('\0'));
        startup_.note_prepared(std::string(name),
                               step.whole ? std::optional(text_of(step)) : std::nullopt);
    } else if (type == Frontend::bind) {
        const auto bind = protocol::parse_bind_head(step.body);
        const auto* const text = bind ? startup_.prepared(bind->statement) : nullptr;
        if (text != nullptr) run_in_session(type, *text);
    } else {
        order_.passes(type);
    }
}

// `text`: none where it is not known.
void Server::run_in_session(Frontend type, std::optional<Bytes> text) {
    const Effects effects =
        text ? protocol::look_at(*text, nullptr).only(Effect::reset) : Effects(Effect::reset);
    if (text) {
        const bool may_commit =
            protocol::look_at(*text, nullptr).contains(Effect::ends_transaction);
        startup_.note(*text, tracker_.sent_in_all(), may_commit);
    } else {
        startup_.note_unknown();
    }
    if (!effects.any()) return;
    suspicion_.add(effects);
    order_.runs(type, effects, true);
}

// A Query may need something in front of it, which goes into an extended query that has no Sync
// yet. If that fails, or the transaction has failed before, the server would discard the Query with
// it: all that stands before has to be answered.
bool Server::waits_behind_open_query(const Step& step) const {
    const auto type = static_cast<Frontend>(step.type);
    if (type != Frontend::query && type != Frontend::function_call) return false;
    const bool is_open = tracker_.owed() > 0 && origin_in_front() == protocol::Origin::injected;
    if (type == Frontend::function_call) return is_open;
    if (!is_open && !statements_.in_flight().has_doubtful()) return false;
    return !step.whole || statements_.names_doubtful(text_of(step)) ||
           (is_open && needs_something_in_front(context_, text_of(step)));
}

// What goes in front of a Bind stands in its extended query. Where the transaction has failed by
// then, it fails in the place of the Bind, which may be the transaction's end.
bool Server::waits_for_open_block(const Step& step) const {
    if (static_cast<Frontend>(step.type) != Frontend::bind || !tracker_.block_may_fail())
        return false;
    const auto bind = protocol::parse_bind_head(step.body);
    const ClientStatement* const own = bind ? statements_.own(bind->statement) : nullptr;
    if (own == nullptr || !own->statement) return false;
    const Effects effects = statements_.effects_of(*own->statement);
    return (listening() != nullptr && ChannelHandover::concerns(effects)) ||
           connection_.sequences.may_have_to_discard(client().id, effects) ||
           needs_new_plans(context_, effects, own->statement->query());
}

// Behind a question about what the tenant has left nothing is sent: whoever went on and on while
// there is one would keep the server from those who wait for it. During COPY the server answers no
// Sync; and behind a COPY whose end may leave a doubt (RequestTracker::in_doubt) nothing can be
// sent that the doubt would be about.
bool Server::awaits_outcome(const Step& step) const {
    if (tracker_.must_wait(static_cast<Frontend>(step.type))) return true;
    if (takes_stock_ || set_up_.blocks()) return true;
    if (tracker_.discarding() || tracker_.uncertain()) return false;
    const auto type = static_cast<Frontend>(step.type);
    const bool is_simple = type == Frontend::query || type == Frontend::function_call;
    // Behind part of an extended query it may need something with a Sync of its own in front.
    if (set_up_.is_open() && is_simple) return true;
    if (set_up_.is_refused() || statements_.is_verifying()) return true;
    if (tracker_.copying_in()) return false;
    // What is sent for a COPY is no transaction of its own.
    const bool begins = is_simple || type == Frontend::parse || type == Frontend::bind;
    if (begins && has_had_its_turn()) return true;
    if (order_.waits_for_sql(step)) return true;
    if (!client().follows) return false;
    return statements_.must_hold_back(step) ||
           (context_.tracks() && (waits_behind_open_query(step) || waits_for_open_block(step)));
}

bool Server::has_had_its_turn() const {
    return order_.has_had_its_turn([this] { return tenant_->may_release(); },
                                   [this] { return part_.pool().board().has_waiting(); });
}

void Server::ask_for_answers(Outgoing& out) {
    if (order_.must_flush()) writer(out).flush();
}

}  // namespace pgweir::pool
