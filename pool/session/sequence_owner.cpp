#include "pool/session/sequence_owner.hpp"

#include <cassert>
#include <cstdint>
#include <utility>

#include "protocol/sql/statement_shape.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Effects;

SequenceOwner::Decision SequenceOwner::before_request(std::uint64_t session, const Request& request,
                                                      SequenceReader& program) {
    assert(session != nobody && session != several);
    assert(concerns(request.effects));
    const bool reads = request.effects.contains(Effect::reads_sequence);
    const bool advances = request.effects.contains(Effect::advances_sequence);
    // Of a text that is not whole it is not known that it does.
    const bool reads_earlier = reads && request.is_whole && !advances && !advances_;
    // Code that is not in sight may read as well.
    const bool may_read = reads || request.effects.contains(Effect::state);
    if (reads_earlier) {
        program.has_read();
    } else if (may_read) {
        program.may_read();
    }
    const Effects without_read = request.effects.without(Effect::reads_sequence);
    const Effects effects = reads_earlier ? request.effects : without_read;
    if (!has_values_of_others(session)) return {.effects = effects};
    // What the client gets may matter to it later, if it keeps the server or is one that reads.
    if (!may_read && !request.is_pinned && !program.expects()) return {.effects = effects};
    if (request.in_failed || protocol::runs_alone(request.text)) return {.effects = without_read};
    owner_ = nobody;
    discarding_for_ = request.number;
    return {.must_discard = true, .effects = without_read};
}

bool SequenceOwner::may_have_to_discard(std::uint64_t session, Effects effects) const {
    return has_values_of_others(session) && effects.contains(Effect::advances_sequence);
}

bool SequenceOwner::got_value(std::uint64_t session, Effects effects) {
    assert(session != nobody && session != several);
    if (!effects.contains(Effect::advances_sequence)) return false;
    advances_ = true;
    owner_ = has_values_of_others(session) ? several : session;
    return true;
}

void SequenceOwner::discarded_by_client() {
    was_discarded_ = true;
    discarded();
}

SequenceOwner::Wish SequenceOwner::at_rest(const Rest& rest, TimePoint now,
                                           SequenceReader& program) {
    const bool was_discarded = std::exchange(was_discarded_, false);
    const bool advances = rest.effects.contains(Effect::advances_sequence) && !rest.is_strict;
    const bool uses =
        rest.effects.contains(Effect::reads_sequence) || (advances && program.got_value());
    if (!uses) return {.stays = rest.is_kept && !was_discarded};
    used_at_ = now;
    return {.stays = true, .ends_in = stay_of(program).at_most};
}

bool SequenceOwner::may_stay(bool kept_anyway, TimePoint now,
                             std::optional<TimePoint> oldest_waiting,
                             SequenceReader& program) const {
    const bool is_reader = program.reads_later();
    if (kept_anyway && !is_reader) return false;
    const bool others_waited = oldest_waiting && now - *oldest_waiting >= patience;
    const Stay& stay = is_reader ? stay_of_reader : stay_of_unknown;
    return now < used_at_ + stay.at_most && !others_waited;
}

SequenceOwner::TimePoint SequenceOwner::kept_until(SequenceReader& program) const {
    return used_at_ + stay_of(program).while_others_wait;
}

void SequenceOwner::lease_ended() {
    advances_ = false;
    was_discarded_ = false;
    used_at_ = {};
}

SequenceOwner::Stay SequenceOwner::stay_of(SequenceReader& program) {
    return program.reads_later() ? stay_of_reader : stay_of_unknown;
}

}  // namespace pgweir::pool
