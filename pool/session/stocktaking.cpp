#include "pool/session/stocktaking.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pool/session/session_leak.hpp"
#include "protocol/sql/custom_settings.hpp"
#include "protocol/sql/normalised_text.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Effects;
using protocol::Origin;
using protocol::TransactionStatus;

namespace {

// By the client's defaults a question's transaction may be deferrable: it would wait for what
// others write (manual, "SET TRANSACTION").
constexpr std::string_view never_deferred = "SET LOCAL transaction_deferrable=off;";

NextStep below(NextStep step) {
    return static_cast<NextStep>(static_cast<int>(step) + 1);
}

}  // namespace

// --- asking --------------------------------------------------------------------------------------

bool Stocktaking::ask() {
    if (rooms_.suspicion.contains(Effect::changes_catalogue)) publish_changed_catalogue();
    if (rooms_.client().follows) rooms_.server.sequences.transaction_ended();
    const Situation now = situation();
    NextStep step = next_step(now);
    while (step != NextStep::settle) {
        if (take(step)) return true;
        step = next_step(now, below(step));
    }
    if (now.follows && (now.tracks || now.verifies)) settle();
    return false;
}

Situation Stocktaking::situation() const {
    const TenantSession& client = rooms_.client();
    return {.follows = client.follows,
            .tracks = rooms_.context.tracks(),
            .suspected = rooms_.suspicion.effects(),
            .pins = client.pins,
            .verifies = host_.options().verify_session_state && !rooms_.suspicion.is_verified(),
            .asks_again = rooms_.suspicion.asks_again(),
            .catalogue_was_asked = rooms_.knowledge.catalogue_was_asked(),
            .lacks_settings = rooms_.knowledge.lacks_settings(),
            .has_statements_to_close = rooms_.statements.ledger.shown().has_to_close(),
            .may_have_channels = rooms_.channels.listens() || rooms_.listening() != nullptr,
            .has_idle_session_timeout =
                rooms_.server.settings->idle_session_timeout() != milliseconds::zero()};
}

// False: there is nothing to do on this rung.
bool Stocktaking::take(NextStep step) {
    switch (step) {
        case NextStep::read_catalogue:
            read_catalogue(host_.begin_catalogue());
            return true;
        case NextStep::claim_catalogue:
            return ask_for_catalogue();
        case NextStep::ask_state:
            ask_state();
            return true;
        case NextStep::close_statements:
            close_statements();
            return true;
        case NextStep::move_channels:
            return ask_about_channels();
        case NextStep::put_off_idle_session_timeout:
            return put_off_idle_session_timeout();
        case NextStep::restore_settings:
            return session_pooling_.restore();
        case NextStep::settle:
            break;
    }
    return false;
}

void Stocktaking::publish_changed_catalogue() {
    const auto how =
        rooms_.context.looks_at_texts() ? CatalogueChange::seen : CatalogueChange::unseen;
    rooms_.knowledge.forget_catalogue(how);
    host_.forget_catalogue(how);
    rooms_.suspicion.remove(Effect::changes_catalogue);
}

bool Stocktaking::ask_for_catalogue() {
    const auto reading = host_.claim_catalogue();
    if (reading) read_catalogue(*reading);
    return reading.has_value();
}

void Stocktaking::read_catalogue(const CatalogueReading& reading) {
    catalogue_reading_ = reading;
    std::string sql(never_deferred);
    rooms_.ask(Question::catalogue,
               sql += catalogue_query(rooms_.server.at_login("server_version")),
               host_.options().sticky_functions);
}

void Stocktaking::ask_state() {
    const Inquiry& inquiry = rooms_.suspicion.ask();
    rooms_.latest.forget_long_text();
    std::string sql(never_deferred);
    if (inquiry.effects.contains(Effect::reset)) sql += rooms_.restore_sql();
    rooms_.startup.asked();
    std::vector<std::string> custom_settings =
        rooms_.mentioned.take_names_to_ask_for(*rooms_.server.settings);
    const std::vector<Parameter> custom_defaults = rooms_.server.custom_settings_at_login();
    std::erase_if(custom_settings, [&](const std::string& name) {
        return std::ranges::binary_search(custom_defaults, name, {}, &Parameter::first);
    });
    std::vector<std::string> custom_at_start;
    for (const auto& [name, value] : rooms_.client().startup->values()) {
        if (protocol::is_custom_setting_name(name)) custom_at_start.push_back(name);
    }
    sql += state_question({.login = rooms_.server.at_login("session_authorization"),
                           .is_superuser = rooms_.server.at_login("is_superuser") == "on",
                           .role = rooms_.server.role_at_login(),
                           .custom_settings = custom_settings,
                           .told_if_empty = custom_at_start,
                           .custom_defaults = custom_defaults,
                           .hurried = inquiry.hurried});
    rooms_.counters.state_questions.add();
    rooms_.ask(Question::state, sql);
}

