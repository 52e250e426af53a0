#include "pool/session/command_tags.hpp"

#include <string_view>

#include "protocol/sql/setting_fate.hpp"
#include "protocol/sql/statement_shape.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Effects;
using protocol::TransactionStatus;

namespace {

constexpr std::string_view any_custom_setting = "pgweir.any";

Bytes without_terminator(Bytes tag) {
    if (!tag.empty() && tag.back() == '\0') tag.remove_suffix(1);
    return tag;
}

}  // namespace

void CommandTags::note(Bytes tag) {
    tag = without_terminator(tag);
    // ROLLBACK TO SAVEPOINT has the same tag.
    if (tag == "ROLLBACK") note_rollback();
    const TenantSession& client = rooms_.client();
    // Closing cursors is seldom the end of a holdable one; but who has one wants to be rid of it.
    if (client.pins.contains(PinReason::cursor_with_hold) && tag.starts_with("CLOSE"))
        rooms_.suspicion.add(Effect::state);
    const Effects effects = protocol::effects_of_tag(tag);
    if (!effects.any()) return;
    note_discarding(tag);
    logins_.note_tag(tag);
    if (effects.contains(Effect::changes_catalogue)) note_definition();
    if (!client.follows) {
        rooms_.suspicion.add(effects.only(Effect::reset));
    } else if (!rooms_.context.tracks()) {
        // What a RESET takes away has to be set anew; what else changed is told by ParameterStatus.
        if (effects.contains(Effect::reset))
            rooms_.server.settings = rooms_.context.settings.none();
    } else if (tag != "SET") {
        // The text has told what a SET is: most are SET LOCAL or SET TRANSACTION.
        rooms_.suspicion.add(effects.without(Effect::changes_catalogue));
        notes_.note_sequences(effects);
    }
    if (tag == "SET" && rooms_.suspicion.contains(Effect::reset)) rooms_.startup.answered();
}

// The text has told better what changes the catalogue: CREATE TEMP does not. Where texts are not
// looked at, for others' sake.
void CommandTags::note_definition() {
    if (rooms_.context.looks_at_texts()) return;
    const std::string& text = rooms_.latest.text();
    host_.definition_sent(text);
    const Effects told = protocol::look_at(text, nullptr);
    if (told.contains(Effect::changes_catalogue) || !protocol::names_temporary(text))
        rooms_.suspicion.add(Effect::changes_catalogue);
}

void CommandTags::note_rollback() {
    rooms_.channels.rolled_back();
    // Nothing is left of what was RESET in the transaction that is over, and the next one has not
    // begun for SET TRANSACTION to come too late.
    if (rooms_.suspicion.contains(Effect::reset) && protocol::chains(text_of_command())) {
        rooms_.suspicion.remove(Effect::reset);
        rooms_.startup.forget_resets();
    }
}

const std::string& CommandTags::text_of_command() const {
    return rooms_.context.looks_at_texts() ? rooms_.suspicion.text_of(rooms_.tracker.answering())
                                           : rooms_.latest.text();
}

// DISCARD, DEALLOCATE and RESET.
void CommandTags::note_discarding(Bytes tag) {
    const bool all = tag == "DISCARD ALL";
    if (all || tag == "DEALLOCATE ALL") {
        rooms_.statements.ledger.all_dropped();
    } else if (tag == "DEALLOCATE") {
        rooms_.statements.ledger.shown().one_dropped(rooms_.client().statements);
    }
    if (all || tag == "DISCARD SEQUENCES") {
        rooms_.server.sequences.discarded_by_client();
        rooms_.client().note_sequences_discarded();
    }
    if (all) {
        rooms_.channels.discarded();
        rooms_.startup.note_all_reset();
    }
    if (all || tag == "RESET") rooms_.startup.answered();
    if (all || (tag == "RESET" && has_reset_for_good())) rooms_.mentioned.note_discarded();
}

// A RESET ALL by itself: what stands in a transaction may be rolled back.
bool CommandTags::has_reset_for_good() const {
    const std::string& text = rooms_.latest.text();
    return rooms_.latest.is_alone() && rooms_.latest.is_known() &&
           rooms_.tracker.transaction_status() == TransactionStatus::idle &&
           protocol::scope_of_setting(text) == protocol::SettingScope::session &&
           protocol::fate_of_setting(text, any_custom_setting) == protocol::SettingFate::reset;
}

void CommandTags::note_own(Bytes tag) {
    tag = without_terminator(tag);
    if (tag == "COMMIT") rooms_.set_up.committed();
    if (tag == discard_sequences) rooms_.server.sequences.confirm_discard();
    if (tag == "DISCARD ALL" || tag == "DEALLOCATE ALL") rooms_.server.statements.clear();
    if (tag == "DISCARD ALL") {
        rooms_.server.sequences.discarded();
        rooms_.server.plans.discarded();
    }
}

}  // namespace pgweir::pool
