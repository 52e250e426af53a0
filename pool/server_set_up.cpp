// The tenant's settings come before its request. The server itself judges: it runs the request only
// behind a COMMIT of the settings that happened, as all of it is one extended query up to there
// (DECISIONS.md, D61).
#include <algorithm>
#include <cassert>
#include <cstdint>

#include "pool/pool_part.hpp"
#include "pool/server.hpp"
#include "protocol/custom_settings.hpp"
#include "protocol/extended_query.hpp"
#include "protocol/serialize.hpp"
#include "protocol/setting_fate.hpp"
#include "protocol/sql_mention.hpp"

namespace pgweir::pool {

using protocol::Effect;
using protocol::Frontend;
using protocol::Origin;
using protocol::Step;

namespace {

constexpr std::string_view temp_buffers = "temp_buffers";

// What a request may need that goes in front of it with a Sync of its own, behind which it would no
// longer depend on the settings.
constexpr protocol::Effects needs_orders =
    Effect::names_statement | Effect::listens | Effect::reads_sequence;

}  // namespace

// temp_buffers cannot change where temporary tables were used, although they are gone.
bool Server::suits(const TenantSession& session) const {
    if (!connection_.had_temporary) return true;
    const std::string* const wanted = session.settings->find(temp_buffers);
    const std::string* const present = connection_.settings->find(temp_buffers);
    return wanted == nullptr ? present == nullptr : present != nullptr && *present == *wanted;
}

// The text that a request brings, or that of the statement that it names.
Bytes Server::text_to_run(const Step& step) const {
    if (static_cast<Frontend>(step.type) != Frontend::bind) return text_of(step);
    const auto bind = protocol::parse_bind_head(step.body);
    const ClientStatement* const own =
        bind ? std::as_const(tenant_->session().statements).find(bind->statement) : nullptr;
    return own != nullptr ? Bytes(own->statement->query()) : Bytes();
}

// The client is about to change temp_buffers here, where others have used temporary tables: it gets
// another server for it.
bool Server::leaves_for_temp_buffers(const Step& step) {
    if (!connection_.had_temporary || tenant_->session().pins.any()) return false;
    if (!protocol::mentions(text_to_run(step), temp_buffers)) return false;
    connection_.is_worn_out = true;
    end_lease();
    return true;
}

bool Server::set_up() {
    if (is_set_up({})) return false;
    set_up_alone_ = true;
    begin_set_up();
    return true;
}

// The settings of a client may be another object with the same values. `text`: what is about to
// run, where that is known.
bool Server::is_set_up(Bytes text) {
    TenantSession& session = tenant_->session();
    const bool has_plans = has_plans_of_another();
    if (connection_.settings == session.settings && !has_plans) return true;
    settings_wanted_ =
        session.settings_refused ? without_given_up(*session.settings, text) : session.settings;
    if (has_plans || connection_.settings->values() != settings_wanted_->values()) return false;
    connection_.settings = settings_wanted_;
    session.settings_refused = false;
    return true;
}

// Before the first request on a server. False: nothing more may be sent before there is an answer.
bool Server::set_up_for(const Step& step, Outgoing& out) {
    if (set_up_ != SetUp::none) return true;
    connection_.plans.used_by(tenant_->session().id);
    if (connection_.settings == tenant_->session().settings && !has_plans_of_another()) return true;
    const auto type = static_cast<Frontend>(step.type);
    const bool is_query = type == Frontend::query;
    const Bytes text = text_to_run(step);
    if (is_set_up(text)) return true;
    const bool has_parts = is_query || type == Frontend::function_call;
    set_up_alone_ = tenant_->session().listening != nullptr || (has_parts && !step.whole) ||
                    (is_query && needs_something_in_front(text));
    if (set_up_alone_ || lift_limits()) {
        if (set_up_ == SetUp::none) begin_set_up();
        return false;
    }
    append_set_up(out);
    set_up_ = SetUp::chained;
    return true;
}

bool Server::needs_something_in_front(Bytes text) const {
    const protocol::Effects effects =
        protocol::look_at(text, part_.knowledge().function_effects().get());
    const std::uint64_t session = tenant_->session().id;
    return effects.only(needs_orders).any() ||
           connection_.sequences.may_have_to_discard(session, effects) ||
           needs_new_plans(effects, text);
}

// With nothing behind it.
void Server::begin_set_up() {
    if (lift_limits()) return;
    Outgoing out;
    append_set_up(out);
    writer(out).sync(Question::set_up);
    set_up_ = SetUp::alone;
    send(out);
}

void Server::append_set_up(Outgoing& out) {
    assert(tracker_.releasable());
    std::vector<std::string> statements = difference_sql(*connection_.settings, *settings_wanted_);
    if (plans_are_anothers()) {
        if (statements.empty()) statements = {"BEGIN", "COMMIT"};
        statements.insert(std::next(statements.begin()), std::string(discard_plans));
        connection_.plans.discarded_for(tenant_->session().id);
    }
    settings_before_ = std::exchange(connection_.settings, settings_wanted_);
    RequestWriter requests = writer(out);
    for (const std::string& sql : statements) requests.run_unnamed(Origin::pool, sql);
    // Where nothing is put in the place of the client's statements, none of pgweir's is to be
    // there.
    if (!tenant_->session().follows) requests.close(Origin::pool, {});
    connection_.unnamed = {.statement = unknown_statement()};
}

// What the client before allowed its statements in time is no limit to the set-up of the next one.
// False: there is none.
bool Server::lift_limits() {
    const std::vector<Parameter> limits = limits_to_lift(*connection_.settings, *settings_wanted_);
    if (limits.empty()) return false;
    std::string sql;
    for (const auto& [name, none] : limits) sql += setting_sql(name, none, false) + ';';
    settings_lifted_ = connection_.settings;
    for (const auto& [name, none] : limits)
        settings_lifted_ = part_.context().settings.intern(with(*settings_lifted_, name, none));
    set_up_ = SetUp::lifting;
    ask(Question::lift_limits, sql);
    return true;
}

// The limits hold for this as well: where it took too long, it is tried again.
void Server::limits_lifted(const Questions::Answer& answer) {
    constexpr unsigned most = 20;
    set_up_ = SetUp::none;
    if (answer.error) {
        const bool again = answer.failed_with(protocol::sqlstate::query_canceled) ||
                           answer.failed_with(protocol::sqlstate::lock_not_available);
        if (!again || ++lifting_failed_ > most) {
            close(ServerClose::dirty, "the former client's limits stay: " + answer.error->message);
            return;
        }
    } else {
        connection_.settings = settings_lifted_;
        lifting_failed_ = 0;
    }
    if (tenant_ == nullptr || !set_up_alone_) return;  // a request that waits comes again
    if (connection_.settings->values() != settings_wanted_->values() || has_plans_of_another()) {
        begin_set_up();
    } else {
        set_up_alone_ = false;
        set_up_finished_ = true;
    }
}

// Behind the set-up only what PostgreSQL refuses together with it may be sent: up to the client's
// first ReadyForQuery.
void Server::note_behind_set_up(Frontend type) {
    if (set_up_ != SetUp::chained) return;
    const bool ends =
        type == Frontend::query || type == Frontend::function_call || type == Frontend::sync;
    if (ends) set_up_ = SetUp::closed;
}

// Its COMMIT was answered.
void Server::set_up_committed() {
    if (set_up_ != SetUp::chained && set_up_ != SetUp::closed && set_up_ != SetUp::alone) return;
    if (set_up_ != SetUp::alone) {
        set_up_ = SetUp::none;
        reports_due_ = tenant_ != nullptr;  // whoever has left is told nothing
    }
    if (tenant_ != nullptr) tenant_->session().settings_refused = false;
}

// With the Sync behind a set-up that stood alone.
void Server::set_up_answered() {
    set_up_ = SetUp::none;
    set_up_alone_ = false;
    set_up_finished_ = true;
}

// PostgreSQL discards what was sent behind the set-up, up to a Sync; the client hears why in the
// place of its request's answer.
void Server::set_up_refused(protocol::ErrorReport report) {
    const SetUp before = std::exchange(set_up_, SetUp::none);
    connection_.settings = settings_before_;
    connection_.plans.lost_track();
    if (tenant_ == nullptr) return;
    tenant_->session().settings_refused = true;
    forget_refused_setting(report);
    report.severity = "ERROR";
    protocol::append_error_response(refusal_, report);
    if (before == SetUp::alone) {
        set_up_error_ = std::move(report);
        set_up_ = before;  // up to its Sync
        return;
    }
    forward(told_.emplace_back(refusal_));
    if (before != SetUp::closed || !tracker_.discarding()) return;
    // Behind a Query or a FunctionCall stands no Sync of the client's: this one's ReadyForQuery is
    // that of the request.
    Outgoing out;
    writer(out).sync_of_client();
    send(out);
}

// A name that a module has reserved since: PostgreSQL would have removed the setting from its
// session when it loaded the module.
void Server::forget_refused_setting(const protocol::ErrorReport& report) {
    if (report.code != protocol::sqlstate::invalid_name &&
        report.code != protocol::sqlstate::insufficient_privilege)
        return;
    TenantSession& session = tenant_->session();
    for (const auto& [name, value] : std::vector<Parameter>(session.settings->values())) {
        const bool is_meant = protocol::is_custom_setting_name(name) &&
                              report.message.find('"' + name + '"') != std::string::npos;
        if (is_meant)
            session.settings = part_.context().settings.intern(without(*session.settings, name));
    }
}

// Whose role is gone can still RESET it: what the statement is about to change anyhow is left out.
SettingsPtr Server::without_given_up(const SessionSettings& settings, Bytes text) const {
    std::vector<Parameter> kept = settings.values();
    const protocol::SettingFates fates(text);
    std::erase_if(kept, [&fates](const Parameter& setting) {
        return fates.of(setting.first) != protocol::SettingFate::untouched;
    });
    return part_.context().settings.intern(std::move(kept));
}

}  // namespace pgweir::pool
