// What a session has: asked of the server after a transaction that may have changed it, and carried
// by the client from then on.
#include <algorithm>

#include "pool/lending/pool_part.hpp"
#include "pool/lending/registry.hpp"
#include "pool/server/server.hpp"
#include "protocol/sql/custom_settings.hpp"
#include "protocol/sql/normalised_text.hpp"
#include "protocol/sql/statement_shape.hpp"

namespace pgweir::pool {

namespace {

constexpr std::string_view any_custom_setting = "pgweir.any";
// By the client's defaults a question's transaction may be deferrable: it would wait for what
// others write (manual, "SET TRANSACTION").
constexpr std::string_view never_deferred = "SET LOCAL transaction_deferrable=off;";

}  // namespace

using protocol::Effect;
using protocol::Effects;
using protocol::Frontend;
using protocol::Origin;

// --- asking --------------------------------------------------------------------------------------

// The transaction is over and its reply given: whether there is something to ask before the server
// can be anybody else's. What the client asks meanwhile waits.
bool Server::ask_before_release() {
    const TenantSession& session = client();
    if (suspicion_.contains(Effect::changes_catalogue)) {
        const auto how =
            session.follows && context_.tracks() ? CatalogueChange::seen : CatalogueChange::unseen;
        context_.knowledge.forget_catalogue(how);
        part_.pool().registry().forget_catalogue(part_.pool(), how);
        suspicion_.remove(Effect::changes_catalogue);
    }
    if (!session.follows) return restore_after_reset();
    connection_.sequences.transaction_ended();
    const bool verify = part_.options().verify_session_state && !suspicion_.is_verified();
    if (!context_.tracks() && !verify) return false;
    if (const auto reading = context_.tracks() ? begin_catalogue() : std::nullopt) {
        ask_catalogue(*reading);
        return true;
    }
    if (suspicion_.contains(Effect::state) || verify || suspicion_.asks_again()) {
        ask_state();
        return true;
    }
    if (statements_.shown().has_to_close()) {
        close_statements();
        return true;
    }
    if (ask_about_channels()) return true;
    if (!session.pins.any() && !suspicion_.contains(Effect::sticky) && put_off_idle_timeout()) {
        return true;
    }
    Pins pins = session.pins;
    if (suspicion_.contains(Effect::sticky)) pins.add(PinReason::unseen);
    judge_sequences(pins, suspicion_.effects());
    suspicion_.settle();
    set_pins(pins);
    return false;
}

// It would end the server while somebody else has it, or nobody. The client's own idleness is kept
// by whoever keeps the client (TenantSession::settings has it still).
bool Server::put_off_idle_timeout() {
    if (connection_.settings->idle_session_timeout() == milliseconds::zero()) return false;
    if (!tenant_->may_release()) return false;
    connection_.settings =
        context_.settings.intern(without(*connection_.settings, "idle_session_timeout"));
    ask(Question::command, "RESET idle_session_timeout");
    return true;
}

// Normally a server reads the catalogue after its lease, when nobody waits. It is read before the
// release in three cases: (1) it was never read, and the state question needs the names of custom
// settings from it; (2) the client is pinned, so that its server never comes free; (3) it may have
// changed where nobody looked at a text, so that names of custom settings may be missing.
std::optional<CatalogueUpkeep::Reading> Server::begin_catalogue() {
    CatalogueUpkeep& upkeep = part_.pool().catalogue_upkeep();
    if (!context_.knowledge.catalogue_was_asked()) {
        return suspicion_.contains(Effect::state) ? upkeep.begin() : upkeep.claim();
    }
    const bool is_awaited = client().pins.any() || context_.knowledge.lacks_settings();
    return is_awaited ? upkeep.claim() : std::nullopt;
}

void Server::ask_state() {
    const Inquiry& inquiry = suspicion_.ask();
    latest_.forget_long_text();
    std::string sql(never_deferred);
    if (inquiry.effects.contains(Effect::reset)) sql += restore_sql();
    startup_.asked();
    std::vector<std::string> custom_settings =
        mentioned_.take_names_to_ask_for(*connection_.settings);
    const std::vector<Parameter> custom_defaults = connection_.custom_settings_at_login();
    std::erase_if(custom_settings, [&](const std::string& name) {
        return std::ranges::binary_search(custom_defaults, name, {}, &Parameter::first);
    });
    std::vector<std::string> custom_at_start;
    for (const auto& [name, value] : client().startup->values()) {
        if (protocol::is_custom_setting_name(name)) custom_at_start.push_back(name);
    }
    sql += state_question({.login = connection_.at_login("session_authorization"),
                           .is_superuser = connection_.at_login("is_superuser") == "on",
                           .role = connection_.role_at_login(),
                           .custom_settings = custom_settings,
                           .told_if_empty = custom_at_start,
                           .custom_defaults = custom_defaults,
                           .hurried = inquiry.hurried});
    part_.statistics().state_questions.add();
    ask(Question::state, sql);
}

void Server::ask_catalogue(const CatalogueUpkeep::Reading& reading) {
    catalogue_reading_ = reading;
    std::string sql(never_deferred);
    ask(Question::catalogue, sql += catalogue_query(connection_.at_login("server_version")));
    cleaning_deadline_.cancel();  // it may take long
}

// --- answers -------------------------------------------------------------------------------------

void Server::answered(Questions::Answer answer) {
    question_answered_ = true;
    if (!questions_.any()) takes_stock_ = false;
    switch (answer.question) {
        case Question::lift_limits:
            set_up_went_on(answer);
            break;
        case Question::set_up:
            set_up_.answered();
            break;
        case Question::state:
            state_answered(answer);
            break;
        case Question::catalogue:
            catalogue_answered(answer);
            break;
        case Question::hand_over_channels:
            if (tenant_ != nullptr) channels_.handed_over(answer.error.has_value(), *listening());
            break;
        case Question::unlisten:
            if (tenant_ != nullptr) unlistened(answer.error.has_value());
            break;
        case Question::login_defaults:
            login_defaults_answered(answer);
            break;
        case Question::login_sources:
            login_sources_answered(answer);
            break;
        case Question::command:
        case Question::cleaning:
            break;
    }
}

void Server::set_up_went_on(const Questions::Answer& answer) {
    Outgoing out;
    RequestWriter requests = writer(out);
    const auto problem = set_up_.limits_lifted(answer, requests);
    if (problem) {
        close(ServerClose::dirty, *problem);
    } else if (!out.empty()) {
        send(out);
    }
}

void Server::state_answered(Questions::Answer& answer) {
    if (tenant_ == nullptr) return;
    if (!answer.error) {
        auto state = answer.take<SessionState>();
        look_for_leak(state);
        if (context_.tracks()) {
            take_state(std::move(state));
            learn_defaults();
        }
        return;
    }
    if (!context_.tracks()) return;
    if (answer.failed_with(protocol::sqlstate::query_canceled) && suspicion_.cut_off()) return;
    Pins pins = client().pins;
    pins.add(PinReason::unknown);
    set_pins(pins);
}

void Server::take_state(SessionState state) {
    TenantSession& session = client();
    SettingsInterner& interner = context_.settings;
    connection_.settings = interner.intern(std::move(state.settings));
    connection_.had_temporary = connection_.had_temporary || state.had_temporary;
    session.settings = interner.intern(merge(*session.startup, *connection_.settings));
    // SET ROLE NONE: the one setting that the server tells of by not naming it.
    if (connection_.settings->find("role") == nullptr) {
        session.settings = interner.intern(without(*session.settings, "role"));
    }
    Pins pins = state.pins;
    take_channels(state, pins);
    // Statements under the client's own names: what is not carried keeps the server.
    if (statements_.shown().found(std::move(state.statements), session.statements))
        pins.add(PinReason::sql_prepared);
    if (session.statements.unnamed.statement == unknown_statement())
        pins.add(PinReason::large_statement);
    judge_unseen_settings(pins);
    const bool seen_unseen = session.pins.contains(PinReason::unseen);
    const Effects asked = suspicion_.inquiry().effects;
    if (seen_unseen || asked.contains(Effect::sticky)) pins.add(PinReason::unseen);
    judge_sequences(pins, asked);
    set_pins(pins);
}

void Server::close_statements() {
    Outgoing out;
    RequestWriter requests = writer(out);
    for (const std::string& name : statements_.shown().take_to_close())
        requests.close(Origin::pool, name);
    requests.sync(Question::command);
    send(out);
}

// What the client has had since its start is known as it was written there: '8MB', and not '8192'.
// A setting of one's own that nobody has set may be the database's default: PostgreSQL cannot tell.
bool Server::is_as_known(std::vector<Parameter> settings) const {
    const SessionSettings& startup = *client().startup;
    std::erase_if(settings, [&](const Parameter& told) {
        return protocol::is_custom_setting_name(told.first) &&
               connection_.settings->find(told.first) == nullptr;
    });
    const auto same = [&](const Parameter& told, const Parameter& known) {
        if (told.first != known.first) return false;
        const std::string* given = startup.find(known.first);
        return told.second == known.second || (given != nullptr && *given == known.second);
    };
    return std::ranges::equal(settings, connection_.settings->values(), same);
}

// What changed though nothing that was seen could have changed it.
void Server::look_for_leak(const SessionState& state) {
    if (suspicion_.inquiry().effects.contains(Effect::state)) return;
    const TenantSession& session = client();
    Pins expected = session.pins;
    expected.remove(PinReason::unseen);
    expected.remove(PinReason::sequence);
    expected.remove(PinReason::listen);
    expected.remove(PinReason::custom_setting);
    if (is_as_known(state.settings) && state.pins == expected) return;
    part_.statistics().session_state_leaks.add();
    const auto told = [](const std::vector<Parameter>& settings, Pins pins) {
        std::string text;
        for (const auto& [setting, value] : settings)
            text.append(setting).append("=").append(value).append(" ");
        pins.for_each([&](PinReason reason) { text.append(name(reason)).append(" "); });
        return text;
    };
    const std::string what = told(state.settings, state.pins) + "instead of " +
                             told(connection_.settings->values(), expected);
    part_.pool().observer().session_state_leaked(part_.pool().database(), part_.pool().user(),
                                                 what);
}

void Server::set_pins(Pins pins) {
    TenantSession& session = client();
    if (pins == session.pins) return;
    const Pins before = std::exchange(session.pins, pins);
    if (!pins.any()) {
        session.pinned.reset();
    } else if (!before.any()) {
        session.pinned = std::make_unique<Pinned>(Pinned{
            .since = Clock::now(), .by = protocol::normalised_text(suspicion_.inquiry().by)});
    }
    tenant_->pins_changed(before);
}

void Server::catalogue_answered(Questions::Answer& answer) {
    const auto learned = answer.take<CataloguePtr>();
    part_.catalogue_learned(learned, catalogue_reading_.version);
    part_.pool().catalogue_learned(learned, catalogue_reading_);
}

// --- what the tags tell --------------------------------------------------------------------------

void Server::note_tag(Bytes tag) {
    if (!tag.empty() && tag.back() == '\0') tag.remove_suffix(1);
    // ROLLBACK TO SAVEPOINT has the same tag.
    if (tag == "ROLLBACK") note_rollback();
    const TenantSession& session = client();
    // Closing cursors is seldom the end of a holdable one; but who has one wants to be rid of it.
    if (session.pins.contains(PinReason::cursor_with_hold) && tag.starts_with("CLOSE")) {
        suspicion_.add(Effect::state);
    }
    const Effects effects = protocol::effects_of_tag(tag);
    if (!effects.any()) return;
    note_discarding_tag(tag);
    note_login_change(tag);
    if (effects.contains(Effect::changes_catalogue)) note_definition();
    if (!session.follows) {
        suspicion_.add(effects.only(Effect::reset));
    } else if (!context_.tracks()) {
        // What a RESET takes away has to be set anew; what else changed is told by ParameterStatus.
        if (effects.contains(Effect::reset)) {
            connection_.settings = context_.settings.none();
        }
    } else if (tag != "SET") {
        // The text has told what a SET is: most are SET LOCAL or SET TRANSACTION.
        suspicion_.add(effects.without(Effect::changes_catalogue));
        note_sequences(effects);
    }
    if (tag == "SET" && suspicion_.contains(Effect::reset)) startup_.answered();
}

// The text has told better what changes the catalogue: CREATE TEMP does not. Where texts are not
// looked at, for others' sake.
void Server::note_definition() {
    if (context_.looks_at_texts()) return;
    part_.pool().registry().definition_sent(part_.pool(), latest_.text());
    const Effects told = protocol::look_at(latest_.text(), nullptr);
    if (told.contains(Effect::changes_catalogue) || !protocol::names_temporary(latest_.text())) {
        suspicion_.add(Effect::changes_catalogue);
    }
}

void Server::note_rollback() {
    channels_.rolled_back();
    // Nothing is left of what was RESET in the transaction that is over, and the next one has not
    // begun for SET TRANSACTION to come too late.
    if (suspicion_.contains(Effect::reset) && protocol::chains(latest_.text())) {
        suspicion_.remove(Effect::reset);
        startup_.forget_resets();
    }
}

// DISCARD, DEALLOCATE and RESET.
void Server::note_discarding_tag(Bytes tag) {
    const bool all = tag == "DISCARD ALL";
    if (all || tag == "DEALLOCATE ALL") {
        statements_.all_dropped();
    } else if (tag == "DEALLOCATE") {
        statements_.shown().one_dropped(client().statements);
    }
    if (all || tag == "DISCARD SEQUENCES") connection_.sequences.discarded_by_client();
    if (all) {
        channels_.discarded();
        startup_.note_all_reset();
    }
    if (all || tag == "RESET") startup_.answered();
    if (all || (tag == "RESET" && has_reset_for_good())) settings_discarded_ = true;
}

// A RESET ALL by itself: what stands in a transaction may be rolled back.
bool Server::has_reset_for_good() const {
    return latest_.is_alone() && latest_.is_known() &&
           tracker_.transaction_status() == protocol::TransactionStatus::idle &&
           protocol::scope_of_setting(latest_.text()) == protocol::SettingScope::session &&
           protocol::fate_of_setting(latest_.text(), any_custom_setting) ==
               protocol::SettingFate::reset;
}

void Server::note_own_tag(Bytes tag) {
    if (!tag.empty() && tag.back() == '\0') tag.remove_suffix(1);
    if (tag == "COMMIT") set_up_.committed();
    if (tag == "DISCARD ALL" || tag == "DEALLOCATE ALL") connection_.statements.clear();
    if (tag == "DISCARD ALL") {
        connection_.sequences.discarded();
        connection_.plans.discarded();
    }
}

}  // namespace pgweir::pool