void Stocktaking::close_statements() {
    RequestWriter requests = rooms_.own_writer();
    for (const std::string& name : rooms_.statements.ledger.shown().take_to_close())
        requests.close(Origin::pool, name);
    requests.sync(Question::command);
}

// The next step on the way of the channels, if there is one to take now.
bool Stocktaking::ask_about_channels() {
    Listening* const listening = rooms_.listening();
    const auto step =
        rooms_.channels.at_rest(listening, listening != nullptr && rooms_.hub_serves());
    if (!step) return false;
    if (step->question == Question::command) rooms_.suspicion.add(Effect::state);
    rooms_.ask(step->question, step->sql);
    if (!step->command_behind.empty()) rooms_.ask(Question::command, step->command_behind);
    return true;
}

// It would end the server while somebody else has it, or nobody. The client's own idleness is kept
// by whoever keeps the client (TenantSession::settings has it still).
bool Stocktaking::put_off_idle_session_timeout() {
    if (!host_.client_may_release()) return false;
    rooms_.server.settings =
        rooms_.context.settings.intern(without(*rooms_.server.settings, "idle_session_timeout"));
    rooms_.ask(Question::command, "RESET idle_session_timeout");
    return true;
}

void Stocktaking::settle() {
    Pins pins = rooms_.client().pins;
    if (rooms_.suspicion.contains(Effect::sticky)) pins.add(PinReason::unseen);
    judge_sequences(pins, rooms_.suspicion.effects());
    rooms_.suspicion.settle();
    set_pins(pins);
}

void Stocktaking::restore_in_transaction() {
    if (!rooms_.suspicion.contains(Effect::reset) || !rooms_.tracker.quiet() ||
        rooms_.tracker.transaction_status() != TransactionStatus::in_transaction)
        return;
    rooms_.suspicion.remove(Effect::reset);
    rooms_.suspicion.add(Effect::state);
    // One statement has run: it may say by itself what it resets, and for how long.
    std::vector<std::string> statements;
    if (rooms_.latest.is_alone() && rooms_.startup.had_answer())
        statements = rooms_.startup.plainly_restoring(rooms_.reports.cause());
    if (statements.empty()) {
        std::string sql = rooms_.restore_sql();
        if (!sql.empty()) statements.push_back(std::move(sql));
    }
    rooms_.startup.forget_resets();
    if (!statements.empty()) rooms_.own_writer().command(statements);
}

// --- answers -------------------------------------------------------------------------------------

void Stocktaking::answered(Questions::Answer answer) {
    rooms_.events.question_answered = true;
    if (!rooms_.questions.any()) rooms_.takes_stock = false;
    switch (answer.question) {
        case Question::lift_limits:
            limits_lifted(answer);
            break;
        case Question::set_up:
            rooms_.set_up.answered();
            break;
        case Question::state:
            if (rooms_.has_client()) state_answered(answer);
            break;
        case Question::catalogue:
            host_.catalogue_read(answer.take<CataloguePtr>(), catalogue_reading_);
            break;
        case Question::hand_over_channels:
            if (rooms_.has_client())
                rooms_.channels.handed_over(answer.error.has_value(), *rooms_.listening());
            break;
        case Question::unlisten:
            if (rooms_.has_client()) unlistened(answer.error.has_value());
            break;
        case Question::login_defaults:
            logins_.defaults_answered(answer);
            break;
        case Question::login_sources:
            logins_.sources_answered(answer);
            break;
        case Question::command:
        case Question::cleaning:
            break;
    }
}

void Stocktaking::limits_lifted(const Questions::Answer& answer) {
    RequestWriter requests = rooms_.own_writer();
    if (const auto problem = rooms_.set_up.limits_lifted(answer, requests))
        rooms_.fail(SessionFault::Kind::dirty, *problem);
}

void Stocktaking::state_answered(Questions::Answer& answer) {
    if (!answer.error) {
        auto state = answer.take<SessionState>();
        if (!rooms_.suspicion.inquiry().effects.contains(Effect::state)) {
            if (const auto leak = leak_in(state, *rooms_.server.settings, rooms_.client())) {
                rooms_.counters.session_state_leaks.add();
                host_.session_state_leaked(*leak);
            }
        }
        if (!rooms_.context.tracks()) return;
        take_state(std::move(state));
        logins_.learn_defaults();
        return;
    }
    if (!rooms_.context.tracks()) return;
    if (answer.failed_with(protocol::sqlstate::query_canceled) && rooms_.suspicion.cut_off())
        return;
    Pins pins = rooms_.client().pins;
    pins.add(PinReason::unknown);
    set_pins(pins);
}

