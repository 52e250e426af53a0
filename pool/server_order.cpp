// What a client sends without waiting for the answer to something that decides what it means: it is
// held back until that answer has come.
#include "pool/pool.hpp"
#include "pool/pool_part.hpp"
#include "pool/server.hpp"
#include "protocol/extended_query.hpp"
#include "protocol/messages.hpp"
#include "protocol/serialize.hpp"
#include "protocol/session_effects.hpp"

namespace pgweir::pool {

using protocol::Bytes;
using protocol::Effect;
using protocol::Effects;
using protocol::Frontend;
using protocol::Step;

namespace {

// So many requests that end in ReadyForQuery may stand in a pipeline while others wait.
constexpr unsigned turn = 64;
// So many messages that are answered may be on their way before the next of those transactions.
constexpr std::size_t most_on_their_way = 256;

// DISCARD ALL drops statements, too.
bool may_drop_statements(Effects effects) {
    return effects.contains(Effect::names_statement) ||
           (effects.contains(Effect::reset) && effects.contains(Effect::listens));
}

}  // namespace

// SQL that names statements settles which names are free, and a RESET is followed by what restores
// the client's start-up settings: what comes behind waits for that.
void Server::note_settling(Frontend type, Effects effects) {
    const TenantSession& session = tenant_->session();
    const bool resets = effects.contains(Effect::reset) && !session.startup->values().empty();
    switch (type) {
        case Frontend::query:
        case Frontend::bind:
            if (!resets && !may_drop_statements(effects)) return;
            settles_resets_ = resets || (settles_resets_ && is_unsettled());
            settles_ = tracker_.sent_in_all();
            settling_ = type == Frontend::bind;
            break;
        case Frontend::execute:
            if (settling_) settles_ = tracker_.sent_in_all();
            break;
        case Frontend::sync:
            settling_ = false;
            break;
        default:
            break;
    }
}

// In session pooling texts are not looked at, but for what a RESET there takes from the client.
void Server::note_reset_in_session(const Step& step) {
    if (tenant_->session().startup->values().empty()) return;
    const auto type = static_cast<Frontend>(step.type);
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
        note_settling(type, {});
    }
}

// `text`: none where it is not known.
void Server::run_in_session(Frontend type, std::optional<Bytes> text) {
    const Effects effects =
        text ? protocol::look_at(*text, nullptr).only(Effect::reset) : Effects(Effect::reset);
    if (text) {
        startup_.note(*text);
    } else {
        startup_.note_unknown();
    }
    if (!effects.any()) return;
    suspicion_.add(effects);
    note_settling(type, effects);
}

bool Server::is_unsettled() const {
    return settles_ && tracker_.sent_in_all() - tracker_.owed() <= *settles_;
}

bool Server::waits_for_sql(const Step& step) const {
    if (!settles_ || !is_unsettled()) return false;
    switch (static_cast<Frontend>(step.type)) {
        case Frontend::query:
        case Frontend::parse:
            return true;
        case Frontend::function_call:
            return settles_resets_;
        case Frontend::bind: {
            const auto bind = protocol::parse_bind_head(step.body);
            // That of the statement itself that settles.
            if (bind && bind->statement.empty() && settling_) return false;
            return true;
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
           (is_open && needs_something_in_front(text_of(step)));
}

// Behind a question about what the tenant has left nothing is sent: whoever went on and on while
// there is one would keep the server from those who wait for it. During COPY the server answers no
// Sync; and behind a COPY whose end may leave a doubt (RequestTracker::in_doubt) nothing can be
// sent that the doubt would be about.
bool Server::awaits_outcome(const Step& step) const {
    if (tracker_.must_wait(static_cast<Frontend>(step.type))) return true;
    if (takes_stock_ || set_up_ == SetUp::lifting || set_up_ == SetUp::closed ||
        set_up_ == SetUp::alone) {
        return true;
    }
    if (tracker_.discarding() || tracker_.uncertain()) return false;
    const auto type = static_cast<Frontend>(step.type);
    const bool is_simple = type == Frontend::query || type == Frontend::function_call;
    // Behind part of an extended query it may need something with a Sync of its own in front.
    if (set_up_ == SetUp::chained && is_simple) return true;
    if (!refusal_.empty() || statements_.is_verifying()) return true;
    if (tracker_.copying_in()) return false;
    // What is sent for a COPY is no transaction of its own.
    const bool begins = is_simple || type == Frontend::parse || type == Frontend::bind;
    if (begins && has_had_its_turn()) return true;
    if (waits_for_sql(step)) return true;
    if (!tenant_->session().follows) return false;
    return statements_.must_hold_back(step) || (tracks() && waits_behind_open_query(step));
}

// A pipeline of many transactions gives the server to others who wait, between two of them. What is
// on its way cannot be called back when somebody comes, so that it is never much.
bool Server::has_had_its_turn() const {
    if (tracker_.wants_sync() || !tenant_->may_release()) return false;
    if (tracker_.owed() >= most_on_their_way) return true;
    return requests_in_a_row_ >= turn && tracker_.owed() > 0 && part_.pool().board().has_waiting();
}

void Server::ask_for_answers(Outgoing& out) {
    if (!tracker_.wants_sync() || tracker_.discarding() || flushed_) return;
    flushed_ = true;
    writer(out).flush();
}

}  // namespace pgweir::pool
