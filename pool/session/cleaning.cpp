#include "pool/session/cleaning.hpp"

namespace pgweir::pool {

CleaningStep next_cleaning_step(const CleaningFacts& facts,
                                const protocol::RequestTracker& tracker) {
    // While the last tenant is written to, nobody else may come in.
    if (facts.is_being_cancelled || facts.is_delivering) return CleaningStep::wait;
    if (facts.may_be_cancelled || tracker.uncertain()) return CleaningStep::close_unknown;
    if (tracker.copying_in()) return CleaningStep::end_exchange;
    if (tracker.wants_sync()) {
        // Elsewhere than after an error a Sync would commit what its client never did.
        return tracker.discarding() ? CleaningStep::end_exchange : CleaningStep::close_unsynced;
    }
    if (tracker.owed() > 0) return CleaningStep::wait;
    if (tracker.wants_probe()) return CleaningStep::settle_doubt;
    if (tracker.transaction_status() != protocol::TransactionStatus::idle)
        return facts.has_rolled_back ? CleaningStep::close_stuck : CleaningStep::roll_back;
    if (facts.needs_reset && !facts.has_reset) return CleaningStep::reset;
    return CleaningStep::done;
}

std::string_view reason_to_close(CleaningStep step) {
    switch (step) {
        case CleaningStep::close_unknown:
            return "its state cannot be known";
        case CleaningStep::close_unsynced:
            return "an extended query was not ended by Sync";
        case CleaningStep::close_stuck:
            return "ROLLBACK did not end the transaction";
        default:
            return {};
    }
}

}  // namespace pgweir::pool