void Stocktaking::take_state(SessionState state) {
    TenantSession& client = rooms_.client();
    ServerSession& server = rooms_.server;
    SettingsInterner& interner = rooms_.context.settings;
    server.settings = interner.intern(std::move(state.settings));
    server.had_temporary = server.had_temporary || state.had_temporary;
    client.settings = interner.intern(merge(*client.startup, *server.settings));
    // SET ROLE NONE: the one setting that the server tells of by not naming it.
    if (server.settings->find("role") == nullptr)
        client.settings = interner.intern(without(*client.settings, "role"));
    Pins pins = state.pins;
    take_channels(state, pins);
    // Statements under the client's own names: what is not carried keeps the server.
    if (rooms_.statements.ledger.shown().found(std::move(state.statements), client.statements))
        pins.add(PinReason::sql_prepared);
    if (client.statements.unnamed.statement == unknown_statement())
        pins.add(PinReason::large_statement);
    judge_unseen_settings(pins);
    const Effects asked = rooms_.suspicion.inquiry().effects;
    if (client.pins.contains(PinReason::unseen) || asked.contains(Effect::sticky))
        pins.add(PinReason::unseen);
    judge_sequences(pins, asked);
    set_pins(pins);
}

// The server has told what it listens to, after a transaction that may have changed it.
void Stocktaking::take_channels(SessionState& state, Pins& pins) {
    ChannelHandover::Told told = rooms_.channels.told(
        std::move(state.channels), state.channels_brought, rooms_.listening(), rooms_.hub_serves());
    if (told.pins) pins.add(PinReason::listen);
    if (told.ends) host_.listener_ended();
    if (!told.missed_marker.empty()) host_.marker_heard(told.missed_marker);
    if (told.wanted) host_.listener_wants(std::move(*told.wanted));
}

void Stocktaking::unlistened(bool failed) {
    if (!rooms_.channels.unlistened(failed)) return;
    Pins pins = rooms_.client().pins;
    pins.remove(PinReason::listen);
    set_pins(pins);
}

// --- what keeps the server -----------------------------------------------------------------------

void Stocktaking::set_pins(Pins pins) {
    TenantSession& client = rooms_.client();
    if (pins == client.pins) return;
    const Pins before = std::exchange(client.pins, pins);
    if (!pins.any()) {
        client.pinned.reset();
    } else if (!before.any()) {
        client.pinned = std::make_unique<Pinned>(Pinned{
            .since = host_.now(), .by = protocol::normalised_text(rooms_.suspicion.inquiry().by)});
    }
    if (!rooms_.news.pins_before) rooms_.stir().pins_before = before;
}

// A client that sets something under a name that was not seen keeps the server for as long as
// nobody else has to wait for one: what is set can be neither told nor brought along. Of code that
// cannot be read it is not known that it sets anything: what it may have set goes before anybody
// else gets the server.
void Stocktaking::judge_unseen_settings(Pins& pins) {
    const Effects asked = rooms_.suspicion.inquiry().effects;
    const bool kept = rooms_.client().pins.contains(PinReason::custom_setting);
    const bool discarded = rooms_.mentioned.take_discarded();
    if (asked.contains(Effect::sets_unseen) || (kept && !discarded))
        pins.add(PinReason::custom_setting);
    const bool may_lack =
        asked.contains(Effect::runs_unseen) ||
        (rooms_.knowledge.lacks_room_for_settings() && asked.contains(Effect::state));
    if (may_lack) reset_unseen_settings();
}

void Stocktaking::reset_unseen_settings() {
    if (!rooms_.cleaning.needs_reset())
        rooms_.cleaning.need("RESET SESSION AUTHORIZATION;RESET ROLE;RESET ALL");
}

// The transaction is over.
void Stocktaking::judge_sequences(Pins& pins, Effects effects) {
    const TenantSession& client = rooms_.client();
    const auto now = host_.now();
    SequenceOwner& sequences = rooms_.server.sequences;
    ClientsProgram program = rooms_.program();
    const SequenceOwner::Wish wish =
        sequences.at_rest({.effects = effects,
                           .is_kept = client.pins.contains(PinReason::sequence),
                           .is_strict = client.tracking == conf::SessionState::strict},
                          now, program);
    if (wish.ends_in) rooms_.stir().keeps_for = wish.ends_in;
    pins.remove(PinReason::sequence);
    if (!wish.stays) return;
    if (sequences.may_stay(pins.any(), now, host_.oldest_waiting(), program))
        pins.add(PinReason::sequence);
}

}  // namespace pgweir::pool
