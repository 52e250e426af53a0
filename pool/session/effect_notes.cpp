#include "pool/session/effect_notes.hpp"

#include "protocol/wire/extended_query.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Effects;

namespace {

constexpr Effects anything = protocol::suspect_effects | Effect::reads_sequence |
                             Effect::names_statement | Effect::ends_transaction |
                             Effect::changes_catalogue | Effect::alters_reading |
                             Effect::sets_unseen;

}  // namespace

void EffectNotes::note(Effects effects, Bytes text, const Statement* statement) {
    if (effects.contains(Effect::state) || effects.contains(Effect::alters_reading)) {
        rooms_.order.alters_reading();
        if (may_change_plans(text, rooms_.knowledge.plan_facts(),
                             rooms_.knowledge.function_effects().get()))
            rooms_.server.plans.changed_by(rooms_.client().id);
    }
    effects = effects.without(Effect::alters_reading);
    if (effects.contains(Effect::empties_database)) {
        host_.retire_idle_servers(text);
        effects = effects.without(Effect::empties_database);
    }
    if (!effects.any()) return;
    rooms_.suspicion.add(effects, text,
                         {.request = rooms_.tracker.sent_in_all(),
                          .unsettled = rooms_.tracker.unsettled(),
                          .runs = statement == nullptr});
    note_sequences(effects);
    if (!effects.contains(Effect::state)) return;
    const bool unseen =
        statement != nullptr
            ? rooms_.mentioned.note(statement->setting_names(MentionedSettings::in_statement))
            : rooms_.mentioned.note(MentionedSettings::in_text(text));
    if (unseen) rooms_.suspicion.add(Effect::sets_unseen);
    if (effects.contains(Effect::changes_catalogue)) host_.definition_sent(text);
    rooms_.startup.note(text, rooms_.tracker.sent_in_all(),
                        effects.contains(Effect::ends_transaction));
}

void EffectNotes::note_sequences(Effects effects) {
    TenantSession& session = rooms_.client();
    if (rooms_.server.sequences.got_value(session.sequence_owner(), effects))
        session.has_sequence_values = true;
}

void EffectNotes::note_shown() {
    if (!rooms_.statements.for_sql.has_shown()) return;
    for (const StatementPtr& statement : rooms_.statements.for_sql.take()) {
        if (statement) note(rooms_.statements.ledger.effects_of(*statement), statement->query());
    }
    rooms_.suspicion.add(Effect::state);
}

void EffectNotes::note_texts_in_values(Bytes values, bool all_here) {
    Effects found = all_here ? Effects() : Effects(Effect::sticky);
    protocol::for_each_value(values, [&](Bytes value) {
        found |= protocol::look_at(value, rooms_.knowledge.function_effects().get());
    });
    note(found.only(Effect::sticky | Effect::advances_sequence), {});
}

// It may be a statement whose name was too long to be carried: a client that keeps no server has
// none. Mostly there is none of that name, and nothing is to fail before the server says so.
void EffectNotes::note_unknown_name(Bytes name) {
    const TenantSession& session = rooms_.client();
    const bool may_be_long = !name.empty() && !rooms_.statements.ledger.is_reserved(name) &&
                             session.max_prepared_statements > 0 && session.pins.any();
    constexpr Effects keeping = Effect::sets_unseen | Effect::reads_sequence;
    if (may_be_long) note(unread().without(keeping), {});
}

// In strict mode nobody keeps a server for settings that were not seen: they are reset.
Effects EffectNotes::unread() const {
    if (!rooms_.context.tracks()) return {};
    const bool strict = rooms_.client().tracking == conf::SessionState::strict;
    return strict ? anything.without(Effect::sets_unseen) : anything;
}

}  // namespace pgweir::pool
