// What a session gets from sequences is told by the server where it got it, and by no other.
#include "pool/pool.hpp"
#include "pool/pool_part.hpp"
#include "pool/server.hpp"
#include "protocol/statement_shape.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Effects;
using protocol::TransactionStatus;

// Call before a statement that may read currval() or lastval(), or that gets a value which may be
// read so. If this server holds another session's values they must be discarded first, so that
// PostgreSQL reports "not yet defined" instead of a stranger's value. Returns true if DISCARD
// SEQUENCES has to go ahead.
//
// Leaves `reads_sequence` in the effects of a request that reads what an earlier transaction got: a
// client that does that keeps the server. Of a text that is not `whole` it is not known that it
// does.
bool Server::forgets_sequences(Effects& effects, Bytes text, bool whole) {
    const bool reads = effects.contains(Effect::reads_sequence);
    const bool advances = effects.contains(Effect::advances_sequence);
    if (!reads && !advances) return false;
    SequenceReaders& readers = part_.pool().sequence_readers();
    const bool reads_earlier = reads && whole && !advances && !advances_sequence_;
    // Code that is not in sight may read as well.
    const bool may_read = reads || effects.contains(Effect::state);
    if (reads_earlier) {
        readers.has_read(program());
    } else if (may_read) {
        readers.may_read(program());
    }
    if (!reads_earlier) effects = effects.without(Effect::reads_sequence);
    std::uint64_t& owner = connection_.sequences_of;
    if (owner == 0 || owner == tenant_->session().id) return false;
    if (!may_read && !may_read_values()) return false;
    effects = effects.without(Effect::reads_sequence);
    if (tracker_.transaction_status() == TransactionStatus::failed || protocol::runs_alone(text))
        return false;
    owner = 0;
    return true;
}

bool Server::may_forget_sequences(Effects effects) const {
    const std::uint64_t owner = connection_.sequences_of;
    return owner != 0 && owner != tenant_->session().id &&
           effects.contains(Effect::advances_sequence);
}

// Whether it matters to the tenant what its server knows of sequences.
bool Server::may_read_values() const {
    return tenant_->session().pins.any() || part_.pool().sequence_readers().expects(program());
}

void Server::note_sequences(Effects effects) {
    if (!effects.contains(Effect::advances_sequence)) return;
    advances_sequence_ = true;
    tenant_->session().has_sequence_values = true;
    const std::uint64_t id = tenant_->session().id;
    std::uint64_t& owner = connection_.sequences_of;
    owner = owner == 0 || owner == id ? id : several_sessions;
}

std::string_view Server::program() const {
    const std::string* const name = tenant_->session().settings->find("application_name");
    return name != nullptr ? std::string_view(*name) : std::string_view();
}

// The transaction is over. Who may read what he got keeps the server: not for ever, and not where
// others have waited for long.
void Server::judge_sequences(Pins& pins, Effects effects) {
    const TenantSession& session = tenant_->session();
    const bool discarded = std::exchange(sequences_discarded_, false);
    bool keeps = session.pins.contains(PinReason::sequence) && !discarded;
    SequenceReaders& readers = part_.pool().sequence_readers();
    const auto now = part_.context().now();
    if (may_read_sequence(effects)) {
        keeps = true;
        sequence_used_at_ = now;
        part_.context().deadlines.set(keep_deadline_, readers.stay(program()).at_most, now);
    }
    pins.remove(PinReason::sequence);
    if (!keeps) return;
    const SequenceReaders::Stay stay = readers.stay(program());
    const bool kept_anyway = pins.any();
    if (kept_anyway && stay == SequenceReaders::stay_of_unknown) return;
    const auto waiting = part_.pool().board().oldest_waiting();
    const bool others_waited = waiting && now - *waiting >= SequenceReaders::patience;
    if (now < sequence_used_at_ + stay.at_most && !others_waited) pins.add(PinReason::sequence);
}

bool Server::may_read_sequence(Effects effects) {
    if (effects.contains(Effect::reads_sequence)) return true;
    return effects.contains(Effect::advances_sequence) &&
           tenant_->session().tracking != conf::SessionState::strict &&
           part_.pool().sequence_readers().got_value(program());
}

}  // namespace pgweir::pool
